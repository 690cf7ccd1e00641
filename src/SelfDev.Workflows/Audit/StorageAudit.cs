using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfDev.Core.Text;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Audit;

/// <summary>Containers of an account in which a host keeps nothing.</summary>
/// <param name="Account">May lack the containers: then nothing lies there.</param>
public sealed record ForeignContainers(IArtifactStore Account, IReadOnlyList<string> Names)
{
    /// <returns>What lies there all the same, as <c>container/name</c>.</returns>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var container in Names)
        {
            await using var blobs = Account.ListAsync(container, "", cancellation).GetAsyncEnumerator(cancellation);
            while (await MoveNextAsync(blobs))
            {
                yield return $"{container}/{blobs.Current.Blob.Name}";
            }
        }
    }

    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<BlobInfo> blobs)
    {
        try
        {
            return await blobs.MoveNextAsync();
        }
        catch (NonRetryableException)
        {
            // The container is not there.
            return false;
        }
    }
}

/// <summary>
/// Looks at everything that SelfDev alone may write, and names what is not as it was written. It reads all of it, so it
/// is asked for (<c>selfdev ledger verify</c>), not run by itself; what a workflow or a page meets is reported at once
/// anyway.
/// </summary>
/// <param name="account">The account without seals.</param>
/// <param name="foreign">Where nothing of ours lies.</param>
public sealed partial class StorageAudit(
    SealedArtifactStore store,
    ITrustStore trust,
    SealedLog log,
    ApprovalRequests requests,
    ILedgerStore ledger,
    ITreeHeadSigner signer,
    TamperReports tampering,
    IArtifactStore account,
    IReadOnlyList<ForeignContainers> foreign
)
{
    private const string Markers = "requests-by-expiry/";

    // decisions/<plan hash>/000001, kill-switch/000001.
    [GeneratedRegex(
        "^(?:(?:decisions|intents|requests)/[0-9a-f]{64}|kill-switch)/[0-9]{6}$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex RecordName();

    /// <returns>One line for each thing that is wrong, made safe to print. Each is in the ledger by then.</returns>
    public async IAsyncEnumerable<string> RunAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await ledger.FindDamageAsync(cancellation) is { } damaged)
        {
            yield return Line("ledger", damaged);
        }

        await foreach (var place in store.AuditAsync(cancellation))
        {
            yield return Line(place, "its seal is not good");
        }

        await foreach (var line in TrustAsync(cancellation))
        {
            yield return line;
        }

        await foreach (var line in MissingAsync(cancellation))
        {
            yield return line;
        }

        await foreach (var line in CommandsAsync(cancellation))
        {
            yield return line;
        }

        foreach (var place in foreign)
        {
            await foreach (var name in place.ListAsync(cancellation))
            {
                const string what = "SelfDev keeps nothing there: somebody else wrote it";
                await tampering.ReportAsync(name, what, null, cancellation);
                yield return Line(name, what);
            }
        }
    }

    private async IAsyncEnumerable<string> TrustAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var folder = "";
        await foreach (var name in trust.ListAsync("", "", cancellation))
        {
            if (name.StartsWith(Markers, StringComparison.Ordinal))
            {
                // Without a seal, but a request's own time and hash: anything else there is somebody else's.
                if (await requests.HasMarkerAsync(name, cancellation))
                {
                    continue;
                }

                const string stray = "no request of ours expires then";
                await tampering.ReportAsync(name, stray, null, cancellation);
                yield return Line("trust/" + name, stray);
                continue;
            }

            if (!RecordName().IsMatch(name))
            {
                const string what = "nothing of that name belongs there";
                await tampering.ReportAsync(name, what, null, cancellation);
                yield return Line("trust/" + name, what);
                continue;
            }

            var next = name[..name.LastIndexOf('/')];
            if (next == folder)
            {
                continue;
            }

            folder = next;
            var records = await log.ReadAsync<JsonNode>(folder, cancellation);
            foreach (var forged in records.Forged)
            {
                yield return Line("trust/" + forged, "its seal is not good");
            }

            if (records.Damage is { } damage)
            {
                yield return Line("trust/" + folder, damage);
            }

            if (
                folder.StartsWith("requests/", StringComparison.Ordinal)
                && await requests.IsListedAsync(folder["requests/".Length..], cancellation) is false
            )
            {
                const string unlisted = "the mark by which it is listed is gone";
                await tampering.ReportAsync(folder, unlisted, null, cancellation);
                yield return Line("trust/" + folder, unlisted);
            }
        }
    }

    // Seals say nothing of what was taken away: the ledger has the number of every decision.
    private async IAsyncEnumerable<string> MissingAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var recorded = await RecordedDecisionCounts.OfAsync(ledger, cancellation);
        foreach (var (folder, count) in recorded.Folders)
        {
            var kept = (await log.ReadAsync<JsonNode>(folder, cancellation)).Items.Count;
            // Between the record and the ledger a process may have died, so there may be more, never fewer.
            if (kept >= count)
            {
                continue;
            }

            var what = string.Create(
                CultureInfo.InvariantCulture,
                $"the ledger has {count}, the trust store {kept}: records are gone"
            );
            await tampering.ReportAsync(folder, what, null, cancellation);
            yield return Line("trust/" + folder, what);
        }
    }

    private async IAsyncEnumerable<string> CommandsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var info in account.ListAsync(Containers.Commands, "", cancellation))
        {
            var name = info.Blob.Name;
            var planHash = Path.GetFileNameWithoutExtension(name[(name.LastIndexOf('/') + 1)..]);
            if (
                await requests.ReadAsync(planHash, cancellation) is { }
                && await IsGenuineAsync(info, planHash, cancellation)
            )
            {
                continue;
            }

            const string what = "no approved plan of ours put it there";
            await tampering.ReportAsync($"{Containers.Commands}/{name}", what, null, cancellation);
            yield return Line($"{Containers.Commands}/{name}", what);
        }
    }

    private async Task<bool> IsGenuineAsync(BlobInfo info, string planHash, CancellationToken cancellation)
    {
        if (info.Length > TrustStoreLimits.MaxBytes)
        {
            return false;
        }

        try
        {
            await using var stream = await account.OpenReadAsync(info.Blob, cancellation);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, cancellation);
            return CommandDocument.IsGenuine(bytes, info.Blob.Name, planHash, signer);
        }
        catch (BlobGoneException)
        {
            // Picked up meanwhile.
            return true;
        }
    }

    private static string Line(string place, string what) => $"{SafeText.SingleLine(place)}: {what}";
}
