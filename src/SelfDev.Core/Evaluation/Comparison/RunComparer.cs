using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Evaluation.Reading;
using SelfDev.Core.Rendering;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>Compares two evaluations: task by task by their columns, then in one more reading of the files for the
/// texts that explain it.</summary>
internal sealed class RunComparer(EvaluationOptions options, EvaluationReader reader, CancellationToken cancellation)
{
    private const int RenderingsPerTask = 3;
    private const int RenderingsInAll = 60;
    private const int MoversInAll = 12;
    private const int ClustersShown = 12;

    public RunComparison Compare(
        EvaluationRun baseline,
        EvaluationInput baselineInput,
        EvaluationRun candidate,
        EvaluationInput candidateInput
    )
    {
        candidate.AdoptName(baseline);
        var work = new Work(options, cancellation);
        foreach (var (name, task) in candidate.Tasks)
        {
            cancellation.ThrowIfCancellationRequested();
            if (baseline.Tasks.TryGetValue(name, out var other))
            {
                work.Compare(other, task);
            }
        }

        if (work.Comparisons.Count == 0 && options.Metrics != EvaluationOptions.AllMetrics)
        {
            throw new ArtifactUnreadableException(
                $"No task that both evaluations have reports any metric of the option 'metrics' "
                    + $"({SafeText.SingleLine(options.Metrics)})."
            );
        }

        var each = work.HasBroken ? work.Clusterer : null;
        work.CandidateTexts.Fetch(reader, candidateInput.Files, row => each?.AddItem(row.Attributes));
        work.BaselineTexts.Fetch(reader, baselineInput.Files);
        var judged = VerdictRules.Apply(work.Comparisons, options, task => Seconds(candidate, task));
        return new RunComparison(baseline, candidate)
        {
            Tasks = judged,
            Harness = Grouped(work.Harness),
            Renderings = work.Renderings(),
            Transitions = work.Total,
            TransitionsByTask = work.ByTask,
            Flaky = work.Flaky(),
            Clusters = work.Clusterer.Clusters(ClustersShown),
            Attributes = work.Clusterer.Attributes(options.Alpha, ClustersShown),
            Movers = work.Movers(),
            Generation = GenerationReport.Lines(work.Generations, judged),
            OnlyBaseline = [.. baseline.Tasks.Keys.Where(task => !candidate.Tasks.ContainsKey(task))],
            OnlyCandidate = [.. candidate.Tasks.Keys.Where(task => !baseline.Tasks.ContainsKey(task))],
            BrokenLeftOut = work.BrokenLeftOut + work.Clusterer.Unclustered,
        };
    }

    private double Seconds(EvaluationRun run, string task)
    {
        if (options.SecondsPerSample > 0)
        {
            return options.SecondsPerSample;
        }

        var samples = run.Tasks[task].Samples;
        if (samples.HasSeconds)
        {
            var known = Enumerable
                .Range(0, samples.Count)
                .Select(samples.Seconds)
                .Where(seconds => !double.IsNaN(seconds))
                .DefaultIfEmpty(double.NaN)
                .Average();
            return known;
        }

        var all =
            run.Samples > 0
                ? run.Samples
                : run.Tasks.Values.Sum(other => other.Reported.Values.Max(score => score.Samples ?? 0));
        return run.TotalSeconds > 0 && all > 0 ? run.TotalSeconds / all : double.NaN;
    }

    /// <summary>A difference that many tasks share is one difference.</summary>
    private static List<HarnessDifference> Grouped(List<HarnessDifference> differences) =>
        [
            .. differences
                .GroupBy(difference => (difference.Fact, difference.Baseline, difference.Candidate))
                .Select(group => group.First() with { OtherTasks = group.Count() - 1 })
                .OrderByDescending(difference => difference.Decisive)
                .ThenBy(difference => difference.Fact, StringComparer.Ordinal),
        ];

    private sealed class Work(EvaluationOptions options, CancellationToken cancellation)
    {
        private readonly TaskComparer _comparer = new(options, cancellation);
        private readonly List<RenderedPair> _rendered = [];
        private readonly List<(string Task, double Change, SampleText?[] Text)> _moved = [];
        private readonly List<(FlakyTask Task, List<SampleText> Examples)> _flaky = [];
        private long _brokenWanted;

        public List<TaskComparison> Comparisons { get; } = [];

        public List<HarnessDifference> Harness { get; } = [];

        public TransitionMatrix Total { get; } = new();

        public Dictionary<string, TransitionMatrix> ByTask { get; } = new(StringComparer.Ordinal);

        public FailureClusterer Clusterer { get; } = new();

        public SampleTexts CandidateTexts { get; } = new();

        public SampleTexts BaselineTexts { get; } = new();

        public List<GenerationData> Generations { get; } = [];

        public long BrokenLeftOut { get; private set; }

        public bool HasBroken => _brokenWanted > 0;

