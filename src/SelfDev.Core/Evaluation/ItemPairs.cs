namespace SelfDev.Core.Evaluation;

/// <summary>The items that two evaluations of a task have in common.</summary>
internal sealed class ItemPairs
{
    private readonly SampleColumns _baseline;
    private readonly SampleColumns _candidate;
    private readonly List<(List<int> Baseline, List<int> Candidate)> _pairs = [];

    public ItemPairs(SampleColumns baseline, SampleColumns candidate)
    {
        _baseline = baseline;
        _candidate = candidate;
        var theirs = candidate.ByItem();
        CandidateItems = theirs.Count;
        foreach (var (id, rows) in baseline.ByItem())
        {
            BaselineItems++;
            if (!theirs.TryGetValue(id, out var others))
            {
                continue;
            }

            if (Differ(baseline.DocumentKey(rows[0]), candidate.DocumentKey(others[0])) || Differ(baseline.TargetKey(rows[0]), candidate.TargetKey(others[0])))
            {
                OtherDocuments++;
                continue;
            }

            if (baseline.InputKey(rows[0]) != 0 && candidate.InputKey(others[0]) != 0)
            {
                InputsCompared++;
                if (baseline.InputKey(rows[0]) != candidate.InputKey(others[0]))
                {
                    InputsDiffer.Add(_pairs.Count);
                }
            }

            _pairs.Add((rows, others));
        }
    }

    public int Count => _pairs.Count;

    public int BaselineItems { get; }

    public int CandidateItems { get; }

    /// <value>Items of the same id with another document or another target: not the same item, so left out.</value>
    public int OtherDocuments { get; }

    public int InputsCompared { get; }

    /// <value>Positions of pairs whose rendered inputs differ.</value>
    public List<int> InputsDiffer { get; } = [];

    public (List<int> Baseline, List<int> Candidate) this[int pair] => _pairs[pair];

    public bool HasRepeats => _baseline.Epochs > 1 || _candidate.Epochs > 1;

    public bool HasClusters => _baseline.HasClusters || _candidate.HasClusters;

    /// <summary>Mean scores of a pair over its tries; NaN where a side has none.</summary>
    public (double Baseline, double Candidate) Scores(string metric, int pair) =>
        (Mean(_baseline, metric, _pairs[pair].Baseline), Mean(_candidate, metric, _pairs[pair].Candidate));

    public ulong Cluster(int pair) => (_baseline.HasClusters ? _baseline : _candidate) is var side && side == _baseline
        ? side.Cluster(_pairs[pair].Baseline[0])
        : side.Cluster(_pairs[pair].Candidate[0]);

    private static double Mean(SampleColumns samples, string metric, List<int> rows)
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
