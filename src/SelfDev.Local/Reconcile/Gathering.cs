using SelfDev.Core.Ledger;
using SelfDev.Local.Hosting;
using SelfDev.Local.Trust;

namespace SelfDev.Local.Reconcile;

/// <summary>Reads from a data folder what a comparison goes by.</summary>
internal static class Gathering
{
    /// <exception cref="Sqlite.CorruptStoreException">A part is damaged.</exception>
    public static async Task<Evidence> OfAsync(DataDirectory data, bool ownStorage, CancellationToken cancellation)
    {
        var seen = LastSeen.Read(data.LastSeen);
        var parts = PartReader.ReadAll(data, ownStorage);
        var receipt = parts.Any(part => part is { Part: Parts.Engine, HasContent: true })
            ? EngineReceipts.Newest(data.EngineDatabase, seen?.ReceiptsAfterRow ?? 0)
            : null;
        var head = HeadFile.Read(data.LastHead);
        var (size, roots) = parts.Any(part => part is { Part: Parts.Ledger, Exists: true })
            ? await LedgerAsync(data.LedgerDatabase, [receipt?.TreeSize, head?.TreeSize], cancellation)
            : (0, new Dictionary<long, string>());
        return new Evidence(seen, parts, size, roots, receipt, head);
    }

    private static async Task<(long Size, IReadOnlyDictionary<long, string> Roots)> LedgerAsync(
        string path,
        IEnumerable<long?> wanted,
        CancellationToken cancellation
    )
    {
        using var log = SqliteLedgerLog.Open(path);
        var size = (await log.RefreshAsync(cancellation)).Size;
        var roots = new Dictionary<long, string>();
        foreach (var one in wanted.OfType<long>().Where(one => one <= size).Distinct())
        {
            roots[one] = MerkleHash.ToHex(await log.ReadTreeAsync(node => MerklePaths.RootAt(one, node), cancellation));
        }

        return (size, roots);
    }
}
