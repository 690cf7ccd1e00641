using System.Globalization;

namespace SelfDev.Core.Artifacts;

/// <summary>A beginning that was read already, then the rest of the stream, up to a cap.</summary>
internal sealed class CappedStream(ReadOnlyMemory<byte> beginning, Stream rest, long maxBytes) : Stream
{
    private ReadOnlyMemory<byte> _beginning = beginning;
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("The length is known at the end only.");

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException("The stream goes forward only.");
    }

    /// <exception cref="ArtifactUnreadableException">There is more than the cap.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count;
        if (_beginning.IsEmpty)
        {
            count = rest.Read(buffer);
        }
        else
        {
            count = Math.Min(buffer.Length, _beginning.Length);
            _beginning.Span[..count].CopyTo(buffer);
            _beginning = _beginning[count..];
        }

        return Counted(count);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer,
        CancellationToken cancellationToken = default
    ) =>
        _beginning.IsEmpty
            ? Counted(await rest.ReadAsync(buffer, cancellationToken).ConfigureAwait(false))
            : Read(buffer.Span);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("The stream goes forward only.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            rest.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Counted(int count)
    {
        _read += count;
        return _read <= maxBytes
            ? count
            : throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The file has more than {maxBytes} bytes, the most that is read. Split it."
                )
            );
    }
}
