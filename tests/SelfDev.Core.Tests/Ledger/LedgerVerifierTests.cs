using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Ledger;

namespace SelfDev.Core.Tests.Ledger;

public sealed class LedgerVerifierTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _key.Dispose();
        _otherKey.Dispose();
    }

    [Fact]
    public async Task An_untouched_ledger_is_intact()
    {
        var (entries, heads) = Build(20);
        var result = await VerifyAsync(entries, heads, heads[4]);
        Assert.True(result.IsIntact, string.Join("; ", result.Problems));
        Assert.Equal((20, 20, 0), (result.Entries, result.Heads, result.UnsignedEntries));
        Assert.Equal(heads[^1].RootHash, result.RootHash);
    }

    [Fact]
    public async Task An_empty_ledger_is_intact() => Assert.True((await VerifyAsync([], [])).IsIntact);

    [Fact]
    public async Task Entries_after_the_last_head_are_counted_not_blamed()
    {
        var (entries, heads) = Build(20);
        var result = await VerifyAsync(entries, heads[..18]);
        Assert.True(result.IsIntact);
        Assert.Equal(2, result.UnsignedEntries);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(19)]
    public async Task An_edited_entry_is_named(int edited)
    {
        var (entries, heads) = Build(20);
        entries[edited] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entries[edited]).Replace("\"n\":", "\"m\":", StringComparison.Ordinal));
        var problem = Assert.Single((await VerifyAsync(entries, heads)).Problems);
        Assert.Equal((LedgerProblemKind.RootMismatch, (long?)edited), (problem.Kind, problem.EntryIndex));
        Assert.Contains($"entry {edited} was changed", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Between_two_heads_the_range_is_named()
    {
        var (entries, heads) = Build(20);
        entries[12] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entries[12]).Replace("\"n\":", "\"m\":", StringComparison.Ordinal));
        var problem = Assert.Single((await VerifyAsync(entries, [heads[9], heads[19]])).Problems);
        Assert.Equal(10, problem.EntryIndex);
        Assert.Contains("entries 10 to 19", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_spelling_of_the_same_entry_is_damage()
    {
        var (entries, heads) = Build(5);
        entries[3] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entries[3]).Replace("{\"actor\"", "{ \"actor\"", StringComparison.Ordinal));
        var result = await VerifyAsync(entries, heads);
        Assert.Contains(result.Problems, problem => problem.Kind == LedgerProblemKind.BadEntry && problem.EntryIndex == 3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_deleted_entry_is_named(int deleted)
    {
        var (entries, heads) = Build(20);
        entries.RemoveAt(deleted);
        var result = await VerifyAsync(entries, heads);
        var problem = Assert.Single(result.Problems, problem => problem.Kind == LedgerProblemKind.OutOfPlace);
        Assert.Equal(deleted, problem.EntryIndex);
        Assert.Contains(result.Problems, other => other.Kind == LedgerProblemKind.RootMismatch && other.EntryIndex == deleted);
    }

    [Fact]
    public async Task Reordered_entries_are_named()
    {
        var (entries, heads) = Build(20);
        (entries[5], entries[6]) = (entries[6], entries[5]);
        var result = await VerifyAsync(entries, heads);
        Assert.Equal(5, Assert.Single(result.Problems, problem => problem.Kind == LedgerProblemKind.OutOfPlace).EntryIndex);
        Assert.Equal(5, Assert.Single(result.Problems, problem => problem.Kind == LedgerProblemKind.RootMismatch).EntryIndex);
    }

    [Fact]
    public async Task A_truncated_ledger_says_what_is_gone()
    {
        var (entries, heads) = Build(20);
        var problem = Assert.Single((await VerifyAsync(entries[..15], heads)).Problems);
        Assert.Equal((LedgerProblemKind.Truncated, (long?)15), (problem.Kind, problem.EntryIndex));
        Assert.Contains("entries 15 to 19 are gone", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ledger_rewritten_and_signed_anew_fails_against_an_older_head()
    {
        var (_, genuineHeads) = Build(20);
        var (entries, heads) = Build(20, rewriteFrom: 3);
        Assert.True((await VerifyAsync(entries, heads)).IsIntact);
        var problem = Assert.Single((await VerifyAsync(entries, heads, genuineHeads[9])).Problems);
        Assert.Equal(LedgerProblemKind.Rewritten, problem.Kind);
    }

    [Fact]
    public async Task A_ledger_cut_back_with_its_heads_fails_against_an_older_head()
    {
        var (entries, heads) = Build(20);
        Assert.True((await VerifyAsync(entries[..10], heads[..10])).IsIntact);
        var problem = Assert.Single((await VerifyAsync(entries[..10], heads[..10], heads[14])).Problems);
        Assert.Equal((LedgerProblemKind.Rewritten, (long?)10), (problem.Kind, problem.EntryIndex));
    }

    [Fact]
    public async Task An_anchor_that_is_not_signed_is_no_anchor()
    {
        var (entries, heads) = Build(5);
        var problem = Assert.Single((await VerifyAsync(entries, heads, heads[3] with { Signature = heads[2].Signature })).Problems);
        Assert.Equal(LedgerProblemKind.BadSignature, problem.Kind);
    }

    [Fact]
    public async Task A_key_twice_is_named()
    {
        var (entries, heads) = Build(20, duplicateOf: (12, 4));
        var problem = Assert.Single((await VerifyAsync(entries, heads)).Problems);
        Assert.Equal((LedgerProblemKind.DuplicateKey, (long?)12), (problem.Kind, problem.EntryIndex));
        Assert.Contains("entry 4", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_is_bound_to_key_size_root_time_and_log()
    {
        var (entries, heads) = Build(6);
        var other = TreeHeads.Sign(_otherKey, TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, 6, Convert.FromHexString(heads[5].RootHash), heads[5].At));
        SignedTreeHead[] forgeries =
        [
            heads[5] with { Signature = Convert.ToBase64String(other) },
            heads[5] with { KeyId = TreeHeads.KeyId(_otherKey), Signature = Convert.ToBase64String(other) },
            heads[5] with { At = heads[5].At.AddSeconds(1) },
            heads[5] with { Signature = "not base64" },
            heads[5] with { Signature = "" },
        ];
        foreach (var forgery in forgeries)
        {
            var problem = Assert.Single((await VerifyAsync(entries, [.. heads[..5], forgery])).Problems);
            Assert.Equal((LedgerProblemKind.BadSignature, (int?)5), (problem.Kind, problem.Head));
        }

        var elsewhere = await LedgerVerifier.VerifyAsync(
            Lines(entries), heads.ToAsyncEnumerable(), new LedgerKeys().Add(_key), [], "another/log", TestContext.Current.CancellationToken);
        Assert.Equal(6, elsewhere.Problems.Count(problem => problem.Kind == LedgerProblemKind.BadSignature));
    }

    [Fact]
    public async Task Heads_that_go_back_are_named()
    {
        var (entries, heads) = Build(6);
        var problem = Assert.Single((await VerifyAsync(entries, [heads[0], heads[3], heads[2], heads[5]])).Problems);
        Assert.Equal((LedgerProblemKind.HeadsOutOfOrder, (int?)2), (problem.Kind, problem.Head));
    }

    [Fact]
    public async Task A_head_twice_is_named()
    {
        var (entries, heads) = Build(6);
        var problem = Assert.Single((await VerifyAsync(entries, [heads[3], heads[3], heads[5]])).Problems);
        Assert.Equal((LedgerProblemKind.HeadsOutOfOrder, (int?)1), (problem.Kind, problem.Head));
    }

    [Fact]
    public async Task Without_a_head_all_entries_are_unsigned()
    {
        var (entries, _) = Build(3);
        Assert.Equal(3, (await VerifyAsync(entries, [])).UnsignedEntries);
    }

    [Fact]
    public void A_proof_stands_on_its_own_and_for_one_entry_only()
    {
        var (entries, heads) = Build(13);
        var tree = new MerkleTree();
        entries.ForEach(entry => tree.Append(MerkleHash.Leaf(entry)));
        var keys = LedgerKeys.FromPem(_key.ExportSubjectPublicKeyInfoPem());
        for (var index = 0; index < 13; index++)
        {
            var proof = LedgerProof.Make(tree.Node, index, Encoding.UTF8.GetString(entries[index]), heads[12]);
            Assert.Null(proof.Verify(keys));
            Assert.NotNull((proof with { Entry = proof.Entry.Replace("\"n\"", "\"m\"", StringComparison.Ordinal) }).Verify(keys));
            Assert.NotNull((proof with { Index = index + 1 }).Verify(keys));
            Assert.NotNull((proof with { Head = heads[11] }).Verify(keys));
            Assert.NotNull((proof with { Path = ["zz"] }).Verify(keys));
            Assert.NotNull(proof.Verify(new LedgerKeys().Add(_otherKey)));
        }
    }

    [Fact]
    public void The_checkpoint_text_is_what_C2SP_describes()
    {
        var text = TreeHeads.CheckpointText("example.com/log", 8, Convert.FromHexString("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"), Start);
        Assert.Equal("example.com/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\ntime 2026-01-01T00:00:00.0000000Z\n", Encoding.UTF8.GetString(text));
    }

    // Key and signature were made with OpenSSL 3.0: "openssl dgst -sha256 -sign" over the text above, of the reference tree of eight leaves.
    [Fact]
    public void A_head_signed_by_OpenSSL_verifies()
    {
        var keys = LedgerKeys.FromPem("""
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFVoDOjaUz2AVa15siuPww3uIJJGe4fw46xaHm5tjzUU8rlSE9WgRjC6OLE70HP/Ht5w9RzIrGfp/+dEP9+Pakw==
            -----END PUBLIC KEY-----
            """);
        var head = new SignedTreeHead(
            8,
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            Start,
            "d44661d310d962c6",
            "MEQCIDalwBC8sXJ4S6oARFZI4K+q6ICGHPEDMApBIkYpVOI6AiAj5MA2xab6kst6j/m7sFG71WgYQ3rS8Q5KPaJg+03nVw==");
        Assert.Null(TreeHeads.Verify(head, "selfdev/ledger", keys));
        Assert.NotNull(TreeHeads.Verify(head with { TreeSize = 7 }, "selfdev/ledger", keys));
        Assert.NotNull(TreeHeads.Verify(head with { RootHash = head.RootHash[..^1] + "9" }, "selfdev/ledger", keys));
    }

    private Task<LedgerVerification> VerifyAsync(List<byte[]> entries, SignedTreeHead[] heads, params SignedTreeHead[] anchors) =>
        LedgerVerifier.VerifyAsync(
            Lines(entries), heads.ToAsyncEnumerable(), new LedgerKeys().Add(_key), anchors, cancellation: TestContext.Current.CancellationToken);

    private static IAsyncEnumerable<ReadOnlyMemory<byte>> Lines(List<byte[]> entries) =>
        entries.Select(entry => new ReadOnlyMemory<byte>(entry)).ToAsyncEnumerable();

    // One signed head an entry, as the store writes them.
    private (List<byte[]> Entries, SignedTreeHead[] Heads) Build(int count, int? rewriteFrom = null, (int At, int Of)? duplicateOf = null)
    {
        var entries = new List<byte[]>();
        var heads = new List<SignedTreeHead>();
        var tree = new MerkleFrontier();
        for (var index = 0; index < count; index++)
        {
            var key = duplicateOf?.At == index ? duplicateOf.Value.Of : index;
            var entry = new LedgerEntry(
                $"run:{key}", LedgerEntryTypes.Effect, Start.AddMinutes(index), "run", index >= rewriteFrom ? "mallory" : "selfdev", new JsonObject { ["n"] = index });
            entries.Add(LedgerEntryFormat.Serialize(index, entry));
            tree.Append(MerkleHash.Leaf(entries[^1]));
            var text = TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, tree.Size, tree.Root(), entry.At);
            heads.Add(new SignedTreeHead(tree.Size, tree.RootHex(), entry.At, TreeHeads.KeyId(_key), Convert.ToBase64String(TreeHeads.Sign(_key, text))));
        }

        return (entries, [.. heads]);
    }
}
