using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// What earlier diagnoses said, under <c>evidence/memory/</c>: which findings of a growing blob have been reported,
/// when its versions came, and which cause hit which node how often. Blobs are only ever created, so that a repeated or
/// concurrent diagnosis needs no lock; their names are hashes, never text of an artifact.
/// </summary>
public sealed class FindingMemory(IArtifactStore store)
{
    /// <summary>Occurrences of one cause on one node that are counted; a node that reaches it has long been
    /// replaced.</summary>
    private const int MostOccurrences = 100;

    /// <summary>
    /// Keeps the proposals of findings that no earlier diagnosis of this blob reported, or reported as less severe. The
    /// others stay in the report with their first report's id (metric <c>reportedIn</c>), and nobody is asked about
    /// them again.
    /// </summary>
    /// <param name="reportId">A repeated call of one diagnosis gives the same answer.</param>
    public async Task<IReadOnlyList<Finding>> MuteKnownAsync(
        string blobName,
        string reportId,
        IReadOnlyList<Finding> findings,
        CancellationToken cancellation
    )
    {
        var result = new List<Finding>(findings.Count);
        foreach (var finding in findings)
        {
            var first =
                finding.Proposals.Count == 0
                    ? reportId
                    : await FirstReportAsync(blobName, reportId, finding, cancellation);
            result.Add(
                first == reportId
                    ? finding
                    : finding with
                    {
                        Proposals = [],
                        Metrics = new Dictionary<string, MetricValue>(finding.Metrics) { ["reportedIn"] = first },
                    }
            );
        }

        return result;
    }

    /// <summary>Adds the occurrences to those of earlier artifacts.</summary>
    /// <returns>All of the same causes on the same nodes, these included.</returns>
    public async Task<IReadOnlyList<CauseOccurrence>> RememberAsync(
        IReadOnlyList<CauseOccurrence> occurrences,
        CancellationToken cancellation
    )
    {
        var all = new List<CauseOccurrence>();
        foreach (
            var group in occurrences.GroupBy(occurrence => (occurrence.Cause, Node: occurrence.Node.ToLowerInvariant()))
        )
        {
            var folder = $"memory/occurrences/{Hash($"{group.Key.Cause}\n{group.Key.Node}")}";
            foreach (var occurrence in group)
            {
                await store.TryCreateAsync(
                    Containers.Evidence,
                    $"{folder}/{occurrence.Identity}",
                    ReadOnlyMemory<byte>.Empty,
                    "text/plain",
                    cancellation
                );
            }

            await foreach (var blob in store.ListAsync(Containers.Evidence, folder + "/", cancellation))
            {
                if (await TryReadAsync(blob.Blob.Name, cancellation) is null)
                {
                    // Somebody else's mark: it must not make a cause look frequent.
                    continue;
                }

                all.Add(group.First() with { Identity = blob.Blob.Name[(folder.Length + 1)..] });
                if (all.Count >= MostOccurrences)
                {
                    break;
                }
            }
        }

        return all;
    }

    /// <summary>Notes this version of the blob. The same content again, say because storage had lost it, is no news of
    /// the run.</summary>
    /// <param name="sha256">Of the content, in hex.</param>
    /// <returns>The longest time between two of its versions so far; null for a blob that was dropped once, which is no
    /// live log.</returns>
    public async Task<TimeSpan?> LongestGapAsync(string blobName, string sha256, CancellationToken cancellation)
    {
        var folder = $"memory/versions/{Hash(blobName)}";
        await store.TryCreateAsync(
            Containers.Evidence,
            $"{folder}/{Hash(sha256)}",
            ReadOnlyMemory<byte>.Empty,
            "text/plain",
            cancellation
        );
        var times = new List<DateTimeOffset>();
        await foreach (var blob in store.ListAsync(Containers.Evidence, folder + "/", cancellation))
        {
            times.Add(blob.LastModified);
        }

        times.Sort();
        return times.Count < 2 ? null : times.Zip(times.Skip(1), (earlier, later) => later - earlier).Max();
    }

    private async Task<string> FirstReportAsync(
        string blobName,
        string reportId,
        Finding finding,
        CancellationToken cancellation
    )
    {
        var severity = ((int)finding.Severity).ToString(CultureInfo.InvariantCulture);
        var name = $"memory/findings/{Hash(blobName)}/{FindingIdentity.Of(finding)}-{severity}";
        if (
            await store.TryCreateAsync(
                Containers.Evidence,
                name,
                Encoding.UTF8.GetBytes(reportId),
                "text/plain",
                cancellation
            )
        )
        {
            return reportId;
        }

        // A forgery must not keep people from hearing of the finding: it counts as new.
        return await TryReadAsync(name, cancellation) ?? reportId;
    }

    /// <returns>Null for a forgery, which was reported, and for what is gone.</returns>
    private async Task<string?> TryReadAsync(string name, CancellationToken cancellation)
    {
        try
        {
            await using var stream = await store.OpenReadAsync(
                new BlobRef(Containers.Evidence, name, null),
                cancellation
            );
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return await reader.ReadToEndAsync(cancellation);
        }
        catch (Exception none) when (none is TamperedException or BlobGoneException)
        {
            return null;
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
