using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>What became of the items of one task: transitions, repeats that disagree, the items that moved
/// most.</summary>
internal sealed class ItemChanges
{
    /// <summary>Items that moved most, by task.</summary>
    public const int Movers = 5;

    public TransitionMatrix Matrix { get; } = new();

    /// <value>Pairs whose item passed before and fails now, by position; a flaky item is none of them.</value>
    public List<int> Broken { get; } = [];

    /// <value>Pairs whose item both passes and fails within one evaluation.</value>
    public List<int> Flaky { get; } = [];

    /// <value>Pairs with the largest change of the primary score, the largest first.</value>
    public List<(int Pair, double Change)> Moved { get; } = [];

    /// <value>Pairs that have several tries on a side, so that flaky can be told from broken.</value>
    public int Repeated { get; private set; }

    public static ItemChanges Of(SampleColumns baseline, SampleColumns candidate, ItemPairs pairs, string metric)
    {
        var changes = new ItemChanges();
        for (var pair = 0; pair < pairs.Count; pair++)
        {
            var (before, after) = pairs[pair];
            changes.Repeated += before.Count > 1 || after.Count > 1 ? 1 : 0;
            var was = Usual(baseline, before);
            var now = Usual(candidate, after);
            changes.Matrix.Add(was, now);
            if (Varies(baseline, before) || Varies(candidate, after))
            {
                changes.Flaky.Add(pair);
            }
            else if (was == SampleOutcome.Pass && now != SampleOutcome.Pass)
            {
                changes.Broken.Add(pair);
            }

            var (scoreBefore, scoreAfter) = pairs.Scores(metric, pair);
            changes.Consider(pair, scoreAfter - scoreBefore);
        }

        return changes;
    }

    private void Consider(int pair, double change)
    {
        if (
            double.IsNaN(change)
            || change == 0
            || (Moved.Count == Movers && Math.Abs(change) <= Math.Abs(Moved[^1].Change))
        )
        {
            return;
        }

        var place = Moved.FindIndex(moved => Math.Abs(moved.Change) < Math.Abs(change));
        Moved.Insert(place < 0 ? Moved.Count : place, (pair, change));
        if (Moved.Count > Movers)
        {
            Moved.RemoveAt(Movers);
        }
    }

    /// <summary>The outcome of most tries; of equally many, the first.</summary>
    private static SampleOutcome Usual(SampleColumns samples, ArraySegment<int> rows) =>
        rows.Count == 1 ? samples.Outcome(rows[0]) : rows.CountBy(samples.Outcome).MaxBy(pair => pair.Value).Key;

    private static bool Varies(SampleColumns samples, ArraySegment<int> rows)
    {
        for (var i = 1; i < rows.Count; i++)
        {
            if ((samples.Outcome(rows[i]) == SampleOutcome.Pass) != (samples.Outcome(rows[0]) == SampleOutcome.Pass))
            {
                return true;
            }
        }

        return false;
    }
}
