using System.Buffers.Binary;
using System.Globalization;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.Checksum;
using ICSharpCode.SharpZipLib.Zip.Compression;

namespace SelfDev.Core.Artifacts;

/// <summary>
/// Decompresses gzip (RFC 1952), all members of a file one after the other, and trusts nothing: bytes and ratio are
/// capped while they come out, check sum and length of each member are compared, and an end before the end is an error.
/// </summary>
internal sealed class GzipReadStream : Stream
{
    /// <summary>Below this much output the ratio says nothing: short files of one repeated line compress beyond any
    /// cap.</summary>
    public const long RatioCountsFrom = 1 << 20;

    // A cap is passed by at most this much before it is noticed.
    private const int MaxStep = 64 * 1024;

    private readonly Stream _source;
    private readonly ReadLimits _limits;
    private readonly Inflater _inflater = new(noHeader: true);
    private readonly Crc32 _crc = new();
    private readonly byte[] _input = new byte[MaxStep];
    private int _next;
    private int _end;
    private long _fetched;
    private long _output;
    private long _memberOutput;
    private long _members;
    private bool _inMember;
    private bool _ended;

    /// <param name="source">Disposed with this stream.</param>
    public GzipReadStream(Stream source, ReadLimits limits)
    {
        _source = source;
        _limits = limits;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("The decompressed length is known at the end only.");

    public override long Position
    {
        get => _output;
        set => throw new NotSupportedException("The stream goes forward only.");
    }

    // Compressed bytes taken so far. The inflater holds what it has not used of the last piece.
    private long Consumed => _fetched - (_inMember ? _inflater.RemainingInput : _end - _next);

    /// <exception cref="ArtifactUnreadableException">The file is cut off, damaged, or over a cap.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        while (count > 0 && !_ended)
        {
            if (!_inMember)
            {
                BeginMember();
                continue;
            }

            var produced = Inflate(buffer, offset, Math.Min(count, MaxStep));
            if (produced > 0)
            {
                Count(buffer.AsSpan(offset, produced), new ArraySegment<byte>(buffer, offset, produced));
                return produced;
            }

            if (_inflater.IsFinished)
            {
                EndMember();
            }
            else if (_inflater.IsNeedingDictionary)
            {
                throw Damaged("it asks for a dictionary, which gzip does not have");
            }
            else if (_inflater.IsNeedingInput)
            {
                if (!Fetch())
                {
                    throw CutOff();
                }

                _inflater.SetInput(_input, 0, _end);
                _next = _end;
            }
        }

        return 0;
    }

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
            _source.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Inflate(byte[] buffer, int offset, int count)
    {
        try
        {
            return _inflater.Inflate(buffer, offset, count);
        }
        catch (Exception damage) when (damage is SharpZipBaseException or IndexOutOfRangeException or ArgumentException)
        {
            throw Damaged("its compressed data makes no sense", damage);
        }
    }

    private void Count(ReadOnlySpan<byte> produced, ArraySegment<byte> segment)
    {
        _crc.Update(segment);
        _output += produced.Length;
        _memberOutput += produced.Length;
        if (_output > _limits.MaxBytes)
        {
            throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The gzip file holds more than {_limits.MaxBytes} bytes, the most that is read. Split it."
                )
            );
        }

        if (_output > RatioCountsFrom && _output > _limits.MaxCompressionRatio * Consumed)
        {
            throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The gzip file expands more than {_limits.MaxCompressionRatio:0.#} times ({Consumed} bytes became "
                        + $"{_output}), which no log does: taken for a decompression bomb. If it is genuine, drop it "
                        + $"uncompressed."
                )
            );
        }
    }

    private void BeginMember()
    {
        if (_members > 0 && SkipPadding())
        {
            _ended = true;
            return;
        }

        // RFC 1952, 2.3: ID1 ID2 CM FLG MTIME(4) XFL OS, then what the flags announce.
        if (NextByte() != 0x1F || NextByte() != 0x8B)
        {
            throw Damaged(
                _members == 0 ? "it does not begin like gzip" : "something that is not gzip follows the compressed data"
            );
        }

        if (NextByte() != 8)
        {
            throw Damaged("its compression method is not deflate");
        }

        var flags = NextByte();
        if ((flags & 0xE0) != 0)
        {
            throw Damaged("its header has reserved flags set");
        }

        Skip(6);
        if ((flags & 0x04) != 0)
        {
            Skip(NextByte() | (NextByte() << 8));
        }

        for (var texts = ((flags >> 3) & 1) + ((flags >> 4) & 1); texts > 0; texts--)
        {
            while (NextByte() != 0) { }
        }

        Skip((flags & 0x02) != 0 ? 2 : 0);
        _crc.Reset();
        _memberOutput = 0;
        _inflater.Reset();
        _inflater.SetInput(_input, _next, _end - _next);
        _inMember = true;
    }

    private void EndMember()
    {
        _next = _end - _inflater.RemainingInput;
        _inMember = false;
        _members++;
        Span<byte> trailer = stackalloc byte[8];
        foreach (ref var part in trailer)
        {
            part = NextByte();
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != (uint)_crc.Value)
        {
            throw Damaged("its check sum does not match its content");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != (uint)_memberOutput)
        {
            throw Damaged("its length field does not match its content");
        }
    }

    /// <summary>Zero bytes after a member are padding (tape blocks), as gzip itself treats them.</summary>
    /// <returns>Whether that was all there is.</returns>
    private bool SkipPadding()
    {
        while (true)
        {
            while (_next < _end)
            {
                if (_input[_next] != 0)
                {
                    return false;
                }

                _next++;
            }

            if (!Fetch())
            {
                return true;
            }
        }
    }

    private void Skip(int count)
    {
        while (count-- > 0)
        {
            NextByte();
        }
    }

    private byte NextByte() => _next < _end || Fetch() ? _input[_next++] : throw CutOff();

    private bool Fetch()
    {
        _end = _source.Read(_input, 0, _input.Length);
        _next = 0;
        _fetched += _end;
        return _end > 0;
    }

    private ArtifactUnreadableException CutOff() =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The gzip file is cut off: it ends at byte {_fetched} in the middle of compressed data. Upload it "
                    + $"again; 'gzip -t FILE' must succeed."
            )
        );

    private ArtifactUnreadableException Damaged(string how, Exception? cause = null)
    {
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"The gzip file is damaged near byte {Consumed}: {how}. Upload it again; 'gzip -t FILE' must succeed."
        );
        return cause is null
            ? new ArtifactUnreadableException(message)
            : new ArtifactUnreadableException(message, cause);
    }
}
