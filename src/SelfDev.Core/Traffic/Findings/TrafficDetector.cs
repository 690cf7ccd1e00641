using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Findings;

/// <summary>Turns demand into findings: surges, queues that grow, metrics that fall silent, failed requests, and, where
/// the fleet is known, a size that does not hold its service level.</summary>
internal sealed class TrafficDetector(TrafficReading reading, TrafficOptions options)
{
    /// <summary>Surges that are reported, the highest ones.</summary>
    private const int MaxSurges = 20;

    /// <summary>Requests in a minute under which a rise is chance.</summary>
    private const double MinSurgeRequests = 20;

    private const double LevelSeconds = 600;

    private readonly IReadOnlyList<(DemandSample Sample, Evidence Line)> _intervals = reading.Timeline.Intervals();
    private readonly List<Finding> _findings = [];

    /// <value>The plan for the end of the traffic; null where the fleet is not known.</value>
    public FleetPlan? Plan { get; private set; }

    public IReadOnlyList<(DemandSample Sample, Evidence Line)> Intervals => _intervals;

    public IReadOnlyList<Finding> Detect(string? fleet)
    {
        Surges();
        Queues();
        Gaps();
        Failures();
        Size(fleet);
        if (
            _findings.Count == 0
            && _intervals.Count(interval => interval.Sample.Requests > 0 || interval.Sample.Queue > 0) < 2
            && reading.FirstLine is { } line
        )
        {
            Report(
                FindingKinds.InsufficientData,
                Severity.Warning,
                "The artifact holds demand of fewer than two intervals: nothing can be said about it, which does not "
                    + "mean that all is well",
                line,
                line,
                new() { ["intervals"] = _intervals.Count }
            );
        }

        return
        [
            .. _findings
                .OrderBy(finding => finding.From.Line)
                .ThenBy(finding => finding.Kind, StringComparer.Ordinal)
                .Take(Limits.FindingsPerReport)
                .Select(
                    (finding, index) =>
                        finding with
                        {
                            Id = $"F{index + 1}",
                            Proposals =
                            [
                                .. finding.Proposals.Select(proposal =>
                                    proposal with
                                    {
                                        FindingIds = [$"F{index + 1}"],
                                    }
                                ),
                            ],
                        }
                ),
        ];
    }

    /// <summary>A minute far above the level of the ten before it, by more than chance has it.</summary>
    private void Surges()
    {
        var known = _intervals
            .Where(interval => interval.Sample.Seconds > 0 && double.IsFinite(interval.Sample.Requests))
            .ToList();
        if (known.Count < 2)
        {
            return;
        }

        var seconds = known[0].Sample.Seconds;
        var minute = Math.Max(1, (int)Math.Round(60 / seconds));
        var level = Math.Max(1, (int)Math.Round(LevelSeconds / seconds));
        var surges = new List<(int From, int Peak, double Level, double PeakRate)>();
        for (var i = 2 * minute; i < known.Count; i++)
        {
            var recent = Sum(known, i - minute + 1, i);
            var before =
                Sum(known, Math.Max(0, i - minute + 1 - level), i - minute) / Math.Min(i - minute + 1, level) * minute;
            if (
                recent < MinSurgeRequests
                || recent < options.SurgeFactor * before
                || recent - before < 4 * Math.Sqrt(Math.Max(before, 1))
            )
            {
                continue;
            }

            var peak = i;
            var highest = recent;
            var end = i;
            for (; end < known.Count && Sum(known, end - minute + 1, end) is var now && now >= 0.5 * highest; end++)
            {
                (peak, highest) = now > highest ? (end, now) : (peak, highest);
            }

            // The minute may have begun quiet: the surge begins with its first interval that is above the level.
            var from = i - minute + 1;
            while (from < i && known[from].Sample.Requests < options.SurgeFactor * before / minute)
            {
                from++;
            }

            surges.Add((from, peak, before / minute / seconds, highest / minute / seconds));
            i = end;
        }

        var coldStart = options.Fleet?.ColdStartSeconds ?? FleetSpecification.DefaultColdStartSeconds;
        foreach (var (from, peak, before, rate) in surges.OrderByDescending(surge => surge.PeakRate).Take(MaxSurges))
        {
            var rise = (peak - from + 1) * seconds;
            var metrics = new Dictionary<string, MetricValue>
            {
                ["requestsPerSecond"] = Math.Round(rate, 6),
                ["levelRequestsPerSecond"] = Math.Round(before, 6),
                ["secondsToPeak"] = rise,
                ["coldStartSeconds"] = coldStart,
                ["prefillTokensPerSecond"] = Math.Round(
                    Mean(known, peak - minute + 1, peak, sample => sample.PrefillTokens) / seconds,
                    3
                ),
            };
            Report(
                FindingKinds.Surge,
                rise < coldStart ? Severity.Warning : Severity.Info,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Requests rose from {before:0.##} to {rate:0.##} a second within {rise:0} "
                        + $"s{(rise < coldStart ? ", faster than a replica starts" : "")}"
                ),
                known[from].Line,
                known[peak].Line,
                metrics,
                Time(known[from].Sample),
                Time(known[peak].Sample)
            );
        }
    }

