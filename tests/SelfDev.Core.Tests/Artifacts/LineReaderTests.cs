using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Tests.Artifacts;

public class LineReaderTests
{
    private sealed record Line(long Number, long Offset, string Text, bool Truncated);

    private static (List<Line> Lines, string Sha256, long Bytes) Read(
        byte[] content,
        ReadLimits? limits = null,
        int chunk = int.MaxValue
    )
    {
        using var reader = new LineReader(new ChunkedStream(content, chunk), limits ?? ReadLimits.Default);
        var lines = new List<Line>();
        while (reader.TryRead(out var line))
        {
            lines.Add(new Line(line.Number, line.Offset, Encoding.Latin1.GetString(line.Bytes), line.IsTruncated));
        }

        return (lines, reader.Sha256, reader.Bytes);
    }

    [Fact]
    public void Lines_carry_number_and_byte_offset_and_lose_their_line_end()
    {
        var (lines, _, bytes) = Read("a\r\n\nccc\nlast"u8.ToArray());

        Assert.Equal(
            [new(1, 0, "a", false), new(2, 3, "", false), new(3, 4, "ccc", false), new(4, 8, "last", false)],
            lines
        );
        Assert.Equal(12, bytes);
    }

    [Fact]
    public void An_empty_content_has_no_lines_and_the_digest_of_nothing()
    {
        var (lines, sha256, _) = Read([]);

        Assert.Empty(lines);
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sha256);
    }

    [Fact]
    public void A_utf8_byte_order_mark_is_left_out_of_the_line_and_counted_in_offset_and_digest()
    {
        byte[] content = [0xEF, 0xBB, 0xBF, (byte)'x', (byte)'\n', (byte)'y'];

        var (lines, sha256, _) = Read(content, chunk: 1);

        Assert.Equal([new(1, 3, "x", false), new(2, 5, "y", false)], lines);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), sha256);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0 })]
    [InlineData(new byte[] { 0xFE, 0xFF, 0, (byte)'a' })]
    public void Utf16_is_refused_with_the_remedy(byte[] content)
    {
        var refusal = Assert.Throws<ArtifactUnreadableException>(() => Read(content));
        Assert.Contains("iconv", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_over_the_cap_is_cut_and_flagged_and_the_next_line_keeps_its_place()
    {
        var (lines, _, _) = Read(
            "0123456789\nnext\n01234567\n"u8.ToArray(),
            new ReadLimits { MaxLineBytes = 8 },
            chunk: 3
        );

        Assert.Equal([new(1, 0, "01234567", true), new(2, 11, "next", false), new(3, 16, "01234567", false)], lines);
    }

    [Fact]
    public void A_two_gigabyte_line_is_read_in_bounded_memory()
    {
        const long Length = 2L << 30;
        using var reader = new LineReader(new EndlessLine(Length), ReadLimits.Default);
        // Of this thread alone: other tests allocate at the same time.
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.True(reader.TryRead(out var line));
        Assert.True(line.IsTruncated);
        Assert.Equal(ReadLimits.Default.MaxLineBytes, line.Bytes.Length);
        Assert.True(reader.TryRead(out line));
        Assert.Equal("end", Encoding.UTF8.GetString(line.Bytes));
        Assert.Equal((Length + 1, 2L), (line.Offset, line.Number));
        Assert.False(reader.TryRead(out _));
        Assert.Equal(1, reader.TruncatedLines);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void Whatever_the_content_and_the_chunks_lines_are_what_a_plain_split_gives()
    {
        var contents = Gen.Elements("\n", "\r\n", "\r", "a", "bb", "\0", "ü", "lines of some length ")
            .ListOf()
            .Select(parts => Encoding.Latin1.GetBytes(string.Concat(parts)));
        Prop.ForAll(
                contents.ToArbitrary(),
                Gen.Choose(1, 7).ToArbitrary(),
                (content, chunk) =>
                {
                    var (lines, sha256, _) = Read(content, new ReadLimits { MaxLineBytes = 64 }, chunk);
                    var text = Encoding.Latin1.GetString(content);
                    var expected = text.Split('\n').ToList();
                    if (expected[^1].Length == 0)
                    {
                        expected.RemoveAt(expected.Count - 1);
                    }

                    var trimmed = expected
                        .Select(line => line.EndsWith('\r') ? line[..^1] : line)
                        .Select(line => line.Length > 64 ? line[..64] : line);
                    return lines.Select(line => line.Text).SequenceEqual(trimmed)
                        && lines.All(line => text[(int)line.Offset..].StartsWith(line.Text, StringComparison.Ordinal))
                        && sha256 == Convert.ToHexStringLower(SHA256.HashData(content));
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Evidence_text_replaces_malformed_bytes_and_never_splits_a_surrogate_pair()
    {
        Assert.Equal("a\uFFFDb\0", EvidenceText.Of([(byte)'a', 0xFF, (byte)'b', 0]));

        var emoji = EvidenceText.Of(
            Encoding.UTF8.GetBytes(new string('x', Limits.EvidenceTextChars - 1) + "\U0001F600")
        );
        Assert.Equal(new string('x', Limits.EvidenceTextChars - 1), emoji);

        var long400 = EvidenceText.Of(Encoding.UTF8.GetBytes(new string('€', 10_000)));
        Assert.Equal(new string('€', Limits.EvidenceTextChars), long400);
    }

    private sealed class ChunkedStream(byte[] content, int chunk) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, chunk));
    }

    private sealed class EndlessLine(long length) : Stream
    {
        private static readonly byte[] End = "\nend\n"u8.ToArray();
        private long _position;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => length + End.Length;
        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, _position < length ? length - _position : Length - _position);
            if (_position < length)
            {
                buffer.AsSpan(offset, read).Fill((byte)'x');
            }
            else
            {
                End.AsSpan((int)(_position - length), read).CopyTo(buffer.AsSpan(offset));
            }

            _position += read;
            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
