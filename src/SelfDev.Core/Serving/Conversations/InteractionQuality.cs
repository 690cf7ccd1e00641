using System.Globalization;
using System.Runtime.InteropServices;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;
using SelfDev.Core.Statistics;
using SelfDev.Core.Text;

namespace SelfDev.Core.Serving.Conversations;

/// <summary>
/// How conversations go, by checkpoint: every message is counted once, when it first stands in its conversation. Counts
/// and rates only; no text is kept.
/// </summary>
internal sealed class InteractionQuality
{
    /// <summary>Conversations that are told apart; later ones are not counted.</summary>
    private const int MaxSessions = 1_000_000;

    /// <summary>Below this a mean over sessions has no usable standard error.</summary>
    private const int LeastSessions = 20;
    private const double Alpha = 0.05;

    private static readonly (string Name, QualityCount Count, QualityCount Over, bool MoreIsWorse)[] Rates =
    [
        ("clarifications per reply", QualityCount.Clarifications, QualityCount.Replies, true),
        ("corrections per turn", QualityCount.Corrections, QualityCount.Turns, true),
        ("complaints per turn", QualityCount.Complaints, QualityCount.Turns, true),
        ("thanks per turn", QualityCount.Thanks, QualityCount.Turns, false),
        ("broken calls per call", QualityCount.BrokenCalls, QualityCount.Calls, true),
        ("repeated calls per call", QualityCount.RepeatedCalls, QualityCount.Calls, true),
        ("refusals per reply", QualityCount.Refusals, QualityCount.Replies, true),
        ("progress per reply", QualityCount.Progress, QualityCount.Replies, false),
        ("dead ends per session", QualityCount.DeadEnds, QualityCount.Turns, true),
    ];

    /// <summary>Checkpoints side by side in the report; the summary has all.</summary>
    private const int MaxShown = 6;

    private static readonly (string Name, Func<QualitySummary, string> Of)[] Measures =
    [
        ("sessions", row => Text(row.Sessions)),
        ("turns of the user", row => Text(row.Turns)),
        ("replies", row => Text(row.Replies)),
        ("questions back to the user", row => Text(row.Clarifications)),
        ("corrections by the user", row => Text(row.Corrections)),
        ("complaints", row => Text(row.Complaints)),
        ("thanks", row => Text(row.Thanks)),
        ("tool calls", row => Text(row.Calls)),
        ("calls that are no JSON", row => Text(row.BrokenCalls)),
        ("repeated calls", row => Text(row.RepeatedCalls)),
        ("refusals", row => Text(row.Refusals)),
        ("progress per reply", row => row.ProgressPerReply.ToString("0.00", CultureInfo.InvariantCulture)),
        ("dead ends", row => Text(row.DeadEnds)),
    ];

    private readonly InteractionPhrases _phrases = InteractionPhrases.Default;
    private readonly Dictionary<(UInt128 Session, string Checkpoint), SessionQuality> _sessions = [];
    private bool _hasText;

    public void Take(ServedRequest request, in AccountedRequest accounted)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        if (components.Length == 0)
        {
            return;
        }

        // Replies in the prompt were given by whoever answered the request before.
        var author = accounted is { IsContinuation: true, Predecessor: { } past } ? past.Model : accounted.Model;
        var from = accounted is { IsContinuation: true, Predecessor: { } before }
            ? before.Count
            : PromptLikeness.StableCount(components);
        if (
            Session(accounted.Session, author, request) is not { } session
            || Session(accounted.Session, accounted.Model, request) is not { } current
        )
        {
            return;
        }

        for (var i = from; i < components.Length; i++)
        {
            Count(session, request, components, i);
        }

