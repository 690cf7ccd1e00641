using SelfDev.Core.Approvals;
using SelfDev.Workflows.Scaling.Change;

namespace SelfDev.Workflows.Scaling.Model;

/// <summary>What one generation hands to the next.</summary>
public sealed record FleetScalingState(string Fleet)
{
    public const int MostPredictions = 20;

    /// <value>Changes and questions so far; makes their ledger keys unique.</value>
    public long Sequence { get; init; }

    public FleetSpending Spending { get; init; } = new(null, 0, 0);

    /// <value>Instances of the actions that people were asked about last; empty when those have ended.</value>
    public IReadOnlyList<string> PendingAsks { get; init; } = [];

    public DateTimeOffset? AskedAt { get; init; }

    public int AskedFor { get; init; }

    /// <value>By resource id; a scale set without trouble is not in it.</value>
    public IReadOnlyDictionary<string, ScaleSetPatience> Patience { get; init; } =
        new Dictionary<string, ScaleSetPatience>();

    /// <value>By scale set, as ARM last showed it.</value>
    public IReadOnlyList<SeenScaleSet> LastSeen { get; init; } = [];

    /// <value>Whether the last look failed after all its retries.</value>
    public bool HasFailed { get; init; }

    /// <value>Instances that are to go, as routers are told.</value>
    public IReadOnlyList<FleetDrain> Drains { get; init; } = [];

    /// <value>Instances whose protection has been asked for and is to be lifted again.</value>
    public IReadOnlyList<ProtectedInstance> Protected { get; init; } = [];

    /// <value>Until then nothing begins to drain.</value>
    public DateTimeOffset DrainPausedUntil { get; init; } = DateTimeOffset.MinValue;

    /// <value>Until then no protection is put on or lifted.</value>
    public DateTimeOffset ProtectionPausedUntil { get; init; } = DateTimeOffset.MinValue;

    public IReadOnlyList<ScalePrediction> Predictions { get; init; } = [];

    public PlanScores Scores { get; init; } = new(0, 0);

    /// <summary>Scale sets of which something holds now.</summary>
    public IReadOnlyList<string> SetsWhere(Func<ScaleSetPatience, bool> holds) =>
        [.. Patience.Where(set => holds(set.Value)).Select(set => set.Key).Order(StringComparer.Ordinal)];

    /// <summary>With a scale set counted as large as it has been asked to become, until ARM shows it again.</summary>
    public FleetScalingState Growing(string resource, int capacity) =>
        this with
        {
            LastSeen =
            [
                .. LastSeen.Select(set =>
                    set.ResourceId == resource ? set with { Capacity = Math.Max(set.Capacity, capacity) } : set
                ),
            ],
        };

    /// <summary>With what may be protected on this workflow's behalf: from the moment that ARM was asked until it is
    /// known to be lifted.</summary>
    internal FleetScalingState Protecting(EffectPlan plan, ProtectionOutcome outcome)
    {
        var instance = ProtectionPlan.Instance(plan);
        var state = (ProtectionPlan.IsProtected(plan), outcome) switch
        {
            (true, { IsAsked: true }) => this with
            {
                Protected = [.. Protected, new ProtectedInstance(plan.Resource, instance)],
            },
            (false, { Outcome: EffectOutcome.Applied }) => this with
            {
                Protected = [.. Protected.Where(each => !each.Is(plan.Resource, instance))],
            },
            _ => this,
        };
        return outcome.ThrottledUntil is { } until
            ? state.With(plan.Resource, patience => patience.Throttled(until))
            : state;
    }

    /// <summary>With what is known of one scale set changed; one without trouble is forgotten.</summary>
    public FleetScalingState With(string resource, Func<ScaleSetPatience, ScaleSetPatience> change)
    {
        var patience = new Dictionary<string, ScaleSetPatience>(Patience)
        {
            [resource] = change(Patience.GetValueOrDefault(resource, ScaleSetPatience.None)),
        };
        if (patience[resource] == ScaleSetPatience.None)
        {
            patience.Remove(resource);
        }

        return this with
        {
            Patience = patience,
        };
    }
}

/// <param name="PausedUntil">No change before then, unless the budget forces it.</param>
/// <param name="ThrottledUntil">ARM asked not to be called before then; the budget heeds that too.</param>
/// <param name="Failures">Changes that were refused or failed in a row.</param>
public sealed record ScaleSetPatience(DateTimeOffset PausedUntil, DateTimeOffset ThrottledUntil, int Failures)
{
    /// <value>Pause after a change that was refused or failed, doubled each time up to an hour.</value>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <value>Until an obstacle is tried against again: quota and permissions do not change by the second.</value>
    private static readonly TimeSpan ObstaclePause = TimeSpan.FromMinutes(5);

    public static ScaleSetPatience None { get; } = new(DateTimeOffset.MinValue, DateTimeOffset.MinValue, 0);

    public ScaleSetPatience Failed(DateTimeOffset now) =>
        new(
            now + TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(Failures, 10))),
            ThrottledUntil,
            Failures + 1
        );

    public ScaleSetPatience Throttled(DateTimeOffset until) => this with { ThrottledUntil = until };

    public ScaleSetPatience Obstructed(DateTimeOffset now) => this with { PausedUntil = now + ObstaclePause };
}

/// <summary>What the fleet has cost today. Between two looks the dearer of both counts, so that the sum is never too
/// low.</summary>
/// <param name="LookedAt">Time of the last look; null before the first.</param>
/// <param name="Usd">Since midnight UTC of that day.</param>
public sealed record FleetSpending(DateTimeOffset? LookedAt, decimal Usd, decimal UsdPerHour)
{
    /// <summary>Spent by then, if nothing changed since the last look.</summary>
    public decimal At(DateTimeOffset now) => Advance(now, null).Usd;

    /// <param name="usdPerHour">As of now; null: unknown, so as before.</param>
    public FleetSpending Advance(DateTimeOffset now, decimal? usdPerHour)
    {
        var rate = Math.Max(UsdPerHour, usdPerHour ?? 0);
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var from = LookedAt is { } last && last < now ? last : now;
        var sinceMidnight = from < midnight ? midnight : from;
        var before = from < midnight ? 0 : Usd;
        // A clock that runs backwards over midnight must not give the day's budget back.
        before = LookedAt > now ? Usd : before;
        return new FleetSpending(
            LookedAt > now ? LookedAt : now,
            before + (rate * (decimal)(now - sinceMidnight).TotalHours),
            usdPerHour ?? UsdPerHour
        );
    }
}

/// <summary>A change to be judged once it has served for a while.</summary>
/// <param name="Step">Its number in the ledger.</param>
/// <param name="Capacity">Of all scale sets, after it.</param>
public sealed record ScalePrediction(long Step, int Capacity, DateTimeOffset DueAt);

/// <summary>How earlier plans did: had the fleet as many instances as the demand then took?</summary>
public sealed record PlanScores(int Enough, int Short);

/// <summary>Custom status of a fleet's workflow, as <c>GET /api/fleets/{name}</c> shows it.</summary>
/// <param name="Draining">Host names of the instances that are to get no further requests.</param>
public sealed record FleetStatus(
    string Phase,
    int? Capacity,
    int? Wanted,
    string Reason,
    PlanScores Scores,
    IReadOnlyList<string> Draining
);
