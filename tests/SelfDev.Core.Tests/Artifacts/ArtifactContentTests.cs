using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Tests.Artifacts;

public sealed class ArtifactContentTests
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(0, 20).Select(step => $"step {step} loss {1.0 / (step + 1):F4}\n"))
    );

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Plain_and_compressed_content_read_the_same(int length)
    {
        var content = Enumerable.Range(0, length).Select(at => (byte)('a' + (at * at % 23))).ToArray();

        Assert.Equal(content, ReadAll(content));
        Assert.Equal(content, ReadAll(Gzip(content)));
    }

    [Fact]
    public void Concatenated_members_with_names_comments_and_padding_are_one_content()
    {
        var empty = Gzip([]);
        byte[] withFields = [.. Gzip(Text)];
        withFields[3] = 0x04 | 0x08 | 0x10 | 0x02; // FEXTRA, FNAME, FCOMMENT, FHCRC
        withFields = [.. withFields[..10], 3, 0, 1, 2, 3, .. "name\0"u8, .. "comment\0"u8, 9, 9, .. withFields[10..]];

        byte[] stored = [.. Gzip(Text), .. empty, .. withFields, .. new byte[512]];

        Assert.Equal([.. Text, .. Text], ReadAll(stored));
    }

    [Fact]
    public void A_file_cut_off_at_any_byte_is_noticed()
    {
        byte[] whole = [.. Gzip(Text), .. Gzip(Text)];
        var boundary = whole.Length / 2;

        for (var length = 2; length < whole.Length; length++)
        {
            if (length == boundary)
            {
                continue; // A whole file of one member.
            }

            var cut = Assert.Throws<ArtifactUnreadableException>(() => ReadAll(whole[..length]));
            Assert.Contains($"cut off: it ends at byte {length} ", cut.Message, StringComparison.Ordinal);
        }

        Assert.Equal([.. Text, .. Text], ReadAll(whole));
    }

    [Fact]
    public void A_flipped_bit_never_passes_and_never_crashes()
    {
        var whole = Gzip(Text);
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = [.. whole];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[]? read = null;
            try
            {
                read = ReadAll(damaged);
            }
            catch (ArtifactUnreadableException) { }

            // Time stamp, hints and the unused bits of the last deflate byte carry no content; without its first two
            // bytes it is no gzip.
            var at = bit / 8;
            var harmless = at < 2 || ((at < 10 || at == whole.Length - 9) && (read?.SequenceEqual(Text) ?? false));
            Assert.True(read is null || harmless, $"Bit {bit} flipped went unnoticed.");
        }
    }

    [Fact]
    public void Random_bytes_behind_a_gzip_header_never_crash()
    {
        var noise = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
        Prop.ForAll(
                noise.ToArbitrary(),
                bytes =>
                {
                    byte[] stored = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, .. bytes];
                    Assert.Throws<ArtifactUnreadableException>(() => ReadAll(stored));
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Anything_after_the_last_member_is_an_error_not_left_out()
    {
        byte[] stored = [.. Gzip(Text), .. "tail"u8];

        var damaged = Assert.Throws<ArtifactUnreadableException>(() => ReadAll(stored));

        Assert.Contains("follows the compressed data", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_at_deflates_own_limit_stops_soon_after_the_first_mebibyte()
    {
        var bomb = Gzip(new byte[64 << 20]);
        Assert.InRange((64 << 20) / (double)bomb.Length, 900, 1032);
        using var content = ArtifactContent.Open(new MemoryStream(bomb), ReadLimits.Default);

        var (read, stopped) = ReadUntilRefused(content);

        Assert.Contains("decompression bomb", stopped.Message, StringComparison.Ordinal);
        Assert.InRange(read, (1 << 20) - (128 << 10), (1 << 20) + (128 << 10));
    }

    [Fact]
    public void A_bomb_of_many_members_is_counted_as_one()
    {
        var member = Gzip(new byte[900_000]);
        byte[] bomb = [.. Enumerable.Repeat(member, 40).SelectMany(bytes => bytes)];
        using var content = ArtifactContent.Open(new MemoryStream(bomb), ReadLimits.Default);

        var (read, _) = ReadUntilRefused(content);

        Assert.InRange(read, (1 << 20) - (128 << 10), (1 << 20) + (128 << 10));
    }

    [Fact]
    public void Highly_repetitive_but_short_content_passes()
    {
        var content = new byte[1 << 20];

        Assert.Equal(content.Length, ReadAll(Gzip(content)).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_byte_cap_is_exact(bool compressed)
    {
        var limits = new ReadLimits { MaxBytes = Text.Length };
        byte[] tooLong = [.. Text, (byte)'x'];

        Assert.Equal(Text, ReadAll(compressed ? Gzip(Text) : Text, limits));
        var refused = Assert.Throws<ArtifactUnreadableException>(() =>
            ReadAll(compressed ? Gzip(tooLong) : tooLong, limits)
        );
        Assert.Contains($"more than {Text.Length} bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_file_is_handed_on_as_it_is_since_some_formats_are_one()
    {
        byte[] zip = [0x50, 0x4B, 3, 4, 20, 0, 0, 0];
        Assert.Equal(zip, ReadAll(zip));
        Assert.Throws<ArtifactUnreadableException>(() => ReadAll(Gzip(zip)));
    }

    [Fact]
    public void Gzip_in_gzip_is_refused()
    {
        var refused = Assert.Throws<ArtifactUnreadableException>(() => ReadAll(Gzip(Gzip(Text))));

        Assert.Contains("Inside the gzip file is a gzip file", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zstd", new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0 })]
    [InlineData("xz", new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0 })]
    [InlineData("bzip2", new byte[] { 0x42, 0x5A, 0x68, 0x39, 0x31, 0x41 })]
    [InlineData("lz4", new byte[] { 0x04, 0x22, 0x4D, 0x18, 0, 0, 0 })]
    [InlineData("7z", new byte[] { 0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0 })]
    public void Other_compressions_are_named_with_the_way_out(string format, byte[] start)
    {
        foreach (var stored in new[] { start, Gzip(start) })
        {
            var refused = Assert.Throws<ArtifactUnreadableException>(() => ReadAll(stored));
            Assert.Contains($"is a {format} file", refused.Message, StringComparison.Ordinal);
        }
    }

    private static (long Read, ArtifactUnreadableException Stopped) ReadUntilRefused(Stream content)
    {
        var buffer = new byte[81920];
        var read = 0L;
        var stopped = Assert.Throws<ArtifactUnreadableException>(() =>
        {
            while (content.Read(buffer) is > 0 and var count)
            {
                read += count;
            }
        });
        return (read, stopped);
    }

    private static byte[] ReadAll(byte[] stored, ReadLimits? limits = null)
    {
        using var content = ArtifactContent.Open(new MemoryStream(stored), limits ?? ReadLimits.Default);
        var read = new MemoryStream();
        content.CopyTo(read);
        return read.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        var bytes = stored.ToArray();
        // .NET writes nothing at all for nothing; the empty member of RFC 1952 is this.
        return bytes.Length > 0 ? bytes : [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }
}
