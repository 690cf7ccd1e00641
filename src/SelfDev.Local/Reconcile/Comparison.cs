using System.Globalization;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Reconcile;

/// <summary>All that a comparison goes by.</summary>
/// <param name="Seen">Null where there is none.</param>
/// <param name="Parts">One for each part that this host has.</param>
/// <param name="LedgerSize">Entries of the ledger.</param>
/// <param name="LedgerRoots">
/// Roots, lower-case hex, by the number of entries that they cover: for the sizes of receipt and head, as far as it
/// reaches.
/// </param>
/// <param name="Receipt">The newest receipt in the engine's histories; null where there is none.</param>
/// <param name="LastHead">The newest head that was seen of the ledger; null where none was.</param>
internal sealed record Evidence(
    LastSeen? Seen,
    IReadOnlyList<PartFacts> Parts,
    long LedgerSize,
    IReadOnlyDictionary<long, string> LedgerRoots,
    LedgerReceipt? Receipt,
    SignedTreeHead? LastHead
);

/// <param name="Part">One of <see cref="Parts"/>.</param>
/// <param name="Text">What is wrong with it, as a clause that begins with its path.</param>
internal sealed record Discrepancy(string Part, string Text);

/// <summary>
/// Whether the parts of a data folder belong together and are as new as was last seen. A crash leaves nothing that is
/// found here, at whatever moment it comes: parts are only ever ahead of what was seen of them, receipts only ever
/// behind the ledger.
/// </summary>
internal static class Comparison
{
    /// <returns>Empty where all is well.</returns>
    public static IReadOnlyList<Discrepancy> Of(Evidence evidence)
    {
        var known = Expected(evidence);
        var found = evidence.Parts.Select(part => CheckPart(part, known, evidence.Seen)).OfType<Discrepancy>().ToList();
        if (found.All(discrepancy => discrepancy.Part != Parts.Ledger) && CheckLedger(evidence) is { } wrong)
        {
            found.Add(wrong);
        }

        return found;
    }

    /// <summary>The number of the newest start that anything knows of.</summary>
    public static long NewestStart(Evidence evidence) =>
        Math.Max(
            evidence.Seen?.Start ?? 0,
            evidence.Parts.Select(part => part.Mark?.Start ?? 0).DefaultIfEmpty().Max()
        );

    // Without the file, or with an older copy of it, the parts have to agree with each other.
    private static LastSeen? Expected(Evidence evidence)
    {
        var marks = evidence
            .Parts.Where(part => part is { Part: not Parts.Storage, Mark: not null })
            .Select(part => part.Mark!)
            .ToList();
        if (marks.Count == 0)
        {
            return evidence.Seen;
        }

        var newest = marks.MaxBy(mark => mark.Start)!;
        var isStale = evidence.Seen is { } seen && seen.Set == newest.Set && newest.Start > seen.Start;
        return evidence.Seen is not null && !isStale
            ? evidence.Seen
            : new LastSeen
            {
                Set = newest.Set,
                Start = newest.Start,
                Starts = evidence
                    .Parts.Where(part => part.Part != Parts.Storage)
                    .ToDictionary(part => part.Part, _ => newest.Start),
                Commits = new Dictionary<string, long>(),
            };
    }

    private static Discrepancy? CheckPart(PartFacts part, LastSeen? known, LastSeen? seen)
    {
        var name = $"{part.Path} ({Parts.Describe(part.Part)})";
        if (known is null)
        {
            return part is { HasContent: true, Mark: null }
                ? new Discrepancy(
                    part.Part,
                    $"{name} was made by an earlier version, which kept decisions and ledger elsewhere"
                )
                : null;
        }

        long? start = known.Starts.TryGetValue(part.Part, out var before) ? before : null;
        if (part.Mark is not { } mark)
        {
            // Not there yet when the last start was cut off, or never used by a host of this folder; or made by a start
            // that was cut off before it could mark it. Until all parts are marked nothing is acknowledged.
            return start is null && (known.IsOpening || !part.HasContent)
                ? null
                : new Discrepancy(part.Part, $"{name} is missing or was emptied");
        }

        // A start that was cut off while it took over what a person had accepted: its marks are set by the next one.
        var isTakenOver = known is { IsOpening: true, Loss: not null } && mark.Start == start;
        if (mark.Set != known.Set && !isTakenOver)
        {
            return new Discrepancy(part.Part, $"{name} belongs to another data folder");
        }

        if (
            mark.Start != start
            && !(known.IsOpening && mark.Start == known.Start)
            && !(start is null && part.Part == Parts.Storage)
        )
        {
            return new Discrepancy(
                part.Part,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} is an older copy: it knows of {mark.Start} starts of the host, not {start ?? known.Start}"
                )
            );
        }

        return seen?.Commits.TryGetValue(part.Part, out var commits) == true && mark.Commits < commits
            ? new Discrepancy(
                part.Part,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} is an older copy: it has {mark.Commits} of {commits} changes"
                )
            )
            : null;
    }

    private static Discrepancy? CheckLedger(Evidence evidence)
    {
        if (evidence.Parts.FirstOrDefault(part => part.Part == Parts.Ledger) is not { } ledger)
        {
            return null;
        }

        var claims = new (long Size, string Root, string Says)?[]
        {
            evidence.Receipt is { } receipt
                ? (receipt.TreeSize, receipt.RootHash, "the engine's newest receipt")
                : null,
            evidence.LastHead is { } head ? (head.TreeSize, head.RootHash, "the last head that was seen") : null,
        };
        foreach (var (size, root, says) in claims.OfType<(long Size, string Root, string Says)>())
        {
            var wrong =
                size > evidence.LedgerSize
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"has {evidence.LedgerSize} entries, {says} covers {size}"
                    )
                : evidence.LedgerRoots[size] != root
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"is another one: its first {size} entries do not have the root of {says}"
                    )
                : null;
            if (wrong is not null)
            {
                return new Discrepancy(Parts.Ledger, $"{ledger.Path} (the ledger) {wrong}");
            }
        }

        return null;
    }
}
