using System.Buffers;
using System.Security.Cryptography;

namespace SelfDev.Core.Artifacts;

/// <summary>
/// Cuts a stream into blocks of whole lines, so that a scan can work on many lines at once and on several cores: blocks
/// are independent of each other and know their place. Memory is one block for each that the caller has not disposed; a
/// block grows beyond its usual size only for a line that is longer.
/// </summary>
/// <remarks>Not safe for concurrent calls; the blocks themselves may go to other threads.</remarks>
public sealed class TextBlockReader : IDisposable
{
    /// <summary>Bytes of a block at most, unless <see cref="ReadLimits.MaxLineBytes"/> is larger.</summary>
    public const int DefaultBlockBytes = 1 << 20;

    private readonly Stream _stream;
    private readonly int _maxLineBytes;
    private readonly int _blockBytes;
    private readonly int _maxBlockBytes;
    private readonly IncrementalHash? _hash;
    private byte[] _carry = [];
    private int _carried;
    private long _offset;
    private long _lines;
    private bool _atStart = true;
    private bool _atEnd;
    private bool _skipToLineEnd;
    private string? _sha256;

    /// <param name="stream">Decompressed content, read from where it stands. Disposed with the reader.</param>
    /// <param name="limits"><see cref="ReadLimits.MaxLineBytes"/> counts here; the byte caps are the stream's own
    /// matter.</param>
    /// <param name="blockBytes">Bytes of a block at most.</param>
    /// <param name="hash">Whether <see cref="Sha256"/> is wanted.</param>
    public TextBlockReader(Stream stream, ReadLimits limits, int blockBytes = DefaultBlockBytes, bool hash = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxLineBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, 1);
        _stream = stream;
        _maxLineBytes = limits.MaxLineBytes;
        _blockBytes = blockBytes;
        // Room for a whole line with its CR LF: a longer one is over the cap for certain.
        _maxBlockBytes = Math.Max(blockBytes, _maxLineBytes + 2);
        _hash = hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    /// <value>Bytes read so far, a byte order mark and skipped ends of long lines included.</value>
    public long Bytes { get; private set; }

    /// <value>Lines in the blocks handed out so far. A last line without a line end counts.</value>
    public long Lines => _lines;

    /// <value>Bytes of over-long lines that were left out of the blocks.</value>
    public long SkippedBytes { get; private set; }

    /// <value>Lower-case hex SHA-256 of all content, known once <see cref="Read"/> has returned null.</value>
    /// <exception cref="InvalidOperationException">The end has not been reached, or no hash was asked for.</exception>
    public string Sha256 =>
        _sha256 ?? throw new InvalidOperationException("The digest is known once the whole content has been read.");

    /// <summary>The next block, or null at the end. The caller disposes it.</summary>
    /// <exception cref="ArtifactUnreadableException">The content is UTF-16, or the stream refuses (a cap, truncated
    /// gzip).</exception>
    public TextBlock? Read()
    {
        while (true)
        {
            if (_skipToLineEnd)
            {
                SkipToLineEnd();
            }

            var (buffer, length) = FillBlock();
            if (length == 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                _sha256 ??= _hash is null ? null : Convert.ToHexStringLower(_hash.GetHashAndReset());
                return null;
            }

            if (_atStart)
            {
                _atStart = false;
                var mark = ByteOrderMark(buffer.AsSpan(0, length));
                if (mark > 0)
                {
                    buffer.AsSpan(mark, length - mark).CopyTo(buffer);
                    length -= mark;
                    _offset = mark;
                    if (length == 0)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        continue;
                    }
                }
            }

            var filled = buffer.AsSpan(0, length);
            var lastEnd = filled.LastIndexOf((byte)'\n');
            if (lastEnd >= 0)
            {
                _carried = _atEnd ? 0 : length - lastEnd - 1;
                MakeCarryHold(_carried);
                filled.Slice(length - _carried, _carried).CopyTo(_carry);
                return Emit(buffer, length - _carried, endsTruncated: false);
            }

            if (_atEnd)
            {
                return Emit(buffer, length, endsTruncated: false);
            }

            // No line end in more than MaxLineBytes: hand out what the cap allows, leave out the rest of the line.
            _skipToLineEnd = true;
            var kept = _maxLineBytes;
            SkippedBytes += length - kept;
            var block = Emit(buffer, kept, endsTruncated: true);
            _offset += length - kept;
            return block;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_carry);
        _hash?.Dispose();
        _stream.Dispose();
    }

    private TextBlock Emit(byte[] buffer, int length, bool endsTruncated)
    {
        var content = buffer.AsSpan(0, length);
        var lines = content.Count((byte)'\n') + (content[^1] == (byte)'\n' ? 0 : 1);
        var block = new TextBlock(buffer, length, _offset, _lines + 1, lines, _maxLineBytes, endsTruncated);
        _offset += length;
        _lines += lines;
        return block;
    }

    /// <summary>What was carried over and what follows it: a block's size, or more until it holds a line end.</summary>
    private (byte[] Buffer, int Length) FillBlock()
    {
        var capacity = (int)Math.Min(_maxBlockBytes, Math.Max(_blockBytes, 2L * _carried));
        var buffer = ArrayPool<byte>.Shared.Rent(capacity);
        _carry.AsSpan(0, _carried).CopyTo(buffer);
        var length = Fill(buffer, _carried, capacity);
        for (
            var searched = 0;
            !_atEnd && capacity < _maxBlockBytes && buffer.AsSpan(searched, length - searched).IndexOf((byte)'\n') < 0;

        )
        {
            searched = length;
            capacity = (int)Math.Min(_maxBlockBytes, 2L * capacity);
            var larger = ArrayPool<byte>.Shared.Rent(capacity);
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
            length = Fill(buffer, length, capacity);
        }

        _carried = 0;
        return (buffer, length);
    }

    private int Fill(byte[] buffer, int length, int capacity)
    {
        while (length < capacity && !_atEnd)
        {
            var read = _stream.Read(buffer, length, capacity - length);
            _atEnd = read == 0;
            _hash?.AppendData(buffer, length, read);
            Bytes += read;
            length += read;
        }

        return length;
    }

    // Nothing is kept for files that fit one block, of which there may be thousands at once.
    private void MakeCarryHold(int bytes)
    {
        if (bytes > _carry.Length)
        {
            ArrayPool<byte>.Shared.Return(_carry);
            _carry = ArrayPool<byte>.Shared.Rent(bytes);
        }
    }

    private void SkipToLineEnd()
    {
        MakeCarryHold(_blockBytes);
        while (_skipToLineEnd && !_atEnd)
        {
            var read = Fill(_carry, 0, _carry.Length);
            var end = _carry.AsSpan(0, read).IndexOf((byte)'\n');
            var skipped = end < 0 ? read : end + 1;
            SkippedBytes += end < 0 ? read : end;
            _offset += skipped;
            _carried = read - skipped;
            _carry.AsSpan(skipped, _carried).CopyTo(_carry);
            _skipToLineEnd = end < 0;
        }

        _skipToLineEnd = false;
    }

    private static int ByteOrderMark(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw new ArtifactUnreadableException(
                "The file is UTF-16 text. Convert it first: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8"
            );
        }

        return head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
    }
}
