namespace SelfDev.Core.Artifacts;

/// <summary>One file of an artifact. Opened as often as a reader needs it; each stream is read forward only.</summary>
/// <param name="Name">Display name (path or blob name). A hint about the kind, never proof.</param>
/// <param name="Open">
/// Opens the decompressed content from its first byte. The stream enforces the caps of <see cref="ReadLimits"/> and
/// throws <see cref="ArtifactUnreadableException"/> when one is passed.
/// </param>
/// <param name="Length">Bytes as stored (compressed, if it is); null for standard input.</param>
public sealed record ArtifactFile(string Name, Func<Stream> Open, long? Length);

/// <summary>The first bytes of a file, decompressed, for telling what it is.</summary>
/// <param name="Name">As <see cref="ArtifactFile.Name"/>.</param>
/// <param name="Bytes">At most <see cref="ReadLimits.HeadBytes"/>.</param>
/// <param name="IsWhole">Whether <paramref name="Bytes"/> is all there is.</param>
public sealed record ArtifactHead(string Name, ReadOnlyMemory<byte> Bytes, bool IsWhole);

/// <summary>Caps on what is read from an artifact, against bombs and endless lines.</summary>
public sealed record ReadLimits
{
    /// <summary>Bytes that sniffing sees.</summary>
    public const int HeadBytes = 256 * 1024;

    public static ReadLimits Default { get; } = new();

    /// <value>Decompressed bytes at most. Default 64 GiB.</value>
    public long MaxBytes { get; init; } = 64L << 30;

    /// <value>
    /// Decompressed over compressed bytes at most, once 1 MiB has come out. Default 200: real logs reach 30 to 100,
    /// DEFLATE's own limit is 1032.
    /// </value>
    public double MaxCompressionRatio { get; init; } = 200;

    /// <value>Bytes of one line that are kept; what follows up to the line's end is skipped and counted. Default 1
    /// MiB.</value>
    public int MaxLineBytes { get; init; } = 1 << 20;
}

/// <summary>An artifact cannot be read at all: truncated gzip, a cap passed, not text. The message names place and
/// remedy.</summary>
public sealed class ArtifactUnreadableException : Exception
{
    public ArtifactUnreadableException(string message)
        : base(message) { }

    public ArtifactUnreadableException(string message, Exception inner)
        : base(message, inner) { }

    public ArtifactUnreadableException() { }
}
