using System.Globalization;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>What must hold at every moment of a simulation. Each rule looks at what ARM, the ledger or people saw,
/// never at what the workflow thinks.</summary>
internal sealed class SimulationRules
{
    /// <value>A look reads the world and a moment later writes down what it wants; retries may have begun it
    /// earlier.</value>
    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(10);

    /// <value>As long as a decision may wait for the ledger.</value>
    private static readonly TimeSpan LedgerTime = TimeSpan.FromMinutes(8);

    private static readonly TimeSpan StaleTime = TimeSpan.FromMinutes(3.5);
    private static readonly TimeSpan PlanLife = TimeSpan.FromMinutes(10);

    private readonly VirtualTime _time;
    private readonly FaultyFleet _fleet;
    private readonly FixedPolicySource _policy;
    private readonly Dictionary<string, Step> _steps = new(StringComparer.Ordinal);
    private readonly HashSet<(PolicyScaleSet Set, string ETag)> _written = [];
    private readonly HashSet<string> _openAsks = new(StringComparer.Ordinal);
    private double _usdAtMidnight;
    private DateTime _day;
    private decimal _skippedUsd;
    private double _unseenUsd;
    private double _usd;
    private DateTimeOffset _latest;
    private TimeSpan _jumpedBackAt = TimeSpan.MinValue;

    // A time that a clock shows twice does not say which of both was meant.
    private DateTimeOffset _ambiguousUntil = DateTimeOffset.MinValue;
    private DateTimeOffset? _stoppedAt;
    private DateTimeOffset _policyChangedAt = DateTimeOffset.MinValue;
    private (DateTimeOffset At, int Wanted)? _asked;
    private readonly HashSet<string> _protections = new(StringComparer.Ordinal);
    private int _protectionsOpen;
    private int _effects;
    private string _told = "never";
    private bool _wasOutside;

    public SimulationRules(VirtualTime time, FaultyFleet fleet, FixedPolicySource policy)
    {
        (_time, _fleet, _policy) = (time, fleet, policy);
        _day = time.GetUtcNow().UtcDateTime.Date;
        fleet.Written = CheckWrite;
    }

    /// <value>What went against the rules; empty when all is well.</value>
    public List<string> Violations => _fleet.Violations;

    private readonly List<(TimeSpan At, DateTimeOffset Time, int Wanted)> _samples = [];

    private PolicyFleet Fleet => _policy.Policy.Fleets.Values.Single();

    private bool IsOutside =>
        _fleet.Sets.Any(each =>
            Fleet.FindScaleSet(each.Set.ResourceId)! is var limits
            && (each.Capacity < limits.MinCapacity || each.Capacity > limits.MaxCapacity)
        );

    private FleetScalingRules Scaling => Fleet.Scaling!;

    public void Sampled(DateTimeOffset time, int wanted) => _samples.Add((_time.Elapsed, time, wanted));

    public void PolicyChanged() => _policyChangedAt = _time.GetUtcNow();

    /// <summary>What the workflow tells whoever looks at it.</summary>
    public void Told(FleetStatus status)
    {
        _told = $"{_time.Elapsed:hh\\:mm\\:ss} {status.Phase}: {status.Reason}";
        _wasOutside = IsOutside;
        var isInside =
            status.Wanted is not { } wanted
            || (wanted >= Fleet.MinCapacity && wanted <= Fleet.TotalMaxCapacity)
            || wanted == status.Capacity;
        Must(isInside || !IsSettled(_time.GetUtcNow()), "wants a size outside floor and ceiling");
    }

    public void Stopped(bool isOn) => _stoppedAt = isOn ? _time.GetUtcNow() : null;

    public void Jumped(TimeSpan by)
    {
        _skippedUsd +=
            by > TimeSpan.Zero
                ? (decimal)by.TotalHours
                    * Math.Max(_fleet.UsdPerHour, 12 * _fleet.Sets.Max(set => set.Set.HourlyPrice!.Value))
                : 0;
        _jumpedBackAt = by < TimeSpan.Zero ? _time.Elapsed : _jumpedBackAt;
        if (by < TimeSpan.Zero && _time.GetUtcNow() - by > _ambiguousUntil)
        {
            _ambiguousUntil = _time.GetUtcNow() - by;
        }

        _policyChangedAt = _time.GetUtcNow();
        _stoppedAt = _stoppedAt is null ? null : _time.GetUtcNow();
        _asked = null;
    }

    /// <summary>Called often: keeps the meter of the day.</summary>
    public void Tick()
    {
        _fleet.Meter();
        var now = _time.GetUtcNow();
        _unseenUsd += now <= _latest ? _fleet.Usd - _usd : 0;
        (_usd, _latest) = (_fleet.Usd, now > _latest ? now : _latest);
        if (_time.GetUtcNow().UtcDateTime.Date > _day)
        {
            _day = _time.GetUtcNow().UtcDateTime.Date;
            _usdAtMidnight = _fleet.Usd;
            _unseenUsd = 0;
        }
    }

