using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>The items that two evaluations of a task have in common.</summary>
internal sealed class ItemPairs
{
    private readonly SampleColumns _baseline;
    private readonly SampleColumns _candidate;
    private readonly List<(ArraySegment<int> Baseline, ArraySegment<int> Candidate)> _pairs = [];

    public ItemPairs(SampleColumns baseline, SampleColumns candidate)
    {
        _baseline = baseline;
        _candidate = candidate;
        var (ours, starts) = baseline.ByItem();
        var (theirs, theirStarts) = candidate.ByItem();
        BaselineItems = starts.Count - 1;
        var candidateItems = theirStarts.Count - 1;
        for (int mine = 0, other = 0; mine < BaselineItems && other < candidateItems; )
        {
            var order = baseline.Id(ours[starts[mine]]).CompareTo(candidate.Id(theirs[theirStarts[other]]));
            if (order == 0)
            {
                Add(
                    new ArraySegment<int>(ours, starts[mine], starts[mine + 1] - starts[mine]),
                    new ArraySegment<int>(theirs, theirStarts[other], theirStarts[other + 1] - theirStarts[other])
                );
            }

            mine += order <= 0 ? 1 : 0;
            other += order >= 0 ? 1 : 0;
        }

        // In order of the baseline's file, so that what is shown first stands first.
        _pairs.Sort((a, b) => a.Baseline[0].CompareTo(b.Baseline[0]));
        FindRenderings();
    }

    public int Count => _pairs.Count;

    public int BaselineItems { get; }

    /// <value>Items of the same id with another document or another target: not the same item, so left out.</value>
    public int OtherDocuments { get; private set; }

    public int InputsCompared { get; private set; }

    /// <value>Positions of pairs whose rendered inputs differ.</value>
    public List<int> InputsDiffer { get; } = [];

    public (ArraySegment<int> Baseline, ArraySegment<int> Candidate) this[int pair] => _pairs[pair];

    public bool HasRepeats => _baseline.Epochs > 1 || _candidate.Epochs > 1;

    public bool HasClusters => _baseline.HasClusters || _candidate.HasClusters;

    /// <summary>Mean scores of a pair over its tries; NaN where a side has none.</summary>
    public (double Baseline, double Candidate) Scores(string metric, int pair) =>
        (Mean(_baseline, metric, _pairs[pair].Baseline), Mean(_candidate, metric, _pairs[pair].Candidate));

    public ulong Cluster(int pair) =>
        (_baseline.HasClusters ? _baseline : _candidate) is var side && side == _baseline
            ? side.Cluster(_pairs[pair].Baseline[0])
            : side.Cluster(_pairs[pair].Candidate[0]);

    private void Add(ArraySegment<int> ours, ArraySegment<int> theirs)
    {
        if (
            Differ(_baseline.DocumentKey(ours[0]), _candidate.DocumentKey(theirs[0]))
            || Differ(_baseline.TargetKey(ours[0]), _candidate.TargetKey(theirs[0]))
        )
        {
            OtherDocuments++;
            return;
        }

        _pairs.Add((ours, theirs));
    }

    private void FindRenderings()
    {
        for (var pair = 0; pair < _pairs.Count; pair++)
        {
            var (before, after) = (
                _baseline.InputKey(_pairs[pair].Baseline[0]),
                _candidate.InputKey(_pairs[pair].Candidate[0])
            );
            if (before != 0 && after != 0)
            {
                InputsCompared++;
                if (before != after)
                {
                    InputsDiffer.Add(pair);
                }
            }
        }
    }

    private static double Mean(SampleColumns samples, string metric, ArraySegment<int> rows)
    {
        if (rows.Count == 1)
        {
            return samples.Score(metric, rows[0]);
        }

        var sum = 0.0;
        var count = 0;
        foreach (var row in rows)
        {
            var score = samples.Score(metric, row);
            if (!double.IsNaN(score))
            {
                sum += score;
                count++;
            }
        }

        return count == 0 ? double.NaN : sum / count;
    }

    private static bool Differ(ulong a, ulong b) => a != 0 && b != 0 && a != b;
}
