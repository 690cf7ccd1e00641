using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Artifacts;

/// <summary>
/// One version of a large blob, front to back. Its file never changes; that another version has taken its place is
/// noticed with every buffer, and ends the reading. At the end the content has to be what was written.
/// </summary>
/// <param name="checkVersion">Throws <see cref="BlobGoneException"/> once the version is not the current one.</param>
/// <param name="damaged">What to say where length or checksum is another.</param>
internal sealed class PinnedFileStream(
    FileStream file,
    long length,
    ulong expected,
    BlobChecksum checksum,
    Action checkVersion,
    string damaged
) : Stream
{
    private const int BufferBytes = 64 << 10;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _filled;
    private int _taken;
    private long _read;
    private bool _isDamaged;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _read - (_filled - _taken);
        set => throw new NotSupportedException("The stream goes forward only.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (NeedsMore(buffer.IsEmpty))
        {
            Fill(file.ReadAtLeast(_buffer, Wanted(), throwOnEndOfStream: false));
        }

        return Copy(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (NeedsMore(buffer.IsEmpty))
        {
            Fill(await file.ReadAtLeastAsync(_buffer, Wanted(), throwOnEndOfStream: false, cancellationToken));
        }

        return Copy(buffer.Span);
    }

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
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool NeedsMore(bool wantsNone)
    {
        if (_taken < _filled || wantsNone)
        {
            return false;
        }

        if (_isDamaged)
        {
            throw new CorruptStoreException(damaged);
        }

        if (_read < length)
        {
            checkVersion();
            return true;
        }

        return false;
    }

    private int Wanted() => (int)Math.Min(BufferBytes, length - _read);

    private void Fill(int count)
    {
        checksum.Add(_buffer.AsSpan(0, count));
        _read += count;
        // A file that is too short, or whose last part shows that some part was another: of that part nothing is handed
        // out.
        _isDamaged = count == 0 || (_read == length && checksum.OfParts() != expected);
        (_filled, _taken) = (_isDamaged ? 0 : count, 0);
        if (_isDamaged)
        {
            throw new CorruptStoreException(damaged);
        }
    }

    private int Copy(Span<byte> target)
    {
        var count = Math.Min(target.Length, _filled - _taken);
        _buffer.AsSpan(_taken, count).CopyTo(target);
        _taken += count;
        return count;
    }
}
