using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Approvals;
using SelfDev.Core.Trust;

namespace SelfDev.Core.Tests.Trust;

public class SealsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Content = "{\"capacity\":4}\nsecond line"u8.ToArray();

    [Fact]
    public void What_was_sealed_opens_in_its_place_and_nowhere_else()
    {
        var seals = new Seals(Ring(Key("k1")));
        var stored = seals.Seal("decisions/a/000001", Content, Now);
        Assert.True(seals.TryOpen("decisions/a/000001", stored, out var content));
        Assert.Equal(Content, content.ToArray());
        Assert.False(seals.TryOpen("decisions/a/000002", stored, out _));
        Assert.False(seals.TryOpen("decisions/b/000001", stored, out _));
        Assert.False(seals.TryOpen("", stored, out _));
    }

    [Fact]
    public void Every_single_changed_byte_is_noticed()
    {
        var seals = new Seals(Ring(Key("k1")));
        var stored = seals.Seal("p", Content, Now);
        for (var at = 0; at < stored.Length; at++)
        {
            var edited = (byte[])stored.Clone();
            edited[at] ^= 1;
            Assert.False(seals.TryOpen("p", edited, out _));
        }

        Assert.False(seals.TryOpen("p", stored.AsMemory(0, stored.Length - 1), out _));
        Assert.False(seals.TryOpen("p", (byte[])[.. stored, (byte)' '], out _));
        Assert.False(seals.TryOpen("p", Content, out _));
        Assert.False(seals.TryOpen("p", ReadOnlyMemory<byte>.Empty, out _));
    }

    [Fact]
    public void A_cut_between_place_and_content_cannot_be_moved()
    {
        var seals = new Seals(Ring(Key("k1")));
        var seal = seals.Sign("ab", "c"u8, Now);
        Assert.True(seals.IsGenuine("ab", "c"u8, seal));
        Assert.False(seals.IsGenuine("a", "bc"u8, seal));
    }

    [Fact]
    public void Another_ring_with_the_same_key_id_opens_nothing() =>
        Assert.False(
            new Seals(Ring(Key("k1"))).TryOpen("p", new Seals(Ring(Key("k1"))).Seal("p", Content, Now), out _)
        );

    [Fact]
    public void Old_records_stay_genuine_past_the_end_of_their_key_until_it_leaves_the_ring()
    {
        var old = Key("old") with { NotAfter = Now.AddHours(1) };
        var next = Key("next") with { NotBefore = Now.AddMinutes(30) };
        var stored = new Seals(Ring(old, next)).Seal("p", Content, Now);
        Assert.StartsWith("selfdev-seal/1 old ", Encoding.ASCII.GetString(stored), StringComparison.Ordinal);
        Assert.True(new Seals(Ring(old, next)).TryOpen("p", stored, out _));
        Assert.False(new Seals(Ring(next)).TryOpen("p", stored, out _));
        var later = new Seals(Ring(old, next)).Seal("p", Content, Now.AddHours(2));
        Assert.StartsWith("selfdev-seal/1 next ", Encoding.ASCII.GetString(later), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("selfdev-seal/1 k1")]
    [InlineData("selfdev-seal/1 k1 ")]
    [InlineData("selfdev-seal/2 k1 AAAA")]
    [InlineData("selfdev-seal/1 k9 AAAA")]
    [InlineData("selfdev-seal/1 k1 AAAA AAAA")]
    public void What_is_no_seal_is_none(string? text) =>
        Assert.False(new Seals(Ring(Key("k1"))).IsGenuine("p", Content, text));

    [Fact]
    public void A_seal_is_no_approval_token_and_the_other_way_around()
    {
        // One secret, two uses: the derived key keeps a MAC of the one from being taken for the other.
        var key = Key("k1");
        var mac = Convert
            .ToBase64String(HMACSHA256.HashData(key.Secret.Span, "selfdev-seal/1\n1\npx"u8))
            .TrimEnd('=')
            .Replace('+', '-')
            .Replace('/', '_');
        Assert.False(new Seals(Ring(key)).IsGenuine("p", "x"u8, $"selfdev-seal/1 k1 {mac}"));
    }

    private static ApprovalKeyRing Ring(params ApprovalKey[] keys) => new(keys);

    private static ApprovalKey Key(string id) =>
        new(id, RandomNumberGenerator.GetBytes(32), DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
}