    /// <summary>A queue that grew for a minute and more.</summary>
    private void Queues()
    {
        var samples = _intervals.Where(interval => double.IsFinite(interval.Sample.Queue)).ToList();
        for (var from = 0; from + 1 < samples.Count; )
        {
            var to = from;
            while (to + 1 < samples.Count && samples[to + 1].Sample.Queue > samples[to].Sample.Queue)
            {
                to++;
            }

            var grown = samples[to].Sample.Queue - samples[from].Sample.Queue;
            if (grown >= MinSurgeRequests && samples[to].Sample.Time - samples[from].Sample.Time >= 60)
            {
                Report(
                    FindingKinds.QueueGrowth,
                    Severity.Error,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The queue grew from {samples[from].Sample.Queue:0} to {samples[to].Sample.Queue:0} requests "
                            + $"in {samples[to].Sample.Time - samples[from].Sample.Time:0} s without a pause: more "
                            + $"arrives than the fleet serves"
                    ),
                    samples[from].Line,
                    samples[to].Line,
                    new()
                    {
                        ["queue"] = samples[to].Sample.Queue,
                        ["queueBefore"] = samples[from].Sample.Queue,
                        ["seconds"] = samples[to].Sample.Time - samples[from].Sample.Time,
                    },
                    Time(samples[from].Sample),
                    Time(samples[to].Sample)
                );
            }

            from = to + 1;
        }
    }

    /// <summary>Samples that did not come: unknown, not zero.</summary>
    private void Gaps()
    {
        if (reading.Samples.Count < 4)
        {
            return;
        }

        var steps = _intervals.Zip(_intervals.Skip(1), (one, next) => next.Sample.Time - one.Sample.Time).ToList();
        var usual = steps.Order().ElementAt(steps.Count / 2);
        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i] > 3 * usual && steps[i] > 60)
            {
                Report(
                    FindingKinds.MetricsGap,
                    Severity.Warning,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"No metrics for {steps[i]:0} s, where one sample in {usual:0} s is usual: the demand of that "
                            + $"time is unknown, not zero"
                    ),
                    _intervals[i].Line,
                    _intervals[i + 1].Line,
                    new() { ["seconds"] = steps[i], ["usualSeconds"] = usual },
                    Time(_intervals[i].Sample),
                    Time(_intervals[i + 1].Sample)
                );
            }
        }
    }

    private void Failures()
    {
        var all = reading.Requests + reading.FailuresWithoutUsage;
        if (all == 0 || reading.FirstFailure is not { } line || reading.Failures < options.FailureShare * all)
        {
            return;
        }

        var share = (double)reading.Failures / all;
        Report(
            FindingKinds.FailedRequests,
            share >= 0.1 ? Severity.Error : Severity.Warning,
            string.Create(CultureInfo.InvariantCulture, $"{reading.Failures} of {all} requests failed ({share:P1})"),
            line,
            line,
            new() { ["failures"] = reading.Failures, ["share"] = Math.Round(share, 6) }
        );
    }

    /// <summary>What the planner says of the fleet's size at the end of the traffic.</summary>
    private void Size(string? name)
    {
        var last = _intervals.Count > 0 ? _intervals[^1] : default;
        if (
            options.Fleet is not { } fleet
            || _intervals.Count == 0
            || (options.Replicas ?? (last.Sample.Ready >= 0 ? (int)last.Sample.Ready : null)) is not { } replicas
        )
        {
            return;
        }

        Plan = FleetPlanner.Plan(
            fleet,
            [.. _intervals.Select(interval => interval.Sample)],
            replicas,
            0,
            last.Sample.Time
        );
        var first = _intervals[Math.Max(0, _intervals.Count - 8)];
        var metrics = new Dictionary<string, MetricValue>
        {
            ["replicas"] = replicas,
            ["wanted"] = Plan.Replicas,
            ["requestsPerSecond"] = Plan.RequestsPerSecond,
            ["plannedRequestsPerSecond"] = Plan.PlannedRequestsPerSecond,
            ["reason"] = Plan.Reason.ToString(),
        };
        if (Plan.Reason == PlanReason.Infeasible)
        {
            Report(
                FindingKinds.SloInfeasible,
                Severity.Error,
                Plan.Why.TrimEnd('.'),
                first.Line,
                last.Line,
                metrics,
                Time(first.Sample),
                Time(last.Sample)
            );
        }
        else if (Plan.Replicas > replicas)
        {
            var late = Plan.Reason is PlanReason.Backlog or PlanReason.Limits;
            var proposal = new Proposal(new ScaleFleet(Plan.Replicas) { Fleet = name }, Plan.Why)
            {
                ExpectedOutcome = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Plan.Replicas} replicas hold the service level under {Plan.PlannedRequestsPerSecond:0.##} "
                        + $"requests a second."
                ),
                Cost = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Plan.Replicas - replicas} more replicas of {fleet.Replica.Gpus} GPUs"
                ),
                Risk = string.Create(
                    CultureInfo.InvariantCulture,
                    $"They serve after a cold start of {fleet.ColdStartSeconds:0} s; a burst that is over by then has "
                        + $"waited in vain."
                ),
            };
            Report(
                late ? FindingKinds.Underprovisioned : FindingKinds.SloAtRisk,
                late ? Severity.Error : Severity.Warning,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{replicas} replicas are too few: the plan is {Plan.Replicas}"
                ),
                first.Line,
                last.Line,
                metrics,
                Time(first.Sample),
                Time(last.Sample),
                proposal
            );
        }
    }

    private void Report(
        string kind,
        Severity severity,
        string title,
        Evidence from,
        Evidence to,
        Dictionary<string, MetricValue> metrics,
        DateTimeOffset? start = null,
        DateTimeOffset? end = null,
        params Proposal[] proposals
    ) =>
        _findings.Add(
            new Finding
            {
                Id = "",
                Kind = kind,
                Severity = severity,
                Role = kind == FindingKinds.QueueGrowth ? FindingRole.Symptom : FindingRole.Root,
                Title = title,
                From = new Position(from.Line, null, start),
                To = new Position(to.Line, null, end),
                Evidence = from == to ? [from] : [from, to],
                Metrics = metrics,
                Proposals = proposals,
            }
        );

    private DateTimeOffset? Time(in DemandSample sample) =>
        reading.HasDates && sample.Time is > 0 and < 1e11
            ? DateTimeOffset.UnixEpoch.AddSeconds(sample.Time - sample.Seconds)
            : null;

    private static double Sum(List<(DemandSample Sample, Evidence Line)> intervals, int from, int to)
    {
        var sum = 0.0;
        for (var i = from; i <= to; i++)
        {
            sum += intervals[i].Sample.Requests;
        }

        return sum;
    }

    private static double Mean(
        List<(DemandSample Sample, Evidence Line)> intervals,
        int from,
        int to,
        Func<DemandSample, double> value
    ) =>
        intervals
            .Skip(from)
            .Take(to - from + 1)
            .Average(interval => double.IsFinite(value(interval.Sample)) ? value(interval.Sample) : 0);
}