        session.Pending = null;
        if (request.Reply is { } reply)
        {
            reply.Role = MessageRole.Assistant;
            reply.Hash = PromptReader.HashOf(request.TextOf(reply), reply);
            var (refusal, question) = _phrases.OfAssistant(request.TextOf(reply), reply.Calls > 0);
            current.Pending = (reply, refusal, question);
        }
    }

    public IReadOnlyList<QualitySummary> Summarise() =>
        [
            .. ByCheckpoint()
                .Select(pair => Sum(pair.Key, pair.Value))
                .Where(summary => summary.Turns + summary.Replies > 0),
        ];

    /// <summary>The checkpoints of this traffic with those of a baseline; without one, each later checkpoint with the
    /// first.</summary>
    public IReadOnlyList<QualityComparison> Compare(InteractionQuality? baseline)
    {
        const int MaxComparisons = 16;
        var own = ByCheckpoint();
        if (baseline is not null)
        {
            var others = baseline.ByCheckpoint();
            return
            [
                .. own.SelectMany(pair => others.Select(other => Compare(pair.Key, pair.Value, other.Key, other.Value)))
                    .Take(MaxComparisons),
            ];
        }

        return own.Count < 2
            ? []
            :
            [
                .. own.Skip(1)
                    .Take(MaxComparisons)
                    .Select(pair => Compare(pair.Key, pair.Value, own[0].Key, own[0].Value)),
            ];
    }

    public IEnumerable<Finding> Findings(IReadOnlyList<QualityComparison> comparisons)
    {
        foreach (
            var comparison in comparisons.Where(comparison =>
                comparison.Verdict is QualityComparison.Worse or QualityComparison.Mixed
            )
        )
        {
            var place = _sessions
                .Where(pair => pair.Key.Checkpoint == comparison.Checkpoint)
                .Select(pair => pair.Value.First)
                .MinBy(first => first.Number);
            var metrics = new Dictionary<string, MetricValue>
            {
                ["sessions"] = comparison.Sessions,
                ["againstSessions"] = comparison.AgainstSessions,
            };
            foreach (
                var difference in comparison.Metrics.Where(difference => difference.Verdict == QualityComparison.Worse)
            )
            {
                metrics[difference.Metric] = difference.Value;
                metrics[difference.Metric + ", before"] = difference.Against;
            }

            yield return new Finding
            {
                Id = "",
                Kind = FindingKinds.QualityRegression,
                Severity = comparison.Verdict == QualityComparison.Worse ? Severity.Error : Severity.Warning,
                Role = FindingRole.Root,
                Title =
                    $"Conversations go worse than with the other checkpoint: "
                    + $"{string.Join(", ", comparison.Metrics.Where(difference => difference.Verdict == QualityComparison.Worse).Select(difference => difference.Metric))}",
                From = new Position(place.Line, place.Number, null),
                To = new Position(place.Line, place.Number, null),
                Evidence =
                [
                    new Evidence(
                        place.Line,
                        place.Offset,
                        string.Create(CultureInfo.InvariantCulture, $"request {place.Number}")
                    ),
                ],
                Metrics = metrics,
            };
        }
    }

    public static IEnumerable<ReportBlock> Blocks(ServingSummary summary)
    {
        if (summary.Quality.Count > 0)
        {
            var shown = summary.Quality.Take(MaxShown).ToList();
            yield return new Table(
                "How conversations went, by checkpoint",
                ["", .. shown.Select(row => SafeText.SingleLine(row.Checkpoint))],
                [.. Measures.Select(measure => (IReadOnlyList<string>)[measure.Name, .. shown.Select(measure.Of)])]
            )
            {
                NumericColumns = [.. Enumerable.Range(1, shown.Count)],
            };
        }

        foreach (var comparison in summary.QualityComparisons)
        {
            yield return new Chart(
                $"{SafeText.SingleLine(comparison.Checkpoint)} against {SafeText.SingleLine(comparison.Against)}: "
                    + $"{comparison.Verdict}",
                ChartForm.Interval,
                "difference of the rates, 95 % interval",
                "",
                [
                    new Series(
                        "difference",
                        [
                            .. comparison.Metrics.Select(
                                (difference, index) =>
                                    new ChartPoint(index, difference.Difference)
                                    {
                                        Label = difference.Metric,
                                        Low = difference.Low,
                                        High = difference.High,
                                    }
                            ),
                        ]
                    ),
                ]
            );
        }
    }

    private SessionQuality? Session(UInt128 session, string checkpoint, ServedRequest request)
    {
        if (_sessions.TryGetValue((session, checkpoint), out var known) || _sessions.Count >= MaxSessions)
        {
            return known;
        }

        known = new SessionQuality { First = RequestPlace.Of(request) };
        _sessions.Add((session, checkpoint), known);
        return known;
    }

    private void Count(SessionQuality session, ServedRequest request, ReadOnlySpan<PromptComponent> components, int at)
    {
        ref readonly var component = ref components[at];
        _hasText |= component.Length > 0;
        switch (component.Kind == ComponentKind.Rendered ? MessageRole.None : component.Role)
        {
            case MessageRole.User:
                session.AddUser(
                    _phrases.OfUser(request.TextOf(component)),
                    isReaction: at > 0 && components[at - 1].Role is MessageRole.Assistant or MessageRole.Tool
                );
                break;
            case MessageRole.Assistant:
                var (refusal, question) = _phrases.OfAssistant(request.TextOf(component), component.Calls > 0);
                session.AddReply(component, refusal, question);
                break;
        }
    }

    private List<KeyValuePair<string, List<double[]>>> ByCheckpoint() =>
        [
            .. _sessions
                .GroupBy(pair => pair.Key.Checkpoint, StringComparer.Ordinal)
                .OrderBy(group => group.Min(pair => pair.Value.First.Number))
                .ThenBy(group => group.Key, StringComparer.Ordinal)
                .Select(group =>
                    KeyValuePair.Create(
                        group.Key,
                        group
                            .OrderBy(pair => pair.Value.First.Number)
                            .Select(pair => pair.Value.Finished())
                            .Where(counts => counts[0] + counts[1] > 0)
                            .ToList()
                    )
                ),
        ];

    private QualitySummary Sum(string checkpoint, List<double[]> sessions)
    {
        long Of(QualityCount count) => (long)sessions.Sum(counts => counts[(int)count]);
        long? OfText(QualityCount count) => _hasText ? Of(count) : null;
        return new QualitySummary(
            checkpoint,
            sessions.Count,
            Of(QualityCount.Turns),
            Of(QualityCount.Replies),
            OfText(QualityCount.Clarifications),
            OfText(QualityCount.Corrections),
            OfText(QualityCount.Complaints),
            OfText(QualityCount.Thanks),
            Of(QualityCount.Calls),
            Of(QualityCount.BrokenCalls),
            Of(QualityCount.RepeatedCalls),
            OfText(QualityCount.Refusals),
            Of(QualityCount.Replies) > 0
                ? Math.Round((double)Of(QualityCount.Progress) / Of(QualityCount.Replies), 6)
                : 0,
            Of(QualityCount.DeadEnds)
        );
    }

    private static QualityComparison Compare(
        string checkpoint,
        List<double[]> sessions,
        string against,
        List<double[]> others
    )
    {
        if (sessions.Count < LeastSessions || others.Count < LeastSessions)
        {
            return new QualityComparison(
                checkpoint,
                against,
                sessions.Count,
                others.Count,
                QualityComparison.TooFew,
                []
            );
        }

        var compared = Rates
            .Select(rate =>
                (rate, Own: Values(sessions, rate.Count, rate.Over), Other: Values(others, rate.Count, rate.Over))
            )
            .Where(pair => pair.Own.Length >= LeastSessions && pair.Other.Length >= LeastSessions)
            .ToList();
        var differences = compared.Select(pair => Welch(pair.Own, pair.Other)).ToList();
        var adjusted = HolmCorrection.Adjust([.. differences.Select(difference => difference.PValue)]);
        var metrics = compared
            .Select(
                (pair, i) =>
                {
                    var (difference, error, _) = differences[i];
                    var interval = double.IsFinite(error)
                        ? NormalTest.Interval(difference, error)
                        : new Interval(difference, difference);
                    var verdict =
                        !(adjusted[i] < Alpha) ? QualityComparison.NoDifference
                        : difference > 0 == pair.rate.MoreIsWorse ? QualityComparison.Worse
                        : QualityComparison.Better;
                    return new QualityDifference(
                        pair.rate.Name,
                        Round(StandardErrors.Mean(pair.Own)),
                        Round(StandardErrors.Mean(pair.Other)),
                        Round(difference),
                        Round(interval.Low),
                        Round(interval.High),
                        double.IsNaN(adjusted[i]) ? null : adjusted[i],
                        verdict
                    );
                }
            )
            .ToList();
        var (worse, better) = (
            metrics.Exists(metric => metric.Verdict == QualityComparison.Worse),
            metrics.Exists(metric => metric.Verdict == QualityComparison.Better)
        );
        return new QualityComparison(
            checkpoint,
            against,
            sessions.Count,
            others.Count,
            worse && better ? QualityComparison.Mixed
                : worse ? QualityComparison.Worse
                : better ? QualityComparison.Better
                : QualityComparison.NoDifference,
            metrics
        );
    }

    /// <summary>The rate of each session that has any of what it is a rate of.</summary>
    private static double[] Values(List<double[]> sessions, QualityCount count, QualityCount over) =>
        [
            .. sessions
                .Where(counts => counts[(int)over] > 0)
                .Select(counts =>
                    count == QualityCount.DeadEnds ? counts[(int)count] : counts[(int)count] / counts[(int)over]
                ),
        ];

    /// <summary>Welch (1947): difference of means, its standard error, and the two-sided p value with the
    /// Welch-Satterthwaite degrees of freedom.</summary>
    private static (double Difference, double Error, double PValue) Welch(double[] own, double[] other)
    {
        var (a, b) = (StandardErrors.OfMean(own), StandardErrors.OfMean(other));
        var error = NormalTest.Unpaired(a, b);
        var difference = StandardErrors.Mean(own) - StandardErrors.Mean(other);
        var freedom =
            Math.Pow(error, 4) / ((Math.Pow(a, 4) / (own.Length - 1)) + (Math.Pow(b, 4) / (other.Length - 1)));
        return (difference, error, NormalTest.StudentPValue(difference, error, freedom));
    }

    private static double Round(double value) => Math.Round(value, 6);

    private static string Text(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
