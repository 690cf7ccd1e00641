using System.Globalization;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Queues;

namespace SelfDev.Core.Scaling.Planning;

/// <summary>
/// The policy <c>selfdev</c>. Each interval: demand as work (prefill and decode, uncached tokens), its class, the bound
/// that it should stay under until a replica that is asked for now would serve, and the replicas that hold the service
/// level under that bound (<see cref="Staffing"/>).
/// <para>
/// Fast up, slow down: a larger answer is taken at once, a smaller one only when it stood for <see
/// cref="PlannerOptions.ScaleInSeconds"/>, demand does not rise, and the survivors carry the present load, which is
/// N/(N-1) of what each carries now: as it was seen or as the model says with a margin. Under on/off traffic nothing is
/// let go while a burst is in the history, since no forecast sees the next one coming, and nothing is added unless the
/// bursts so far cost too many misses: what is asked for in a burst serves after it. Replicas that start count as if
/// they were there, once. Without metrics the fleet is held as it is. The floor is held always, also without metrics.
/// </para>
/// <para>
/// Pure: no clock, no randomness; the same samples give the same plan. For one decision from a window of samples call
/// <see cref="Plan"/>; a planner that is kept takes each sample with <see cref="Observe"/> and answers with <see
/// cref="Decide(int, int, double)"/>.
/// </para>
/// </summary>
public sealed class FleetPlanner : IScalingPolicy
{
    /// <summary>How many times more misses than allowed count as more than chance.</summary>
    private const double SufferingFactor = 3;

    private readonly FleetSpecification _fleet;
    private readonly PlannerOptions _options;
    private readonly DemandHistory _history;
    private readonly double _misses;
    private readonly Queue<(double Time, double Bound)> _bounds = new();
    private (double Add, double Return) _boundBefore;
    private (double Add, double Return) _bound;
    private DemandForecast? _forecast;
    private DemandSample _last = new() { Time = double.NegativeInfinity, Seconds = 0 };

    public FleetPlanner(FleetSpecification fleet, PlannerOptions? options = null)
    {
        (_fleet, _options, _history) = (fleet, options ?? PlannerOptions.Default, new DemandHistory(fleet));
        _misses = (1 - fleet.ServiceLevel.Attainment) / 2;
    }

    public string Name => "selfdev";

    /// <value>What the traffic is like, as of the last decision.</value>
    public TrafficShape Shape { get; private set; }

    /// <summary>
    /// One planning step as a pure function: everything that the planner knows is in <paramref name="samples"/>, so
    /// that nothing has to be kept between calls. The last two hours (<see cref="PlannerOptions.HistorySeconds"/>) are
    /// enough, older samples do no harm; with fewer than eight nothing is let go.
    /// </summary>
    /// <param name="fleet">Without <see cref="FleetSpecification.Problems"/>; see <see
    /// cref="FleetSpecificationFormat.Parse"/> for its JSON.</param>
    /// <param name="samples">In order of time; others are passed over.</param>
    /// <param name="current">Replicas that serve, 0 and up.</param>
    /// <param name="pending">Replicas that were asked for and do not serve yet, each counted once, 0 and up.</param>
    /// <param name="now">Seconds on the samples' clock: when the newest sample is too old, the plan is to hold.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="current"/> or <paramref name="pending"/> is below
    /// 0.</exception>
    public static FleetPlan Plan(
        FleetSpecification fleet,
        IReadOnlyList<DemandSample> samples,
        int current,
        int pending,
        double now,
        PlannerOptions? options = null
    )
    {
        var planner = new FleetPlanner(fleet, options);
        foreach (var sample in samples)
        {
            planner.Observe(sample);
        }

        return planner.Decide(current, pending, now);
    }

    /// <summary>Takes the next sample of the fleet's metrics.</summary>
    public void Observe(in DemandSample sample)
    {
        if (!(sample.Time > _last.Time))
        {
            return;
        }

        _last = sample;
        if (!_history.Add(sample))
        {
            return;
        }

        _forecast ??= Forecast(sample.Seconds, 0);
        _forecast.Add(_history.Work[^1]);
        (_boundBefore, _bound) = (
            _bound,
            (_forecast.BoundAt(_options.SurgeQuantile), _forecast.CautiousBoundAt(_options.ReturnQuantile))
        );
        _bounds.Enqueue((sample.Time, _forecast.CautiousBoundAt(_options.ScaleInQuantile)));
        while (_bounds.Peek().Time < sample.Time - _options.ScaleInSeconds)
        {
            _bounds.Dequeue();
        }
    }