        public void Compare(TaskRun baseline, TaskRun candidate)
        {
            var pairs = new ItemPairs(baseline.Samples, candidate.Samples);
            var differences = HarnessComparer.Differences(baseline, candidate);
            var obstacles = HarnessComparer.Obstacles(baseline, candidate, pairs, differences, options);
            var incomplete =
                baseline.Status != EvaluationStatus.Complete || candidate.Status != EvaluationStatus.Complete;
            var comparisons = _comparer.Compare(baseline, candidate, pairs);
            Harness.AddRange(differences);
            Comparisons.AddRange(
                comparisons.Select(comparison =>
                    obstacles.Count == 0
                        ? comparison
                        : comparison with
                        {
                            IsAttributable = false,
                            Reasons = obstacles,
                            P = incomplete ? null : comparison.P,
                        }
                )
            );
            if (pairs.Count == 0 || comparisons.Count == 0)
            {
                return;
            }

            WantRenderings(baseline, candidate, pairs);
            var changes = ItemChanges.Of(baseline.Samples, candidate.Samples, pairs, comparisons[0].Metric);
            Total.Add(changes.Matrix);
            ByTask.Add(candidate.Task, changes.Matrix);
            WantBroken(candidate, pairs, changes);
            WantMoved(candidate, pairs, changes);
            WantFlaky(candidate, pairs, changes);
            if (
                GenerationData.Of(candidate.Task, baseline.Samples, candidate.Samples, pairs, comparisons[0].Metric) is
                { } generation
            )
            {
                Generations.Add(generation);
            }
        }

        public List<RenderDifference> Renderings() =>
            [.. _rendered.Select(pair => pair.Compare()).OfType<RenderDifference>()];

        public List<ItemChange> Movers() =>
            [
                .. _moved
                    .Where(moved => moved.Text[0] is not null)
                    .OrderByDescending(moved => Math.Abs(moved.Change))
                    .ThenBy(moved => moved.Task, StringComparer.Ordinal)
                    .Take(MoversInAll)
                    .Select(moved => new ItemChange(moved.Task, moved.Text[0]!.Id, moved.Change)
                    {
                        Text = moved.Text[0]!,
                    }),
            ];

        public List<FlakyTask> Flaky() =>
            [
                .. _flaky.Select(flaky =>
                    flaky.Task with
                    {
                        Examples = [.. flaky.Examples.Select(example => example.Id)],
                        Place = flaky.Examples.FirstOrDefault()?.Place,
                    }
                ),
            ];

        private void WantRenderings(TaskRun baseline, TaskRun candidate, ItemPairs pairs)
        {
            foreach (
                var pair in pairs.InputsDiffer.Take(Math.Min(RenderingsPerTask, RenderingsInAll - _rendered.Count))
            )
            {
                var rendered = new RenderedPair(candidate.Task, pairs.InputsDiffer.Count, pairs.InputsCompared);
                _rendered.Add(rendered);
                BaselineTexts.Want(
                    baseline.Task,
                    baseline.Samples,
                    pairs[pair].Baseline[0],
                    text => rendered.Baseline = text
                );
                WantCandidate(
                    candidate.Task,
                    candidate.Samples,
                    pairs[pair].Candidate[0],
                    text => rendered.Candidate = text
                );
            }
        }

        private void WantBroken(TaskRun candidate, ItemPairs pairs, ItemChanges changes)
        {
            foreach (var pair in changes.Broken)
            {
                if (_brokenWanted == FailureClusterer.MaxItems)
                {
                    BrokenLeftOut++;
                    continue;
                }

                _brokenWanted++;
                var rows = pairs[pair].Candidate;
                var row = rows.First(row => candidate.Samples.Outcome(row) != SampleOutcome.Pass);
                WantCandidate(
                    candidate.Task,
                    candidate.Samples,
                    row,
                    text => Clusterer.AddBroken(candidate.Task, candidate.Samples.Outcome(row), text)
                );
            }
        }

        private void WantMoved(TaskRun candidate, ItemPairs pairs, ItemChanges changes)
        {
            foreach (var (pair, change) in changes.Moved)
            {
                var text = new SampleText?[1];
                _moved.Add((candidate.Task, change, text));
                WantCandidate(candidate.Task, candidate.Samples, pairs[pair].Candidate[0], found => text[0] = found);
            }
        }

        private void WantFlaky(TaskRun candidate, ItemPairs pairs, ItemChanges changes)
        {
            if (changes.Flaky.Count == 0)
            {
                return;
            }

            var examples = new List<SampleText>();
            _flaky.Add(
                (
                    new FlakyTask(candidate.Task, changes.Flaky.Count, changes.Repeated, changes.Broken.Count, []),
                    examples
                )
            );
            foreach (var pair in changes.Flaky.Take(3))
            {
                WantCandidate(candidate.Task, candidate.Samples, pairs[pair].Candidate[0], examples.Add);
            }
        }

        private void WantCandidate(string task, SampleColumns samples, int row, Action<SampleText> take) =>
            CandidateTexts.Want(task, samples, row, take);
    }

    private sealed class RenderedPair(string task, long items, long compared)
    {
        public SampleText? Baseline { get; set; }

        public SampleText? Candidate { get; set; }

        public RenderDifference? Compare()
        {
            if (Baseline?.Input is not { } before || Candidate?.Input is not { } after)
            {
                return null;
            }

            var difference = RenderDiff.Compare(before, after);
            return difference.Class == RenderingClass.None
                ? null
                : new RenderDifference(
                    task,
                    Candidate.Id,
                    items,
                    compared,
                    difference.Class,
                    difference.ExplainsAll,
                    difference.Offset,
                    difference.First.Text,
                    difference.Second.Text,
                    SafeText.Block(RenderDiff.Describe(difference))
                )
                {
                    Place = Candidate.Place,
                    Lengths = (difference.First.Length, difference.Second.Length),
                };
        }
    }
}
