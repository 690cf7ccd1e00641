using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Findings;
using SelfDev.Core.Ledger;
using SelfDev.Core.Text;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Trust;

/// <summary>
/// Says that something which SelfDev wrote, or alone may write, is not as it was written: a ledger entry, a critical
/// finding on the dashboard and over the API, a notification on the shared channel. Each place and content once.
/// </summary>
public sealed class TamperReports(
    ILedgerStore ledger,
    INotifier notifier,
    TimeProvider clock,
    ILogger<TamperReports> logger
)
{
    /// <value>Begins the keys of such entries in the ledger.</value>
    public const string KeyPrefix = "tampering:";

    /// <value>Recipient of what goes to the shared channel.</value>
    public const string Everybody = "everybody";

    private const int ShownPlaceChars = 200;
    private const int MostShown = 50;

    private readonly ConcurrentDictionary<string, Finding> _reported = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Finding> _newest = new();

    /// <value>What was found since the process began, oldest first; everything there ever was stands in the
    /// ledger.</value>
    public IReadOnlyList<Finding> Newest => [.. _newest];

    /// <param name="place">Name of the record, or <c>container/name</c> of the blob. May be anything: it is shown made
    /// safe.</param>
    /// <param name="what">What is wrong with it, in our own words, to follow "is not as it was written:".</param>
    /// <param name="content">As found; null where it is gone. Its hash stands in the ledger, nothing else of
    /// it.</param>
    /// <exception cref="IOException">The ledger could not be written: the caller tries again, and trusts nothing
    /// meanwhile.</exception>
    public async Task ReportAsync(
        string place,
        string what,
        ReadOnlyMemory<byte>? content,
        CancellationToken cancellation
    )
    {
        var hash = content is { } bytes ? Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) : "";
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{place}\n{what}\n{hash}")))[..32];
        if (_reported.ContainsKey(id))
        {
            return;
        }

        var shown = Shown(place);
        var now = clock.GetUtcNow();
        var isNew = await ledger.FindAsync(KeyPrefix + id, cancellation) is null;
        await ledger.AppendAsync(
            new LedgerEntry(
                KeyPrefix + id,
                LedgerEntryTypes.Tampering,
                now,
                "trust",
                LedgerActors.SelfDev,
                new JsonObject
                {
                    ["place"] = shown,
                    ["what"] = what,
                    ["sha256"] = hash,
                }
            ),
            cancellation
        );
        if (!_reported.TryAdd(id, Finding(id, shown, what, now)))
        {
            return;
        }

        _newest.Enqueue(_reported[id]);
        while (_newest.Count > MostShown)
        {
            _newest.TryDequeue(out _);
        }

        logger.TamperingFound(shown, what);
        if (isNew)
        {
            await notifier.NotifyAsync(
                new Notification(
                    KeyPrefix + id,
                    "tampering",
                    Everybody,
                    $"{shown} is not as it was written",
                    $"What lies there counts for nothing: {what}. Somebody who is not SelfDev wrote to its storage. "
                        + "Find out who has access; the ledger has the entry.",
                    null
                ),
                cancellation
            );
        }
    }

    private static Finding Finding(string id, string place, string what, DateTimeOffset at) =>
        new()
        {
            Id = "T-" + id[..12],
            Kind = FindingKinds.StorageTampering,
            Severity = Severity.Critical,
            Role = FindingRole.Root,
            Title = $"{place} is not as it was written: {what}",
            From = new Position(1, null, at),
            To = new Position(1, null, at),
            Evidence = [],
        };

    // Whoever wrote there chose the name.
    private static string Shown(string place)
    {
        var safe = SafeText.SingleLine(place);
        return safe.Length <= ShownPlaceChars
            ? safe
            : string.Create(CultureInfo.InvariantCulture, $"{safe[..ShownPlaceChars]}... ({safe.Length} characters)");
    }
}