    /// <inheritdoc cref="Plan"/>
    public FleetPlan Decide(int current, int pending, double now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(current);
        ArgumentOutOfRangeException.ThrowIfNegative(pending);
        var have = current + pending;
        var plan = Unlimited(have, pending, now);
        var replicas = Math.Clamp(plan.Replicas, _fleet.Floor, _fleet.Ceiling);
        if (replicas != plan.Replicas)
        {
            var limit = replicas == _fleet.Floor ? "floor" : "ceiling";
            plan = plan with
            {
                Reason = PlanReason.Limits,
                Why =
                    plan.Replicas == have
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $"The fleet has {have} replicas, and its {limit} is {replicas}."
                        )
                        : string.Create(
                            CultureInfo.InvariantCulture,
                            $"{plan.Why} The {limit} of {replicas} limits it."
                        ),
            };
        }

        return plan with
        {
            Replicas = replicas,
            IsHold = replicas == have,
            Traffic = Shape.Class,
            RequestsPerSecond =
                _history.Staffing is { } staffing && _history.Samples > 0
                    ? Minute() / staffing.WorkSeconds
                    : double.NaN,
        };
    }

    int IScalingPolicy.Decide(in FleetObservation observed)
    {
        if (observed.HasMetrics)
        {
            Observe(observed.ToSample());
        }

        return Decide(observed.Ready, observed.Starting, observed.Time).Replicas;
    }

    /// <summary>The plan before floor and ceiling.</summary>
    private FleetPlan Unlimited(int have, int pending, double now)
    {
        var stale = Math.Max(_options.StaleSeconds, 3 * _fleet.IntervalSeconds);
        if (!(now - _history.LastTime <= stale))
        {
            return Hold(
                have,
                PlanReason.StaleMetrics,
                double.IsFinite(_history.LastTime)
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"The newest sample with demand is {now - _history.LastTime:0} s old: unknown demand is not "
                            + $"zero demand."
                    )
                    : "There is no sample with demand yet: unknown demand is not zero demand."
            );
        }

        if (_history.Staffing is not { } staffing || _forecast is null)
        {
            return Hold(
                have,
                PlanReason.Learning,
                "No request was seen from its arrival to its end yet, so that nothing is known about the mean request."
            );
        }

        Classify(staffing);
        var foreseeable = Shape.Class is TrafficClass.Steady or TrafficClass.Ramp or TrafficClass.Diurnal;
        if (foreseeable && Shape.Dispersion > 1)
        {
            // Users that are not independent come in clusters, and queues are longer for it. Bursts are told by their
            // own size.
            staffing = new Staffing(
                _fleet.Replica,
                _fleet.ServiceLevel,
                staffing.Mix with
                {
                    ArrivalVariation = Shape.Dispersion,
                }
            );
        }

        // One sample that is out of line is no trend: the lower of the last two bounds counts.
        var returns = have < _history.MostReady;
        var work =
            !foreseeable ? Bursts()
            : returns ? Math.Min(_boundBefore.Return, _bound.Return)
            : Math.Min(_boundBefore.Add, _bound.Add);
        var planned = work / staffing.WorkSeconds;
        var need =
            foreseeable ? Need(staffing, have, work, returns)
            : work < have && !Suffers ? have
            : staffing.Replicas(planned, _misses, Math.Max(1, have), _fleet.Ceiling);
        var outcome = staffing.At(Math.Max(1, Math.Min(_fleet.Ceiling, Math.Max(need, have))), planned);
        FleetPlan Planned(int replicas, PlanReason reason, string why) =>
            new(replicas, replicas == have, reason, why)
            {
                PlannedRequestsPerSecond = planned,
                ExpectedAttainment = 1 - outcome.Misses,
            };

        if (!staffing.IsFeasible(1 - _fleet.ServiceLevel.Attainment))
        {
            return Planned(
                need > have && foreseeable ? need : have,
                PlanReason.Infeasible,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"No number of replicas holds {_fleet.ServiceLevel.Attainment:P1} of requests to "
                        + $"{_fleet.ServiceLevel.TimeToFirstTokenSeconds:0.###} s and "
                        + $"{_fleet.ServiceLevel.InterTokenSeconds * 1000:0.#} ms a token: their own prefill and "
                        + $"step time is too long."
                )
            );
        }

        if (need > have)
        {
            return Planned(
                need,
                foreseeable ? PlanReason.Forecast : PlanReason.Backlog,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{planned:0.##} requests a second are to be expected when a replica that is asked for now serves, "
                        + $"and {have} replicas do not hold the service level under that."
                )
            );
        }

        if (pending == 0 && Backlog() is { } backlog)
        {
            return Planned(have + Math.Max(1, have / 8), PlanReason.Backlog, backlog);
        }

        var (replicas, reason, why) = ScaleIn(staffing, have, pending, foreseeable);
        return Planned(replicas, reason, why);
    }

    /// <summary>Replicas that the demand to expect needs; what is there already where nothing speaks for
    /// more.</summary>
    private int Need(Staffing staffing, int have, double work, bool returns)
    {
        int Modelled(double erlangs) =>
            staffing.Replicas(
                erlangs / staffing.WorkSeconds,
                Budget(_options.PlannedMissShare),
                Math.Max(1, have),
                _fleet.Ceiling
            );
        // A small shortage is borne, unless it is of replicas that were let go.
        var borne = returns ? work : work / (1 + _options.BorneShortage);
        var need = Modelled(borne);
        // Measured beats modelled: what held the service level under this load holds it.
        return need <= have ? need
            : borne <= have * _history.ProvenLoad ? have
            : Modelled(work);
    }

    /// <summary>Demand to plan for where bursts come out of nothing, in erlangs: the last minute's, since shorter
    /// bursts are over before a replica serves; that of the largest burst where too many requests miss.</summary>
    private double Bursts() => Suffers ? DemandHistory.Highest(Judged()) : Minute();

    /// <summary>Misses that planning may use up: more while few were, half of what the service level allows once all of
    /// those were.</summary>
    private double Budget(double share)
    {
        var allowed = 1 - _fleet.ServiceLevel.Attainment;
        return allowed * Math.Max(0.5, share * (1 - (_history.MissShare / allowed)));
    }

    /// <value>Whether far more requests miss the service level than it allows, lately and all in all, and enough were
    /// seen to tell.</value>
    private bool Suffers =>
        _history.Samples >= TrafficClassifier.MinSamples
        && Math.Min(_history.MissShare, _history.RecentMissShare)
            > SufferingFactor * (1 - _fleet.ServiceLevel.Attainment);

    private string? Backlog()
    {
        // One that has waited a little too long is a miss that the service level allows, and the queue of a burst is
        // gone before a replica is there.
        return Shape.Class != TrafficClass.OnOff
            && _last.Queue > 0
            && _last.QueueAgeSeconds
                > 2 * Math.Min(_fleet.ServiceLevel.TimeToFirstTokenSeconds, _fleet.ServiceLevel.QueueSeconds)
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"The oldest of {_last.Queue:0} waiting requests has waited {_last.QueueAgeSeconds:0.#} s, "
                        + $"whatever the model says."
                )
            : Suffers
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{_history.RecentMissShare:P1} of the last requests missed the service level, whatever the model "
                        + $"says."
                )
            : null;
    }

    private (int Replicas, PlanReason Reason, string Why) ScaleIn(
        Staffing staffing,
        int have,
        int pending,
        bool foreseeable
    )
    {
        if (!_forecast!.IsJudged || Shape.Class == TrafficClass.Unknown)
        {
            return (have, PlanReason.Learning, "Too little was seen to let anything go.");
        }

        if (!foreseeable)
        {
            return (
                have,
                PlanReason.OnOffHold,
                "Traffic comes in bursts that no forecast sees coming: what is let go would be missing in the next one."
            );
        }

        if (Shape.Slope > TrafficClassifier.RampSlope)
        {
            return (have, PlanReason.Hold, "Demand rises: what is let go would be asked for again.");
        }

        // What would be asked for again at once is not let go.
        var since = _history.LastTime - (IsFalling() ? _options.FallingSeconds : _options.ScaleInSeconds);
        var bound = Math.Max(
            _bounds.Where(past => past.Time >= since).Max(past => past.Bound),
            Math.Max(_bound.Return, _boundBefore.Return)
        );
        var wanted = Math.Max(_fleet.Floor, Enough(staffing, have, bound));
        if (wanted >= have || _last.Queue > 0 || pending > 0)
        {
            return (
                have,
                PlanReason.Hold,
                string.Create(CultureInfo.InvariantCulture, $"{have} replicas are what the demand to expect takes.")
            );
        }

        // Half of the surplus at a time: a mistake is then a small one.
        var step = Math.Max(1, (have - wanted) / 2);
        var rate = Minute() / staffing.WorkSeconds;
        while (step > 0 && staffing.At(have - step, rate).Misses > 1 - _fleet.ServiceLevel.Attainment)
        {
            step--;
        }

        return step == 0
            ? (
                have,
                PlanReason.Hold,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{have - 1} replicas would not carry {rate:0.##} requests a second."
                )
            )
            : (
                have - step,
                PlanReason.Surplus,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{wanted} replicas were enough for {_options.ScaleInSeconds:0} s, and {have - step} carry the "
                        + $"present {rate:0.##} requests a second."
                )
            );
    }

    /// <summary>Replicas that surely are enough: never fewer than the model says, and so many that each was seen to
    /// stand its part of the work, or that the model allows a margin.</summary>
    private int Enough(Staffing staffing, int have, double work)
    {
        int Modelled(double times) =>
            staffing.Replicas(times * work / staffing.WorkSeconds, _misses, Math.Max(1, have), _fleet.Ceiling);
        var seen = work < have * _history.ProvenLoad ? (int)Math.Ceiling(work / _history.ProvenLoad) : have;
        return Math.Max(Modelled(1), Math.Min(seen, Modelled(_options.ScaleInMargin)));
    }

    /// <summary>Whether demand falls, over the whole history and clearly from the last window but one to the last: a
    /// dip of a ramp is no fall.</summary>
    private bool IsFalling()
    {
        const double Clearly = 0.93;
        var window = Math.Max(1, (int)(_options.ScaleInSeconds / _history.SampleSeconds));
        return Shape.Slope < 0
            && _history.Work.Length >= 2 * window
            && DemandHistory.Mean(_history.Work[^window..])
                < Clearly * DemandHistory.Mean(_history.Work[^(2 * window)..^window]);
    }

    private void Classify(Staffing staffing)
    {
        Shape = TrafficClassifier.Classify(
            Judged(),
            _history.SampleSeconds,
            staffing.WorkSeconds,
            staffing.Mix.PrefillVariation
        );
        if (Shape.SeasonSamples > 0 && Math.Abs(Shape.SeasonSamples - _forecast!.Season) > 0.05 * Shape.SeasonSamples)
        {
            // The past is told again to a forecast that knows the season.
            _forecast = Forecast(_history.SampleSeconds, Shape.SeasonSamples);
            foreach (var work in _history.Work)
            {
                _forecast.Add(work);
            }
        }
    }

    /// <summary>Demand of the past that the traffic is judged by, in erlangs.</summary>
    private ReadOnlySpan<double> Judged() =>
        _history.Work[^Math.Min(_history.Work.Length, (int)(_options.HistorySeconds / _history.SampleSeconds))..];

    /// <summary>As far ahead as a replica that is asked for now takes to serve.</summary>
    private DemandForecast Forecast(double sampleSeconds, int season) =>
        new(
            Math.Max(1, (int)Math.Ceiling((_fleet.ColdStartSeconds + _fleet.IntervalSeconds) / sampleSeconds)),
            _options.SurgeQuantile,
            season
        );

    /// <summary>Demand of the last minute, in erlangs.</summary>
    private double Minute() =>
        DemandHistory.Mean(
            _history.Work[^Math.Min(_history.Work.Length, Math.Max(1, (int)Math.Round(60 / _history.SampleSeconds)))..]
        );

    private static FleetPlan Hold(int have, PlanReason reason, string why) => new(have, true, reason, why);
}
