using System.Buffers;
using System.Text;
using MathNet.Numerics.Distributions;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Evaluation.Reading;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>Items that fail alike.</summary>
/// <param name="Template">What their messages have in common, numbers and names taken out; empty where they have
/// none.</param>
/// <param name="Exemplars">Ids, at most three.</param>
public sealed record FailureCluster(
    SampleOutcome Outcome,
    string Template,
    long Items,
    IReadOnlyList<string> Tasks,
    IReadOnlyList<string> Exemplars
)
{
    internal List<SampleText> Texts { get; init; } = [];
}

/// <summary>An attribute value among whose items far more broke than among the others.</summary>
/// <param name="Broken">Items with it that passed before and fail now, of <paramref name="Items"/> with it.</param>
/// <param name="BrokenInAll">The same of all items that were looked at.</param>
/// <param name="P">Hypergeometric chance of so many, after Holm's correction over all values.</param>
public sealed record AttributeCluster(
    string Attribute,
    string Value,
    long Broken,
    long Items,
    long BrokenInAll,
    long AllItems,
    double P
);

/// <summary>Clusters what broke, by what the failures say and by what the items have in common.</summary>
internal sealed class FailureClusterer
{
    /// <summary>Broken items that are looked at; more tell nothing new.</summary>
    public const int MaxItems = 20_000;

    private static readonly SearchValues<char> DataMarks = SearchValues.Create("'\"`/\\@{}");

    private const int MaxClusters = 200;
    private const int MaxTemplateWords = 16;
    private const int MaxAttributeValues = 5000;
    private const int Exemplars = 3;

    private readonly Dictionary<(SampleOutcome, string), FailureCluster> _clusters = [];
    private readonly Dictionary<(string, string), (long Broken, long All)> _attributes = [];
    private long _broken;
    private long _all;

    /// <value>Broken items whose message had a template of its own when there were <see cref="MaxClusters"/>
    /// already.</value>
    public long Unclustered { get; private set; }

    public void AddItem(IReadOnlyList<(string Name, string Value)> attributes)
    {
        _all++;
        Count(attributes, broken: false);
    }

    public void AddBroken(string task, SampleOutcome outcome, SampleText text)
    {
        _broken++;
        Count(text.Attributes, broken: true);
        var template = Template(
            outcome == SampleOutcome.Wrong && text.Message is null ? "" : text.Message ?? text.Output ?? ""
        );
        if (!_clusters.TryGetValue((outcome, template), out var cluster))
        {
            if (_clusters.Count == MaxClusters)
            {
                Unclustered++;
                return;
            }

            cluster = new FailureCluster(outcome, template, 0, [], []);
        }

        if (cluster.Texts.Count < Exemplars)
        {
            cluster.Texts.Add(text);
        }

        _clusters[(outcome, template)] = cluster with
        {
            Items = cluster.Items + 1,
            Tasks = cluster.Tasks.Contains(task) || cluster.Tasks.Count >= 8 ? cluster.Tasks : [.. cluster.Tasks, task],
            Exemplars = [.. cluster.Texts.Select(exemplar => exemplar.Id)],
        };
    }

    /// <returns>The largest first.</returns>
    public IReadOnlyList<FailureCluster> Clusters(int most) =>
        [
            .. _clusters
                .Values.OrderByDescending(cluster => cluster.Items)
                .ThenBy(cluster => cluster.Template, StringComparer.Ordinal)
                .Take(most),
        ];

    /// <summary>Values with a corrected p under alpha, the smallest first.</summary>
    public IReadOnlyList<AttributeCluster> Attributes(double alpha, int most)
    {
        var values = _attributes
            .Where(value => value.Value.Broken >= 3 && value.Value.All < _all)
            .OrderBy(value => value.Key.Item1, StringComparer.Ordinal)
            .ThenBy(value => value.Key.Item2, StringComparer.Ordinal)
            .ToList();
        var adjusted = HolmCorrection.Adjust([.. values.Select(value => Chance(value.Value.Broken, value.Value.All))]);
        return
        [
            .. values
                .Select(
                    (value, index) =>
                        new AttributeCluster(
                            value.Key.Item1,
                            value.Key.Item2,
                            value.Value.Broken,
                            value.Value.All,
                            _broken,
                            _all,
                            adjusted[index]
                        )
                )
                .Where(cluster => cluster.P < alpha)
                .OrderBy(cluster => cluster.P)
                .Take(most),
        ];
    }

    /// <summary>The chance of at least so many broken ones among the items of a value, if breaking did not depend on
    /// it.</summary>
    private double Chance(long broken, long items) =>
        _all > int.MaxValue || items > _all || _broken > _all
            ? double.NaN
            : 1 - Hypergeometric.CDF((int)_all, (int)_broken, (int)items, broken - 1);

    private void Count(IReadOnlyList<(string Name, string Value)> attributes, bool broken)
    {
        foreach (var (name, value) in attributes)
        {
            var key = (name, value);
            if (_attributes.TryGetValue(key, out var counts) || _attributes.Count < MaxAttributeValues)
            {
                _attributes[key] = broken ? (counts.Broken + 1, counts.All) : (counts.Broken, counts.All + 1);
            }
        }
    }

    /// <summary>The first words, with everything that looks like data replaced by <c>&lt;*&gt;</c>: numbers, quoted
    /// text, paths, addresses.</summary>
    internal static string Template(string message)
    {
        var text = new StringBuilder();
        var words = 0;
        var end = message.AsSpan().Trim().IndexOf('\n');
        var line = end < 0 ? message.AsSpan().Trim() : message.AsSpan().Trim()[..end];
        foreach (var range in line.SplitAny(' ', '\t', '\r'))
        {
            var word = line[range];
            if (word.IsEmpty)
            {
                continue;
            }

            if (++words > MaxTemplateWords)
            {
                break;
            }

            text.Append(text.Length > 0 ? " " : "").Append(IsData(word) ? "<*>" : word);
        }

        return text.ToString();
    }

    private static bool IsData(ReadOnlySpan<char> word) =>
        word.Length > 40 || word.IndexOfAnyInRange('0', '9') >= 0 || word.ContainsAny(DataMarks);
}
