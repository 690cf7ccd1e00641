namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// One row for each kind of <see cref="FindingKinds"/>: the one place that says what a kind means, how bad it
/// usually is and what it may propose. A kind without a row is not reported, see <see cref="Require"/>.
/// </summary>
public static class FindingCatalog
{
    /// <value>The rows by what they are found in, in the order in which they are printed.</value>
    public static IReadOnlyList<FindingChapter> Chapters { get; } =
    [
        new("Training", "training", TrainingRows.Rows),
        new("Evaluation", "evals", EvaluationRows.Rows),
        new("Serving: caches, requests and conversations", "serving", CacheRows.Rows),
        new("Serving: what prompts rendered to", "serving", PromptRows.Rows),
        new("Fleets", "traffic", TrafficRows.Rows),
        new("Any artifact, and the storage itself", null, CommonRows.Rows),
    ];

    /// <value>Every row, in the order of <see cref="Chapters"/>.</value>
    public static IReadOnlyList<FindingRow> Rows { get; } = [.. Chapters.SelectMany(chapter => chapter.Rows)];

    private static readonly Dictionary<string, FindingRow> ByKind = Rows.ToDictionary(
        row => row.Kind,
        StringComparer.Ordinal
    );

    /// <returns>Null for a kind that is not in the catalog, as a report of another version may hold.</returns>
    public static FindingRow? Find(string kind) => ByKind.GetValueOrDefault(kind);

    /// <exception cref="InvalidOperationException">The kind has no row.</exception>
    public static FindingRow Require(string kind) =>
        Find(kind)
        ?? throw new InvalidOperationException(
            $"A finding of the kind '{kind}' cannot be reported: {nameof(FindingCatalog)} has no row for it. Add the "
                + $"kind to {nameof(FindingKinds)} and a row that says what it means."
        );
}

/// <param name="Title">A heading.</param>
/// <param name="Artifacts">The kind of artifact, as paths and the command line name it; null: any.</param>
public sealed record FindingChapter(string Title, string? Artifacts, IReadOnlyList<FindingRow> Rows);
