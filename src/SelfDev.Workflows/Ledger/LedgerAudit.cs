using System.Text;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>What an auditor asks of any ledger store.</summary>
public static class LedgerAudit
{
    /// <inheritdoc cref="LedgerVerifier.VerifyAsync"/>
    public static Task<LedgerVerification> VerifyAsync(
        this ILedgerStore ledger,
        LedgerKeys keys,
        IReadOnlyList<SignedTreeHead> anchors,
        string origin = TreeHeads.DefaultOrigin,
        CancellationToken cancellation = default
    ) =>
        LedgerVerifier.VerifyAsync(
            ledger.ReadAsync(0, cancellation),
            ledger.ReadHeadsAsync(cancellation),
            keys,
            anchors,
            origin,
            cancellation
        );

    /// <summary>Proves that an entry is in the ledger as the newest signed head states it, from that entry and hashes
    /// that are kept.</summary>
    /// <returns>Null where no signed head covers such an entry.</returns>
    public static async Task<LedgerProof?> ProveAsync(
        this ILedgerStore ledger,
        long index,
        CancellationToken cancellation = default
    )
    {
        var head = await ledger.LatestHeadAsync(cancellation);
        if (head is null || index < 0 || index >= head.TreeSize)
        {
            return null;
        }

        await foreach (var line in ledger.ReadAsync(index, cancellation))
        {
            var entry = Encoding.UTF8.GetString(line.Span);
            return await ledger.ReadTreeAsync(
                head.TreeSize,
                node => LedgerProof.Make(node, index, entry, head),
                cancellation
            );
        }

        return null;
    }
}
