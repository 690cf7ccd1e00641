namespace SelfDev.Core.Artifacts;

/// <summary>Opens what is stored as what is read: decompressed, under the caps, refused when it cannot be
/// text.</summary>
public static class ArtifactContent
{
    /// <summary>A file over its stored bytes.</summary>
    /// <param name="openStored">Opens the bytes as they are stored, gzip or not, from the first; called once an <see
    /// cref="ArtifactFile.Open"/>.</param>
    public static ArtifactFile File(string name, Func<Stream> openStored, long? length, ReadLimits limits) =>
        new(name, () => Open(openStored(), limits), length);

    /// <summary>
    /// The content behind stored bytes. Whether they are gzip is read from them, never from the name. Concatenated gzip
    /// members are one content, as for gzip itself.
    /// </summary>
    /// <param name="stored">From its first byte; disposed with the result, and on failure.</param>
    /// <exception cref="ArtifactUnreadableException">
    /// Here or while reading: another compression, gzip in gzip, a gzip file cut off or damaged (with the byte
    /// position), a cap passed.
    /// </exception>
    public static Stream Open(Stream stored, ReadLimits limits)
    {
        try
        {
            var start = ReadStart(stored);
            var content = new CappedStream(start, stored, long.MaxValue);
            switch (CompressedContent.Name(start))
            {
                case null or CompressedContent.Zip:
                    // A zip file is what some formats are; a room reads it, or nobody does.
                    return new CappedStream(start, stored, limits.MaxBytes);
                case CompressedContent.Gzip:
                    return OpenGzip(content, limits);
                case var other:
                    throw new ArtifactUnreadableException(
                        $"This is a {other} file, which is not read here. {CompressedContent.Remedy(other)}"
                    );
            }
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    private static CappedStream OpenGzip(Stream compressed, ReadLimits limits)
    {
        var content = new GzipReadStream(compressed, limits);
        var start = ReadStart(content);
        return CompressedContent.Name(start) is { } inner
            ? throw new ArtifactUnreadableException(
                $"Inside the gzip file is a {inner} file: only one compression is undone. Decompress it once (gunzip "
                    + $"FILE)."
            )
            : new CappedStream(start, content, long.MaxValue); // The gzip stream has counted already.
    }

    private static byte[] ReadStart(Stream stream)
    {
        var start = new byte[CompressedContent.SignatureBytes];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return start[..read];
    }
}
