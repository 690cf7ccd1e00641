using System.Security.Cryptography;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class ApprovalTokensTests
{
    private static readonly DateTimeOffset Now = Plans.Now;
    private static readonly ApprovalKey Key = MakeKey("k1", Now.AddDays(-1), Now.AddDays(1));
    private static readonly ApprovalKeyRing Keys = new([Key]);
    private static readonly ApprovalClaims Claims = new(
        PlanHash.Of(Plans.Scale()),
        "run7:approval:1",
        1,
        "ana@example.com",
        Now.AddHours(4),
        "n-1"
    );

    [Fact]
    public void A_token_says_what_was_put_in()
    {
        var reading = ApprovalTokens.Verify(Keys, ApprovalTokens.Issue(Keys, Claims, Now), Now);
        Assert.Equal(TokenStatus.Valid, reading.Status);
        Assert.Equal(Claims, reading.Claims);
    }

    [Fact]
    public void No_character_of_a_token_can_be_changed()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
        var token = ApprovalTokens.Issue(Keys, Claims, Now);
        for (var at = 0; at < token.Length; at++)
        {
            foreach (var other in alphabet.Where(other => other != token[at]))
            {
                var reading = ApprovalTokens.Verify(Keys, token[..at] + other + token[(at + 1)..], Now);
                Assert.True(
                    reading.Status is TokenStatus.Forged or TokenStatus.Malformed,
                    $"{at}: {other} gave {reading.Status}"
                );
                Assert.Null(reading.Claims);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1...")]
    [InlineData("v1.k1.e30.")]
    [InlineData("v2.k1.e30.AAAA")]
    [InlineData("v1.unknown.e30.AAAA")]
    [InlineData("v1.k1.e30.\u0000\ud800")]
    public void What_is_no_token_is_refused(string token) =>
        Assert.True(ApprovalTokens.Verify(Keys, token, Now).Status is TokenStatus.Malformed or TokenStatus.Forged);

    [Fact]
    public void A_token_of_any_length_is_answered_at_once() =>
        Assert.Equal(TokenStatus.Malformed, ApprovalTokens.Verify(Keys, new string('.', 10_000_000), Now).Status);

    // The secret that an unknown key is checked against, so that it takes as long, is known to everybody.
    [Fact]
    public void A_token_of_an_unknown_key_is_forged_whatever_it_is_signed_with()
    {
        var signed = "v1.unknown." + ApprovalTokens.Issue(Keys, Claims, Now).Split('.')[2];
        var mac = System.Buffers.Text.Base64Url.EncodeToString(
            HMACSHA256.HashData(new byte[32], System.Text.Encoding.ASCII.GetBytes(signed))
        );
        Assert.Equal(TokenStatus.Forged, ApprovalTokens.Verify(Keys, $"{signed}.{mac}", Now).Status);
    }

    [Fact]
    public void A_token_is_read_up_to_its_longest()
    {
        var tokens = Enumerable
            .Range(1_000, 600)
            .Select(chars => ApprovalTokens.Issue(Keys, Claims with { InstanceId = new string('i', chars) }, Now))
            .ToLookup(token => token.Length);
        Assert.Equal(TokenStatus.Valid, ApprovalTokens.Verify(Keys, tokens[2048].First(), Now).Status);
        var longer = tokens.Where(group => group.Key > 2048).MinBy(group => group.Key)!.First();
        Assert.Equal(TokenStatus.Malformed, ApprovalTokens.Verify(Keys, longer, Now).Status);
    }

    [Fact]
    public void Signed_nonsense_is_malformed()
    {
        var signed = $"v1.k1.{System.Buffers.Text.Base64Url.EncodeToString("[]"u8)}";
        var mac = System.Buffers.Text.Base64Url.EncodeToString(
            HMACSHA256.HashData(Key.Secret.Span, System.Text.Encoding.ASCII.GetBytes(signed))
        );
        Assert.Equal(TokenStatus.Malformed, ApprovalTokens.Verify(Keys, $"{signed}.{mac}", Now).Status);
    }

    [Theory]
    [InlineData(-1, 0, TokenStatus.Valid)]
    [InlineData(0, 0, TokenStatus.Expired)]
    [InlineData(1, 0, TokenStatus.Expired)]
    [InlineData(4999, 5000, TokenStatus.Valid)]
    [InlineData(5000, 5000, TokenStatus.Expired)]
    public void It_is_valid_strictly_before_its_expiry(
        int millisecondsAfter,
        int toleranceMilliseconds,
        TokenStatus expected
    )
    {
        var token = ApprovalTokens.Issue(Keys, Claims, Now);
        var reading = ApprovalTokens.Verify(
            Keys,
            token,
            Claims.ExpiresAt.AddMilliseconds(millisecondsAfter),
            TimeSpan.FromMilliseconds(toleranceMilliseconds)
        );
        Assert.Equal(expected, reading.Status);
    }

    [Fact]
    public void Rotation_old_and_new_hold_in_the_overlap_then_the_old_is_refused()
    {
        var old = MakeKey("old", Now, Now.AddHours(3));
        var next = MakeKey("next", Now.AddHours(2), Now.AddHours(9));
        var keys = new ApprovalKeyRing([old, next]);
        var oldToken = ApprovalTokens.Issue(keys, Claims, Now);
        var newToken = ApprovalTokens.Issue(keys, Claims, Now.AddHours(2));
        Assert.StartsWith("v1.old.", oldToken, StringComparison.Ordinal);
        Assert.StartsWith("v1.next.", newToken, StringComparison.Ordinal);

        Assert.Equal(TokenStatus.KeyRetired, ApprovalTokens.Verify(keys, newToken, Now.AddHours(1)).Status);
        Assert.Equal(TokenStatus.Valid, ApprovalTokens.Verify(keys, oldToken, Now.AddHours(2.5)).Status);
        Assert.Equal(TokenStatus.Valid, ApprovalTokens.Verify(keys, newToken, Now.AddHours(2.5)).Status);
        Assert.Equal(TokenStatus.KeyRetired, ApprovalTokens.Verify(keys, oldToken, Now.AddHours(3)).Status);
        Assert.Equal(TokenStatus.Valid, ApprovalTokens.Verify(keys, newToken, Now.AddHours(3)).Status);
        Assert.Throws<InvalidOperationException>(() => ApprovalTokens.Issue(keys, Claims, Now.AddHours(9)));
    }

    [Fact]
    public void Of_keys_that_begin_together_always_the_same_signs()
    {
        var (a, b, later) = (
            Key with
            {
                Id = "a",
            },
            Key with
            {
                Id = "b",
            },
            Key with
            {
                Id = "later",
                NotBefore = Now.AddTicks(1),
            }
        );
        Assert.Equal("a", new ApprovalKeyRing([b, a, later]).SigningKey(Now).Id);
        Assert.Equal("a", new ApprovalKeyRing([later, a, b]).SigningKey(Now).Id);
        Assert.Equal("later", new ApprovalKeyRing([a, later, b]).SigningKey(Now.AddTicks(1)).Id);
    }

    [Theory]
    [InlineData("A-b_9", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    public void A_key_has_a_name_that_can_stand_in_a_token(string id, bool expected)
    {
        var made = Record.Exception(() => new ApprovalKeyRing([Key with { Id = id }]));
        Assert.Equal(expected, made is null);
        Assert.True(made is null or ArgumentException);
    }

    [Fact]
    public void A_weak_or_ambiguous_key_ring_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ApprovalKeyRing([Key with { Secret = new byte[31] }]));
        Assert.Throws<ArgumentException>(() => new ApprovalKeyRing([Key with { Id = "a.b" }]));
        Assert.Throws<ArgumentException>(() => new ApprovalKeyRing([Key, Key]));
        Assert.DoesNotContain(Convert.ToHexString(Key.Secret.Span), Key.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    private static ApprovalKey MakeKey(string id, DateTimeOffset from, DateTimeOffset to) =>
        new(id, RandomNumberGenerator.GetBytes(32), from, to);
}