    public void Asked(IEnumerable<string> actions, int wanted)
    {
        Must(_openAsks.Count == 0, "asked while an earlier question is open");
        Must(
            _asked is not { } last || wanted > last.Wanted || _time.GetUtcNow() - last.At > TimeSpan.FromMinutes(55),
            "asked the same again within the hour"
        );
        _asked = (_time.GetUtcNow(), wanted);
        _openAsks.UnionWith(actions);
    }

    public void Answered(string action) => _openAsks.Remove(action);

    public void Recorded(LedgerEntry entry)
    {
        var isSize = (string?)entry.Body["action"] is null or ScaleFleet.KindName;
        var key = entry.Key[(entry.Key.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(':');
        switch (entry.Type)
        {
            case LedgerEntryTypes.Proposal when !isSize:
                _protections.Add(key[1]);
                break;
            case LedgerEntryTypes.Decision when _protections.Contains(key[1]):
                _protectionsOpen++;
                break;
            case LedgerEntryTypes.Effect when _protections.Contains(key[1]):
                _protectionsOpen--;
                break;
            case LedgerEntryTypes.Proposal:
                _steps[key[1]] = new Step(
                    (string)entry.Body["resource"]!,
                    Capacity(entry.Body["from"]!),
                    Capacity(entry.Body["to"]!),
                    entry.At
                )
                {
                    FleetCapacity = entry.Body["to"]!["fleetCapacity"] is null
                        ? null
                        : Capacity(entry.Body["to"]!, "fleetCapacity"),
                };
                var leaving = ((string?)entry.Body["to"]!["delete"])?.Split(',') ?? [];
                Must(
                    !_fleet
                        .Sets.SelectMany(set => set.Instances)
                        .Any(each => leaving.Contains(each.Name) && _time.Elapsed - each.KeptAt > LedgerTime),
                    "decided to delete an instance that a person protects"
                );
                Must(
                    _stoppedAt is not { } stop || entry.At < stop + LookTime || entry.At <= _ambiguousUntil,
                    "decided while the kill switch was on"
                );
                break;
            case LedgerEntryTypes.Decision:
                CheckDecision(_steps[key[1]], (string)entry.Body["rule"]! == "usdPerDay");
                break;
            case LedgerEntryTypes.Effect when key[0] == "effect":
                var (step, outcome) = (_steps.GetValueOrDefault(key[1]), (string)entry.Body["outcome"]!);
                _effects += step is { IsDecided: true } ? 1 : 0;
                Must(
                    step is not { IsWritten: true } || !outcome.StartsWith("refused", StringComparison.Ordinal),
                    $"the ledger says {outcome} of a change that was made"
                );
                break;
        }
    }

    /// <summary>Some time after the last fault.</summary>
    public void CheckEnd(int needed, TimeSpan calm)
    {
        var serving = _fleet.Capacity - _fleet.Evicted;
        Must(
            serving == needed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{serving} instances serve {calm} after the last fault, where {needed} are needed; last look {_told}"
            )
        );
        Must(!IsOutside, "a scale set is outside its limits");
        var decided = _steps.Values.Count(step => step.IsDecided);
        Must(_protectionsOpen <= 0, $"{_protectionsOpen} protections decided and without an effect in the ledger");
        var kept = _fleet.Sets.SelectMany(set => set.Instances).Count(instance => instance.IsProtected);
        Must(kept == 0, $"{kept} instances are still protected");
        Must(
            decided == _effects,
            string.Create(CultureInfo.InvariantCulture, $"{decided} decisions and {_effects} effects in the ledger")
        );
    }

    private void CheckDecision(Step step, bool isBudget)
    {
        (step.IsDecided, step.IsBudget) = (true, isBudget);
        var set = Fleet.FindScaleSet(step.Resource)!;
        if (!IsSettled(step.At))
        {
            return;
        }

        var newest = _samples
            .Select(sample => sample.Time)
            .Where(at => at <= step.At.AddMinutes(5))
            .DefaultIfEmpty(DateTimeOffset.MinValue)
            .Max();
        Must(isBudget || _wasOutside || step.At - newest <= StaleTime, "changed by metrics that are stale");
        var envelope = Scaling.Envelope!;
        var total =
            _fleet.Sets.Where(each => each.Set.ResourceId != step.Resource).Sum(each => each.LookedCapacity) + step.To;
        Must(
            step.To >= set.MinCapacity && (step.To <= set.MaxCapacity || step.To < step.From),
            "decided on a size outside the scale set's limits"
        );
        Must(isBudget || step.At < envelope.ExpiresAt + LookTime, "decided by itself after the envelope had expired");
        Must(
            isBudget || step.To < step.From || total <= envelope.MaxCapacity,
            "decided by itself on a size above the envelope"
        );
    }

    // Whoever decided saw the policy as it is now.
    private bool IsSettled(DateTimeOffset at) => at >= _policyChangedAt + LookTime && at > _ambiguousUntil;

    private void CheckWrite(Write write)
    {
        Tick();
        void MustOf(bool holds, string rule) =>
            Must(
                holds,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{write.Set.ResourceId[^4..]} {write.From} -> {write.To}: {rule}"
                )
            );

        var step = _steps.Values.LastOrDefault(candidate =>
            candidate.Resource == write.Set.ResourceId && candidate.IsDecided
        );
        MustOf(step is not null && step.From == write.From && step.To == write.To, "the ledger has no decision for it");
        MustOf(step is null || _time.GetUtcNow() - step.At <= PlanLife, "the plan was older than it may be");
        step?.IsWritten = true;
        var set = Fleet.FindScaleSet(write.Set.ResourceId)!;
        MustOf(write.To >= set.MinCapacity, "below the floor");
        MustOf(write.To < write.From || write.To <= set.MaxCapacity, "above the ceiling");
        MustOf(!_fleet.IsStopped, "changed while the kill switch was on");
        MustOf(_written.Add((write.Set, write.ETag)), "one version of the scale set was changed twice");
        var (grows, envelope) = (write.To > write.From, Scaling.Envelope!);
        MustOf(
            grows || write.IsByName || !_fleet.IsLoadKnown || step is { IsBudget: true } || _wasOutside,
            "the platform was left to choose, though the load was known"
        );
        var isDark = _fleet.Sets.Any(each => each.IsDarkFor(LookTime + PlanLife));
        MustOf(
            grows || !isDark || step is { IsBudget: true } || _wasOutside,
            "taken from a set while another cannot be seen"
        );
        var spent = (decimal)(_fleet.Usd - _usdAtMidnight);
        MustOf(
            (
                _time.GetUtcNow() < envelope.ExpiresAt
                && (grows ? write.Total <= envelope.MaxCapacity : write.Total >= envelope.MinCapacity)
            ) || (!grows && step is { IsBudget: true } && IsBudgetNear(write, spent)),
            "outside the envelope and not asked for"
        );
        // The floor has to be paid for until midnight; a clock may have been put back by an hour since the decision,
        // and of an hour that it shows twice one is seen.
        var untilMidnight = (decimal)(TimeSpan.FromDays(1) - _time.GetUtcNow().TimeOfDay).TotalHours - 1;
        var floor = Math.Max(0, untilMidnight) * _fleet.Sets[0].Set.MinCapacity * _fleet.Sets[0].Set.HourlyPrice!.Value;
        MustOf(
            !grows || Scaling.UsdPerDay is not { } limit || spent - (decimal)_unseenUsd + floor <= limit,
            "grew over the day's budget"
        );
        MustOf(
            !grows || step is null || step.FleetCapacity is null || write.Total <= step.FleetCapacity,
            "grew by a plan that did not know of another set's growth"
        );
        // What is above its limit is on its way out.
        var leaving = _fleet.Sets.Sum(each =>
            Math.Max(0, each.Capacity - Fleet.FindScaleSet(each.Set.ResourceId)!.MaxCapacity)
        );
        var isPolicyNew = step is null || _policyChangedAt >= step.At;
        var (most, evicted) = (MostWanted(), _fleet.Sets.Sum(each => each.MostEvicted));
        MustOf(
            !grows || isPolicyNew || _wasOutside || write.Total - leaving <= most + evicted,
            $"{write.Total} instances in all, where {most} were needed of late and {evicted} had been taken: an "
                + $"addition counted twice"
        );
    }

