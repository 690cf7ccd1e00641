using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>One version of a blob, as a genuine store hands it out: the first range at once, and asked for again with
/// each further one.</summary>
internal sealed class PinnedMemoryStream(byte[] content, Func<bool> isCurrent) : Stream
{
    private const int RangeBytes = 64 << 10;

    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("The stream goes forward only.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= RangeBytes && _position < content.Length && !isCurrent())
        {
            throw new BlobGoneException("The blob was overwritten while it was read.");
        }

        var count = Math.Min(
            Math.Min(buffer.Length, RangeBytes - (_position % RangeBytes)),
            content.Length - _position
        );
        content.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("The stream goes forward only.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is read only.");
}
