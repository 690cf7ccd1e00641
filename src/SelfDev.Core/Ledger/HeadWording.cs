using System.Globalization;

namespace SelfDev.Core.Ledger;

/// <summary>A head in words, to be noted where the ledger's writer cannot reach.</summary>
public static class HeadWording
{
    private const int ShortRootChars = 8;

    /// <returns>E.g. <c>ledger: 41 entries, root 2fd1b71c…</c>: for the end of a message.</returns>
    public static string Short(this SignedTreeHead head) =>
        string.Create(CultureInfo.InvariantCulture, $"ledger: {head.TreeSize} entries, root {Cut(head.RootHash)}…");

    /// <returns>Size, whole root, time and key on one line.</returns>
    public static string Full(this SignedTreeHead head) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{head.TreeSize} entries, root {head.RootHash}, signed {head.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by "
                + $"key {head.KeyId}"
        );

    private static string Cut(string root) => root.Length <= ShortRootChars ? root : root[..ShortRootChars];
}
