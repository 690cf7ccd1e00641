using System.Buffers;

namespace SelfDev.Core.Artifacts;

/// <summary>Whole lines of an artifact in one piece of memory, and where they stand. Dispose returns the
/// memory.</summary>
public sealed class TextBlock : IDisposable
{
    private byte[]? _buffer;
    private readonly int _length;
    private readonly int _maxLineBytes;

    internal TextBlock(
        byte[] buffer,
        int length,
        long offset,
        long firstLine,
        int lines,
        int maxLineBytes,
        bool endsTruncated
    )
    {
        _buffer = buffer;
        _length = length;
        _maxLineBytes = maxLineBytes;
        Offset = offset;
        FirstLine = firstLine;
        Lines = lines;
        EndsTruncated = endsTruncated;
    }

    /// <value>Byte offset of the first byte in the decompressed content.</value>
    public long Offset { get; }

    /// <value>1-based number of the first line.</value>
    public long FirstLine { get; }

    public int Lines { get; }

    /// <value>Whether the last line was cut at <see cref="ReadLimits.MaxLineBytes"/>, its end left out.</value>
    public bool EndsTruncated { get; }

    /// <value>The lines with their line ends; only the very last line of a content or a cut line has none.</value>
    public ReadOnlySpan<byte> Bytes => Memory.Span;

    public ReadOnlyMemory<byte> Memory =>
        _buffer is null ? throw new ObjectDisposedException(nameof(TextBlock)) : _buffer.AsMemory(0, _length);

    /// <summary>The line that starts at a place in <see cref="Bytes"/>.</summary>
    /// <param name="start">Index of the line's first byte.</param>
    /// <param name="number">The line's 1-based number in the content.</param>
    /// <param name="next">Index of the following line's first byte; the length of <see cref="Bytes"/> after the last
    /// one.</param>
    public TextLine LineAt(int start, long number, out int next)
    {
        var rest = Bytes[start..];
        var end = rest.IndexOf((byte)'\n');
        var line = end < 0 ? rest : rest[..end];
        next = end < 0 ? _length : start + end + 1;
        var truncated = end < 0 && EndsTruncated;
        if (line.Length > 0 && line[^1] == (byte)'\r' && !truncated)
        {
            line = line[..^1];
        }

        if (line.Length > _maxLineBytes)
        {
            line = line[.._maxLineBytes];
            truncated = true;
        }

        return new TextLine(line, number, Offset + start, truncated);
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
