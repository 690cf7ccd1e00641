using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// The fleet workflow with its genuine activities against a faulty scale set, lossy metrics, people and jumping clocks,
/// all in virtual time on one thread: a seed is a whole story, and the same one every time.
/// </summary>
internal sealed class FleetSimulation
{
    public const string Fleet = "chat";

    private const string Releaser = "ana";
    private const int Floor = 2;
    private const int EnvelopeTop = 12;
    private const int NeededAtLast = 7;
    private const int OtherPeople = 7;
    private const int KillSwitchToggle = 8;
    private const int PolicyChange = 12;
    private const int Keep = 15;
    private const int LedgerDown = 17;
    private const int ClockForward = 20;
    private const decimal Price = 10;
    private const string Subscription =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/";

    private static readonly PolicyScaleSet Only = new(Subscription + "only", Floor, 40, Price);
    private static readonly PolicyScaleSet Main = new(Subscription + "main", Floor, 25, Price);
    private static readonly PolicyScaleSet Spot = new(Subscription + "spot", 0, 15, 4);

    private static readonly TimeSpan Calm = TimeSpan.FromHours(2.5);
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMinutes(1);

    private readonly Random _random;
    private readonly VirtualTime _time;
    private readonly SimulatedStore _store;
    private readonly FixedPolicySource _policy;
    private readonly KillSwitch _killSwitch;
    private readonly FleetSamples _samples;
    private readonly OneEach _sizing = new();
    private readonly FaultyFleet _fleet;
    private readonly VirtualEngine _engine;
    private readonly SimulatedClient _client;
    private readonly TimeSpan _troubled;
    private readonly SimulationRules _rules;
    private TimeSpan _silentUntil;
    private TimeSpan _ledgerDownUntil;
    private double _load = 3;
    private int _sampled;
    private bool _isCalm;
    private bool _hasShownLoad;

    /// <param name="hours">Hours of faults; calm ones follow, in which everything must come right.</param>
    public FleetSimulation(int seed, double hours)
    {
        _random = new Random(seed);
        _time = new VirtualTime(_random);
        _troubled = TimeSpan.FromHours(hours);
        _store = new SimulatedStore(_time);
        _samples = new FleetSamples(_store) { Kept = TimeSpan.FromMinutes(15) };
        _fleet = new FaultyFleet(_time, _random, _random.Next(2) == 0 ? [(Only, 3)] : [(Main, 3), (Spot, 1)])
        {
            IsLoadKnown = _random.Next(2) == 0,
            FaultRate = _random.NextDouble() * 0.3,
        };
        _policy = new FixedPolicySource(
            NewPolicy(
                new EmergencyEnvelope(
                    Floor,
                    EnvelopeTop,
                    _time.GetUtcNow() + (_troubled * (0.5 + _random.NextDouble()))
                ),
                _random.Next(3) == 0 ? Price * 24 * _random.Next(Floor + 1, 8) : null
            )
        );
        // A ledger of its own: what an outage of the ledger does to looks and changes is simulated at the workflow's
        // entries.
        var trust = new TrustRoom(_time, _policy, store: new ArtifactTrustStore(_store));
        _killSwitch = trust.KillSwitch;
        _rules = new SimulationRules(_time, _fleet, _policy);
        var ledger = new SimulatedLedger(() => _time.Elapsed < _ledgerDownUntil || _fleet.IsFaulty(), Recorded);
        _client = new SimulatedClient(Ask);
        _engine = new VirtualEngine(_time, _random, SelfDev.Workflows.Scaling.FleetScaling.InstanceId(Fleet))
        {
            CrashRate = _random.NextDouble() * 0.1,
        };
        _engine.ResultLost = _fleet.Forgive;
        _fleet.AnswerLost = Interfere;
        _engine.Told = status => Tell((FleetStatus)status);
        _engine
            .Add(
                DecideFleet.Handle,
                new DecideFleet(_policy, _killSwitch, _fleet, _samples, _sizing, _client, trust.FleetPlans, _time)
            )
            .Add(
                StartFleetScale.Handle,
                new StartFleetScale(_policy, _killSwitch, _fleet, trust.Intents, trust.FleetPlans, _time)
            )
            .Add(
                ProtectInstance.Handle,
                new ProtectInstance(_policy, _killSwitch, _fleet, trust.Intents, trust.FleetPlans, _time)
            )
            .Add(PollFleetScale.Handle, new PollFleetScale(_fleet))
            .Add(
                AskAboutFleet.Handle,
                new AskAboutFleet(_store, _samples, _policy, _sizing, _client, trust.FleetPlans, _time)
            )
            .Add(RecordLedgerEntry.Handle, new RecordLedgerEntry(ledger));
    }

    public int Writes => _fleet.Writes.Count;

    /// <value>All changes, in order.</value>
    public IReadOnlyList<Write> Story => _fleet.Writes;

