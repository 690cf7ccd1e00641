using System.Text.Json.Serialization;
using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>How the same items ended before and after: counts by outcome of the baseline (rows) and of the candidate
/// (columns).</summary>
public sealed class TransitionMatrix
{
    private readonly long[,] _counts = new long[Outcomes.Length, Outcomes.Length];

    public static SampleOutcome[] Outcomes { get; } = Enum.GetValues<SampleOutcome>();

    [JsonIgnore]
    public long Total { get; private set; }

    /// <value>Non-zero cells only.</value>
    public IEnumerable<Transition> Cells =>
        Outcomes.SelectMany(from =>
            Outcomes.Where(to => this[from, to] > 0).Select(to => new Transition(from, to, this[from, to]))
        );

    /// <value>Items that passed before and do not now.</value>
    public long Lost => Outcomes.Where(to => to != SampleOutcome.Pass).Sum(to => this[SampleOutcome.Pass, to]);

    public long Won => Outcomes.Where(from => from != SampleOutcome.Pass).Sum(from => this[from, SampleOutcome.Pass]);

    public long this[SampleOutcome from, SampleOutcome to] => _counts[(int)from, (int)to];

    public void Add(SampleOutcome from, SampleOutcome to)
    {
        _counts[(int)from, (int)to]++;
        Total++;
    }

    public void Add(TransitionMatrix other)
    {
        foreach (var from in Outcomes)
        {
            foreach (var to in Outcomes)
            {
                _counts[(int)from, (int)to] += other[from, to];
            }
        }

        Total += other.Total;
    }
}

public sealed record Transition(SampleOutcome From, SampleOutcome To, long Items);