    // A plan is made from the samples of five minutes that are three minutes old at most, and is carried out within
    // ten; a clock that was put back brings old ones up again.
    private int MostWanted()
    {
        var since =
            _time.Elapsed
            - (
                _jumpedBackAt > _time.Elapsed - TimeSpan.FromHours(8)
                    ? TimeSpan.FromHours(24)
                    : TimeSpan.FromMinutes(25)
            );
        return _samples
            .Where(sample => sample.At >= since)
            .Select(sample => sample.Wanted)
            .Append(_fleet.Sets[0].Set.MinCapacity)
            .Max();
    }

    // Hours that a clock skips are paid for by the clock, at what the fleet cost then or was asked to become.
    private bool IsBudgetNear(Write write, decimal spent)
    {
        var price = write.Set.HourlyPrice!.Value;
        var dearest = _fleet.Sets.Max(set => set.Set.HourlyPrice!.Value);
        return Scaling.UsdPerDay is { } budget
            && spent + (dearest * 24 * _fleet.Sets[0].Set.MinCapacity) + (write.UsdPerHour * 2) + _skippedUsd + price
                > budget;
    }

    private void Must(bool holds, string rule)
    {
        if (!holds)
        {
            Violations.Add(string.Create(CultureInfo.InvariantCulture, $"{_time.Elapsed:hh\\:mm\\:ss} {rule}"));
        }
    }

    private static int Capacity(JsonNode fields, string field = "capacity") =>
        int.Parse((string)fields[field]!, CultureInfo.InvariantCulture);

    private sealed record Step(string Resource, int From, int To, DateTimeOffset At)
    {
        /// <value>Of all sets, once everything that was decided with it is done; null of one that deletes by
        /// name.</value>
        public required int? FleetCapacity { get; init; }

        public bool IsDecided { get; set; }

        public bool IsBudget { get; set; }

        public bool IsWritten { get; set; }
    }
}