    /// <summary>Runs the story to its end.</summary>
    /// <returns>What went against the rules; empty when all is well.</returns>
    public IReadOnlyList<string> Run()
    {
        // A test runner's context would carry continuations to other threads.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return RunAlone();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private List<string> RunAlone()
    {
        _time.After(TimeSpan.FromSeconds(1), Sample);
        _time.After(TimeSpan.FromMinutes(5), Trouble);
        _engine.Start(SelfDev.Workflows.Scaling.FleetScaling.RunAsync, new FleetScalingState(Fleet));
        for (var at = TimeSpan.Zero; at < _troubled; at += SampleEvery)
        {
            _time.Run(at);
            _rules.Tick();
        }

        CalmDown();
        _time.Run(_troubled + Calm);
        _rules.CheckEnd(NeededAtLast, Calm);
        if (_engine.Fault is { } fault)
        {
            _rules.Violations.Add($"the workflow died: {fault}");
        }

        return _rules.Violations;
    }

    private ApprovalPolicy NewPolicy(EmergencyEnvelope envelope, decimal? budget, int? maxCapacity = null)
    {
        var first = _fleet.Sets[0].Set;
        var fleet = new PolicyFleet(Fleet, first.ResourceId, first.MinCapacity, maxCapacity ?? first.MaxCapacity, [])
        {
            HourlyPrice = first.HourlyPrice,
            Alternatives = [.. _fleet.Sets.Skip(1).Select(set => set.Set)],
            Scaling = new FleetScalingRules
            {
                Interval = TimeSpan.FromMinutes(1),
                Envelope = envelope,
                UsdPerDay = budget,
            },
        };
        return new ApprovalPolicy(true, [], new Dictionary<string, PolicyFleet> { [Fleet] = fleet })
        {
            KillSwitchReleasers = [Releaser],
        };
    }

    private void Tell(FleetStatus status)
    {
        foreach (var set in _fleet.Sets)
        {
            set.Looked(hasFailed: status.Capacity is null);
        }

        _rules.Told(status);
        foreach (var instance in _fleet.Sets.SelectMany(set => set.Instances))
        {
            instance.Tell(status.Draining.Contains(instance.Name));
        }
    }

    private void Sample()
    {
        _time.After(SampleEvery, Sample);
        var instances = _fleet.Sets.SelectMany(set => set.Instances).ToList();
        instances.ForEach(instance => instance.Count());
        if (!_isCalm && (_time.Elapsed < _silentUntil || _random.Next(10) == 0))
        {
            _hasShownLoad &= _time.Elapsed >= _silentUntil;
            return;
        }

        // Now and then the source does not know.
        var isLoadShown = _fleet.IsLoadKnown && (!_hasShownLoad || _random.Next(20) > 0);
        _hasShownLoad |= isLoadShown;
        var sample = new FleetSample
        {
            Time = _time.GetUtcNow(),
            Seconds = SampleEvery.TotalSeconds,
            Requests = (long)(_load * SampleEvery.TotalSeconds),
            PrefillTokens = 1000,
            Completions = 10,
            OutputTokens = 1000,
            Queue = 0,
            RunningByInstance = isLoadShown
                ? instances
                    .Where(instance => instance.IsReady)
                    .ToDictionary(instance => instance.Name, instance => instance.Running)
                : null,
        };
        _rules.Sampled(sample.Time, (int)Math.Ceiling(sample.Requests / sample.Seconds));
        _samples.AddAsync(Fleet, sample, CancellationToken.None).GetAwaiter().GetResult();
        if (++_sampled % 30 == 0)
        {
            _store.Forget(_time.GetUtcNow() - TimeSpan.FromHours(3));
        }

        // Events come once, twice or not at all.
        for (var copies = _random.Next(3); copies > 0; copies--)
        {
            _time.After(TimeSpan.FromSeconds(_random.Next(30)), _engine.Raise);
        }
    }

    private void Trouble()
    {
        if (_isCalm)
        {
            return;
        }

        _time.After(TimeSpan.FromMinutes(_random.Next(1, 30)), Trouble);
        Disturb(_random.Next(19));
    }

    private void Recorded(LedgerEntry entry)
    {
        _rules.Recorded(entry);
        if (entry.Type == LedgerEntryTypes.Decision)
        {
            Interfere();
        }
    }

    // What changes between a decision and its start, or between two attempts, is what the second looks are for.
    private void Interfere()
    {
        if (!_isCalm && _random.Next(5) == 0)
        {
            Disturb(
                _random.Next(6) switch
                {
                    0 => OtherPeople,
                    1 => KillSwitchToggle,
                    2 => PolicyChange,
                    3 => Keep,
                    4 => LedgerDown,
                    _ => ClockForward,
                }
            );
        }
    }

    private void Disturb(int kind)
    {
        switch (kind)
        {
            case < 5:
                _load = _random.Next(4) == 0 ? _random.Next(10, 50) : 1 + (_random.NextDouble() * 9);
                break;
            case 5:
                _fleet.Any().Evict();
                break;
            case 6:
                _fleet.Any().Restore();
                break;
            case OtherPeople:
                _fleet.Any().SetByOthers(_random.Next(Floor, EnvelopeTop));
                break;
            case KillSwitchToggle:
                _fleet.IsStopped = !_fleet.IsStopped;
                _killSwitch
                    .SetAsync(_fleet.IsStopped, Releaser, null, "key:ana", CancellationToken.None)
                    .GetAwaiter()
                    .GetResult();
                _rules.Stopped(_fleet.IsStopped);
                break;
            case 9:
                Jump(TimeSpan.FromMinutes(_random.Next(-60, 60)));
                break;
            case ClockForward:
                Jump(TimeSpan.FromMinutes(_random.Next(5, 30)));
                break;
            case 10:
                _fleet.FaultRate = _random.NextDouble() * 0.6;
                break;
            case 11:
                _silentUntil = _time.Elapsed + TimeSpan.FromMinutes(_random.Next(10, 90));
                break;
            case PolicyChange:
                ChangePolicy();
                break;
            case 13:
                // Longer than retries last.
                _fleet.FaultRate = 1;
                _time.After(TimeSpan.FromMinutes(_random.Next(5, 30)), () => _fleet.FaultRate = _isCalm ? 0 : 0.02);
                break;
            case LedgerDown:
                // ARM works on.
                _ledgerDownUntil = _time.Elapsed + TimeSpan.FromMinutes(_random.Next(5, 30));
                break;
            case 14:
                _fleet.Any().GoDark(TimeSpan.FromMinutes(_random.Next(5, 120)));
                break;
            case Keep:
                _fleet.Any().Keep();
                break;
            case 16:
                _fleet.Any().Release();
                break;
            default:
                _fleet.FaultRate = 0.02;
                break;
        }
    }

    private void Jump(TimeSpan by)
    {
        // No two samples have the same time to the millisecond.
        by += TimeSpan.FromMilliseconds(_random.Next(60_000));
        _fleet.Forgive();
        _hasShownLoad = false;
        _time.JumpClock(by);
        _rules.Jumped(by);
    }

    // One thing at a time, so that no limit hides behind another.
    private void ChangePolicy()
    {
        var (fleet, scaling) = (_policy.Policy.Fleets[Fleet], _policy.Policy.Fleets[Fleet].Scaling!);
        _policy.Policy =
            _random.Next(2) == 0
                ? NewPolicy(scaling.Envelope!, scaling.UsdPerDay, _random.Next(Floor + 1, EnvelopeTop))
                : NewPolicy(
                    new EmergencyEnvelope(
                        Floor,
                        _random.Next(Floor, EnvelopeTop + 1),
                        _time.GetUtcNow() + TimeSpan.FromMinutes(_random.Next(0, 600))
                    ),
                    scaling.UsdPerDay,
                    fleet.MaxCapacity
                );
        _rules.PolicyChanged();
    }

    // People take their time, and then mostly approve.
    private void Ask(string action)
    {
        var report = action[..action.IndexOf(":action", StringComparison.Ordinal)];
        var number = int.Parse(action[(action.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        var stored = _store
            .ReadJsonAsync<StoredAnalysis>(Containers.Evidence, DiagnosisBlobs.Analysis(report), CancellationToken.None)
            .GetAwaiter()
            .GetResult();
        if (number == 1)
        {
            var wanted = (int)JsonSerializer.SerializeToNode(stored.Analysis.Summary, ReportJson.Options)!["wanted"]!;
            _rules.Asked(
                Enumerable
                    .Range(1, stored.Proposals.Count)
                    .Select(each => string.Create(CultureInfo.InvariantCulture, $"{report}:action:{each}")),
                wanted
            );
        }

        _time.After(
            TimeSpan.FromMinutes(_random.Next(1, 120)),
            () =>
            {
                if (_random.Next(10) < 6)
                {
                    var scale = (ScaleFleet)stored.Proposals[number - 1].Action;
                    _fleet.Find(scale.ScaleSet!).SetByOthers(scale.Capacity!.Value);
                }

                _client.End(action);
                _rules.Answered(action);
            }
        );
    }

    private void CalmDown()
    {
        _isCalm = true;
        _fleet.FaultRate = 0;
        _engine.CrashRate = 0;
        // Evicted instances may come back or not.
        if (_random.Next(2) == 0)
        {
            foreach (var set in _fleet.Sets)
            {
                set.Restore();
            }
        }

        foreach (var set in _fleet.Sets)
        {
            set.Enlighten();
            set.Release();
        }

        _load = NeededAtLast;
        _silentUntil = TimeSpan.Zero;
        _ledgerDownUntil = TimeSpan.Zero;
        _fleet.IsStopped = false;
        _killSwitch.SetAsync(false, Releaser, null, "key:ana", CancellationToken.None).GetAwaiter().GetResult();
        _rules.Stopped(false);
        // A set may be left above its limit.
        _policy.Policy = NewPolicy(
            new EmergencyEnvelope(Floor, 40, DateTimeOffset.MaxValue),
            null,
            _fleet.Sets.Count > 1 && _random.Next(2) == 0 ? Floor + 1 : null
        );
        _rules.PolicyChanged();
    }
}
