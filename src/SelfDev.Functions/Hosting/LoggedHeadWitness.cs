using System.Globalization;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Leaves a line for each head of the ledger, which logs keep where who may write to the artifacts' account may not.
/// What it remembers is the setting's anchor: logs cannot be asked from here.
/// </summary>
/// <param name="anchor">As <see cref="FunctionsSettings.LedgerAnchor"/>; empty: none.</param>
internal sealed class LoggedHeadWitness(string anchor, ILogger<LoggedHeadWitness> logger) : IHeadWitness
{
    private const int RootChars = 2 * MerkleHash.Size;

    public SignedTreeHead? LastSeen() => ParseAnchor(anchor);

    public void Note(SignedTreeHead head) => logger.LedgerHead(head.TreeSize, head.RootHash, head.At, head.KeyId);

    /// <returns>A head without signature; null where the text is none.</returns>
    public static SignedTreeHead? ParseAnchor(string anchor) =>
        anchor.Split(':') is [var size, var root]
        && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var entries)
        && entries > 0
        && root.Length == RootChars
        && root.All(char.IsAsciiHexDigit)
            ? new SignedTreeHead(entries, root.ToLowerInvariant(), DateTimeOffset.UnixEpoch, "", "")
            : null;
}
