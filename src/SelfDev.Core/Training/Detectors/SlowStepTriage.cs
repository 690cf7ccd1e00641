using System.Globalization;

namespace SelfDev.Core.Training.Detectors;

/// <param name="Excess">Seconds over the usual time.</param>
public sealed record SlowRow(long Step, double Excess, double Seconds, double Usual);

/// <summary>What slow steps have in common.</summary>
/// <param name="Period">Steps between them, 0 where there is no period.</param>
public sealed record SlowStepTriage(string Pattern, long Period, double PeriodicSeconds, double OtherSeconds)
{
    public const string Periodic = "periodic";
    public const string Random = "random";
    public const string Drifting = "drifting";
    public const string Single = "single";

    private const int MaxTriaged = 2000;

    /// <summary>
    /// Periodic: three quarters of the steps belong to at most three series of at least four that lie, give or take one
    /// step, one distance apart, with at most half of the places empty. Drifting: the later half is twice as slow as
    /// the earlier one.
    /// </summary>
    public static SlowStepTriage Of(IReadOnlyList<SlowRow> slow)
    {
        var all = slow.Sum(row => row.Excess);
        if (slow.Count < 4)
        {
            return new SlowStepTriage(slow.Count == 1 ? Single : Random, 0, 0, all);
        }

        var rest = slow.Take(MaxTriaged).ToList();
        var periodic = 0.0;
        var members = 0;
        var period = 0L;
        for (var series = 0; series < 3 && rest.Count >= 4; series++)
        {
            var (found, of) = BestPeriod(rest);
            if (found == 0)
            {
                break;
            }

            period = series == 0 ? found : period;
            members += of.Count;
            periodic += of.Sum(row => row.Excess);
            rest.RemoveAll(of.Contains);
        }

        if (members >= 0.75 * Math.Min(slow.Count, MaxTriaged))
        {
            return new SlowStepTriage(Periodic, period, periodic, all - periodic);
        }

        var half = slow.Count / 2;
        var early = slow.Take(half).Average(row => row.Excess);
        var late = slow.Skip(half).Average(row => row.Excess);
        return new SlowStepTriage(slow.Count >= 16 && late > 2 * early ? Drifting : Random, 0, 0, all);
    }

    public string Describe() =>
        Pattern == Periodic ? string.Create(CultureInfo.InvariantCulture, $"every {Period} steps") : Pattern;

    private static (long Period, HashSet<SlowRow> Members) BestPeriod(List<SlowRow> slow)
    {
        var distances = new Dictionary<long, int>();
        for (var i = 0; i < slow.Count; i++)
        {
            for (var j = i + 1; j < Math.Min(slow.Count, i + 7); j++)
            {
                var distance = slow[j].Step - slow[i].Step;
                distances[distance] = distances.GetValueOrDefault(distance) + 1;
            }
        }

        (long Period, HashSet<SlowRow> Members) best = (0, []);
        foreach (
            var (period, _) in distances
                .Where(pair => pair.Key >= 4)
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key)
                .Take(16)
        )
        {
            var phase = slow.GroupBy(row => row.Step % period)
                .OrderByDescending(group => group.Count())
                .ThenBy(group => group.Key)
                .First()
                .Key;
            var members = slow.Where(row => Distance(row.Step % period, phase, period) <= 1).ToHashSet();
            var places = ((members.Max(row => row.Step) - members.Min(row => row.Step)) / period) + 1;
            if (members.Count >= 4 && members.Count >= 0.5 * places && members.Count > best.Members.Count)
            {
                best = (period, members);
            }
        }

        return best;
    }

    private static long Distance(long a, long b, long period) => Math.Min(Math.Abs(a - b), period - Math.Abs(a - b));
}
