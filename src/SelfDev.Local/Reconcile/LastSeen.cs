using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Reconcile;

/// <summary>
/// What was last seen of the parts, in a file of its own beside the keys: a part that has less than that was put back,
/// emptied or exchanged. It may lag behind by about a second, which only makes it a lower floor.
/// </summary>
internal sealed record LastSeen
{
    private const string KnownSchema = "selfdev.last-seen/1";

    public string Schema { get; init; } = KnownSchema;

    /// <value>As <see cref="PartMark.Set"/>.</value>
    public required long Set { get; init; }

    /// <value>Number of the newest start of the host.</value>
    public required long Start { get; init; }

    /// <value>
    /// Whether that start was still marking the parts: each then has this number, or the one that <see cref="Starts"/>
    /// has for it.
    /// </value>
    public bool IsOpening { get; init; }

    /// <value>By part, the start that its mark had; a part that was not there has none.</value>
    public required IReadOnlyDictionary<string, long> Starts { get; init; }

    /// <value>By part, how many changes it had.</value>
    public required IReadOnlyDictionary<string, long> Commits { get; init; }

    /// <value>
    /// Rows of the engine's history up to this one hold receipts of a ledger whose loss was accepted; 0 where there was
    /// none.
    /// </value>
    public long ReceiptsAfterRow { get; init; }

    /// <value>A loss that a person accepted and that is not in the ledger yet; null where there is none.</value>
    public AcceptedLoss? Loss { get; init; }

    /// <returns>
    /// Null where there is no such file, or it cannot be read: it was being made at the first start, or somebody
    /// changed it.
    /// </returns>
    public static LastSeen? Read(string path)
    {
        try
        {
            return
                File.Exists(path)
                && JsonSerializer.Deserialize<LastSeen>(File.ReadAllBytes(path), SelfDevJson.Stored)
                    is { Schema: KnownSchema } seen
                ? seen
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Durable when it returns.</summary>
    public void Write(string path) =>
        AtomicFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(this, SelfDevJson.Stored));
}

/// <summary>That somebody let the host go on although something was lost.</summary>
/// <param name="Lost">What, one sentence each.</param>
/// <param name="Why">In that person's words.</param>
/// <param name="By">The account that the host ran under.</param>
/// <param name="LastHead">The newest head of the ledger that was seen; null where none was.</param>
/// <param name="SetAside">
/// Name of the file that the lost ledger was moved to; null where the ledger is not what was lost, or there was none.
/// </param>
/// <param name="IsNewLedger">Whether the ledger begins anew with this.</param>
internal sealed record AcceptedLoss(
    IReadOnlyList<string> Lost,
    string Why,
    string By,
    DateTimeOffset At,
    SignedTreeHead? LastHead,
    string? SetAside,
    bool IsNewLedger
);
