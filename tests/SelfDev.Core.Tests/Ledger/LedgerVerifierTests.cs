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
        entries[edited] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(entries[edited]).Replace("\"n\":", "\"m\":", StringComparison.Ordinal)
        );
        var problem = Assert.Single((await VerifyAsync(entries, heads)).Problems);
        Assert.Equal((LedgerProblemKind.RootMismatch, (long?)edited), (problem.Kind, problem.EntryIndex));
        Assert.Contains($"entry {edited} was changed", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Between_two_heads_the_range_is_named()
    {
        var (entries, heads) = Build(20);
        entries[12] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(entries[12]).Replace("\"n\":", "\"m\":", StringComparison.Ordinal)
        );
        var problem = Assert.Single((await VerifyAsync(entries, [heads[9], heads[19]])).Problems);
        Assert.Equal(10, problem.EntryIndex);
        Assert.Contains("entries 10 to 19", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_spelling_of_the_same_entry_is_damage()
    {
        var (entries, heads) = Build(5);
        entries[3] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(entries[3]).Replace("{\"actor\"", "{ \"actor\"", StringComparison.Ordinal)
        );
        var result = await VerifyAsync(entries, heads);
        Assert.Contains(
            result.Problems,
            problem => problem.Kind == LedgerProblemKind.BadEntry && problem.EntryIndex == 3
        );
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
        Assert.Contains(
            result.Problems,
            other => other.Kind == LedgerProblemKind.RootMismatch && other.EntryIndex == deleted
        );
    }

    [Fact]
    public async Task Reordered_entries_are_named()
    {
        var (entries, heads) = Build(20);
        (entries[5], entries[6]) = (entries[6], entries[5]);
        var result = await VerifyAsync(entries, heads);
        Assert.Equal(
            5,
            Assert.Single(result.Problems, problem => problem.Kind == LedgerProblemKind.OutOfPlace).EntryIndex
        );
        Assert.Equal(
            5,
            Assert.Single(result.Problems, problem => problem.Kind == LedgerProblemKind.RootMismatch).EntryIndex
        );
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
        var problem = Assert.Single(
            (await VerifyAsync(entries, heads, heads[3] with { Signature = heads[2].Signature })).Problems
        );
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
        var other = TreeHeads.Sign(
            _otherKey,
            TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, 6, Convert.FromHexString(heads[5].RootHash), heads[5].At)
        );
        SignedTreeHead[] forgeries =
        [
            heads[5] with
            {
                Signature = Convert.ToBase64String(other),
            },
            heads[5] with
            {
                KeyId = TreeHeads.KeyId(_otherKey),
                Signature = Convert.ToBase64String(other),
            },
            heads[5] with
            {
                At = heads[5].At.AddSeconds(1),
            },
            heads[5] with
            {
                Signature = "not base64",
            },
            heads[5] with
            {
                Signature = "",
            },
        ];
        foreach (var forgery in forgeries)
        {
            var problem = Assert.Single((await VerifyAsync(entries, [.. heads[..5], forgery])).Problems);
            Assert.Equal((LedgerProblemKind.BadSignature, (int?)5), (problem.Kind, problem.Head));
        }

        var elsewhere = await LedgerVerifier.VerifyAsync(
            Lines(entries),
            heads.ToAsyncEnumerable(),
            new LedgerKeys().Add(_key),
            [],
            "another/log",
            TestContext.Current.CancellationToken
        );
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

    // It has no index to be out of place with.
    [Fact]
    public async Task An_unreadable_entry_is_damaged_and_not_out_of_place()
    {
        var (entries, heads) = Build(5);
        entries[3] = "[]"u8.ToArray();
        var result = await VerifyAsync(entries, heads);
        Assert.Equal(
            [LedgerProblemKind.BadEntry, LedgerProblemKind.RootMismatch],
            result.Problems.Select(problem => problem.Kind)
        );
        Assert.All(result.Problems, problem => Assert.Equal(3, problem.EntryIndex));
    }

    [Fact]
    public async Task It_says_whether_an_entry_was_taken_away_or_put_in()
    {
        var (entries, heads) = Build(6);
        List<byte[]> fewer = [.. entries[..2], .. entries[3..]];
        List<byte[]> more = [.. entries[..3], entries[1], .. entries[3..]];
        var gone = Assert.Single(
            (await VerifyAsync(fewer, heads)).Problems,
            problem => problem.Kind == LedgerProblemKind.OutOfPlace
        );
        Assert.Equal("Entry 2 says that it is entry 3: an entry before it was deleted or moved.", gone.Message);
        var put = Assert.Single(
            (await VerifyAsync(more, heads)).Problems,
            problem => problem.Kind == LedgerProblemKind.OutOfPlace
        );
        Assert.Equal("Entry 3 says that it is entry 1: an entry was inserted or moved.", put.Message);
    }

    // A head of one's own that is broken, and one that was noted elsewhere, are told apart.
    [Fact]
    public async Task It_says_whose_head_a_ledger_does_not_hold_to()
    {
        var (entries, heads) = Build(8);
        var shorter = Assert.Single((await VerifyAsync(entries[..5], heads)).Problems);
        Assert.Equal(
            "The ledger ends after 5 entries, yet head 7 (size 8) covers 8: entries 5 to 7 are gone.",
            shorter.Message
        );
        Assert.Equal(7, shorter.Head);
        var back = Assert.Single((await VerifyAsync(entries[..5], heads[..5], heads[6])).Problems);
        Assert.Equal(
            "The ledger was rolled back: it ends after 5 entries, yet the anchored head of size 7 covers 7: entries 5 "
                + "to 6 are gone.",
            back.Message
        );
        Assert.Null(back.Head);
        Assert.Equal(0, (await VerifyAsync(entries[..5], heads)).UnsignedEntries);

        var (rewritten, signedAnew) = Build(8, rewriteFrom: 2);
        var forked = Assert.Single((await VerifyAsync(rewritten, signedAnew, heads[4])).Problems);
        Assert.StartsWith(
            "The ledger was forked: its first 5 entries have root",
            forked.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("the anchored head of size 5 says", forked.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_anchor_counts_also_where_the_ledgers_own_heads_are_broken_already()
    {
        var (entries, heads) = Build(8);
        entries[2] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(entries[2]).Replace("\"n\":", "\"m\":", StringComparison.Ordinal)
        );
        var problems = (await VerifyAsync(entries, heads, heads[5], heads[6])).Problems;
        Assert.Equal(
            [
                (LedgerProblemKind.RootMismatch, 2, 2),
                (LedgerProblemKind.Rewritten, null, null),
                (LedgerProblemKind.Rewritten, null, null),
            ],
            problems.Select(problem => (problem.Kind, problem.EntryIndex, problem.Head))
        );
    }

    [Fact]
    public async Task A_head_of_a_size_below_none_covers_nothing()
    {
        var (entries, heads) = Build(2);
        var result = await VerifyAsync(entries, [heads[0] with { TreeSize = -3 }]);
        Assert.Equal(
            (LedgerProblemKind.BadSignature, 2),
            (Assert.Single(result.Problems).Kind, result.UnsignedEntries)
        );
    }

    // All of them are signed, so that only their form speaks against them.
    [Theory]
    [InlineData(0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true)]
    [InlineData(-1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData(3, "abcd", false)]
    [InlineData(3, "", false)]
    [InlineData(3, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA", false)]
    [InlineData(3, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData(3, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    public void A_head_has_one_form(long size, string root, bool expected)
    {
        var text = TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, size, Convert.FromHexString(root), Start);
        var head = new SignedTreeHead(
            size,
            root,
            Start,
            TreeHeads.KeyId(_key),
            Convert.ToBase64String(TreeHeads.Sign(_key, text))
        );
        Assert.Equal(
            expected ? null : "its size or root hash is malformed",
            TreeHeads.Verify(head, TreeHeads.DefaultOrigin, new LedgerKeys().Add(_key))
        );
        var letters = head with { RootHash = new string('g', 64) };
        Assert.Equal(
            "its size or root hash is malformed",
            TreeHeads.Verify(letters, TreeHeads.DefaultOrigin, new LedgerKeys().Add(_key))
        );
    }

    [Fact]
    public void What_is_wrong_with_a_signature_is_said()
    {
        var (_, heads) = Build(1);
        var keys = new LedgerKeys().Add(_key);
        Assert.Equal(
            "its signature is not base64",
            TreeHeads.Verify(heads[0] with { Signature = "?" }, TreeHeads.DefaultOrigin, keys)
        );
        Assert.Equal(
            "its signature does not match",
            TreeHeads.Verify(heads[0] with { Signature = "" }, TreeHeads.DefaultOrigin, keys)
        );
        Assert.Equal(
            "it is signed by the unknown key 'other'",
            TreeHeads.Verify(heads[0] with { KeyId = "other" }, TreeHeads.DefaultOrigin, keys)
        );
    }

    [Fact]
    public void Keys_are_read_from_PEM_one_or_more_and_nothing_else_is()
    {
        var both = LedgerKeys.FromPem(
            $"Ours:\n{_key.ExportSubjectPublicKeyInfoPem()}\nand theirs:\n{_otherKey.ExportPkcs8PrivateKeyPem()}\n"
        );
        Assert.Equal(
            new[] { TreeHeads.KeyId(_key), TreeHeads.KeyId(_otherKey) }.Order(StringComparer.Ordinal),
            both.KeyIds.Order(StringComparer.Ordinal)
        );
        Assert.Throws<ArgumentException>(() => LedgerKeys.FromPem(""));
        Assert.Throws<ArgumentException>(() => LedgerKeys.FromPem("no key"));
        using var rsa = RSA.Create(2048);
        Assert.Throws<ArgumentException>(() => LedgerKeys.FromPem(rsa.ExportSubjectPublicKeyInfoPem()));
    }

    [Theory]
    [InlineData("2fd1b71c5e", "ledger: 41 entries, root 2fd1b71c…")]
    [InlineData("2fd1", "ledger: 41 entries, root 2fd1…")]
    public void A_head_in_words_fits_the_end_of_a_message(string root, string expected)
    {
        var head = new SignedTreeHead(41, root, Start, "k1", "");
        Assert.Equal(expected, head.Short());
        Assert.Equal($"41 entries, root {root}, signed 2026-01-01 00:00:00 UTC by key k1", head.Full());
    }

    // Whatever somebody put into the file, the reader says what is wrong and throws nothing.
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"index":1,"index":2}""")]
    [InlineData("""{"index":"1"}""")]
    [InlineData("""{"index":1.5}""")]
    [InlineData("""{"index":1,"key":7}""")]
    [InlineData("""{"actor":"a","at":"yesterday","body":{},"index":1,"instanceId":"i","key":"k","type":"t"}""")]
    [InlineData(
        """{"actor":"a","at":"2026-01-01T00:00:00.0000000Z","body":[],"index":1,"instanceId":"i","key":"k","type":"t"}"""
    )]
    [InlineData(
        """{"actor":"a","at":"2026-01-01T00:00:00.0000000Z","body":{"n":9007199254740993},"index":1,"instanceId":"i","key":"k","type":"t"}"""
    )]
    public void What_is_no_entry_is_read_as_none(string line)
    {
        var reading = LedgerEntryFormat.Parse(Encoding.UTF8.GetBytes(line));
        Assert.NotNull(reading.Error);
        Assert.Equal((null, null), (reading.Index, reading.Entry));
    }

    [Fact]
    public void An_entry_reads_back_as_what_was_written()
    {
        var entry = new LedgerEntry(
            "k",
            "t",
            Start.AddTicks(1),
            "i",
            "a",
            new JsonObject { ["n"] = 1, ["text"] = "ä\n" }
        );
        var reading = LedgerEntryFormat.Parse(LedgerEntryFormat.Serialize(7, entry));
        Assert.Equal(
            (7L, (string?)null, entry with { Body = reading.Entry!.Body }),
            (reading.Index!.Value, reading.Error, reading.Entry)
        );
        Assert.True(JsonNode.DeepEquals(entry.Body, reading.Entry.Body));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz")]
    public void A_path_of_something_else_than_hashes_is_named(string hash)
    {
        var (entries, heads) = Build(2);
        var proof = new LedgerProof(0, Encoding.UTF8.GetString(entries[0]), [hash], heads[1]);
        Assert.Equal("The path holds something that is not a hash.", proof.Verify(new LedgerKeys().Add(_key)));
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
            Assert.NotNull(
                (proof with { Entry = proof.Entry.Replace("\"n\"", "\"m\"", StringComparison.Ordinal) }).Verify(keys)
            );
            Assert.NotNull((proof with { Index = index + 1 }).Verify(keys));
            Assert.NotNull((proof with { Head = heads[11] }).Verify(keys));
            Assert.NotNull((proof with { Path = ["zz"] }).Verify(keys));
            Assert.NotNull(proof.Verify(new LedgerKeys().Add(_otherKey)));
        }
    }

    [Fact]
    public void The_checkpoint_text_is_what_C2SP_describes()
    {
        var text = TreeHeads.CheckpointText(
            "example.com/log",
            8,
            Convert.FromHexString("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
            Start
        );
        Assert.Equal(
            "example.com/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\ntime 2026-01-01T00:00:00.0000000Z\n",
            Encoding.UTF8.GetString(text)
        );
    }

    // Key and signature were made with OpenSSL 3.0: "openssl dgst -sha256 -sign" over the text above, of the reference
    // tree of eight leaves.
    [Fact]
    public void A_head_signed_by_OpenSSL_verifies()
    {
        var keys = LedgerKeys.FromPem(
            """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFVoDOjaUz2AVa15siuPww3uIJJGe4fw46xaHm5tjzUU8rlSE9WgRjC6OLE70HP/Ht5w9RzIrGfp/+dEP9+Pakw==
            -----END PUBLIC KEY-----
            """
        );
        var head = new SignedTreeHead(
            8,
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            Start,
            "d44661d310d962c6",
            "MEQCIDalwBC8sXJ4S6oARFZI4K+q6ICGHPEDMApBIkYpVOI6AiAj5MA2xab6kst6j/m7sFG71WgYQ3rS8Q5KPaJg+03nVw=="
        );
        Assert.Null(TreeHeads.Verify(head, "selfdev/ledger", keys));
        Assert.NotNull(TreeHeads.Verify(head with { TreeSize = 7 }, "selfdev/ledger", keys));
        Assert.NotNull(TreeHeads.Verify(head with { RootHash = head.RootHash[..^1] + "9" }, "selfdev/ledger", keys));
    }

    private Task<LedgerVerification> VerifyAsync(
        List<byte[]> entries,
        SignedTreeHead[] heads,
        params SignedTreeHead[] anchors
    ) =>
        LedgerVerifier.VerifyAsync(
            Lines(entries),
            heads.ToAsyncEnumerable(),
            new LedgerKeys().Add(_key),
            anchors,
            cancellation: TestContext.Current.CancellationToken
        );

    private static IAsyncEnumerable<ReadOnlyMemory<byte>> Lines(List<byte[]> entries) =>
        entries.Select(entry => new ReadOnlyMemory<byte>(entry)).ToAsyncEnumerable();

    // One signed head an entry, as the store writes them.
    private (List<byte[]> Entries, SignedTreeHead[] Heads) Build(
        int count,
        int? rewriteFrom = null,
        (int At, int Of)? duplicateOf = null
    )
    {
        var entries = new List<byte[]>();
        var heads = new List<SignedTreeHead>();
        var tree = new MerkleFrontier();
        for (var index = 0; index < count; index++)
        {
            var key = duplicateOf?.At == index ? duplicateOf.Value.Of : index;
            var entry = new LedgerEntry(
                $"run:{key}",
                LedgerEntryTypes.Effect,
                Start.AddMinutes(index),
                "run",
                index >= rewriteFrom ? "mallory" : "selfdev",
                new JsonObject { ["n"] = index }
            );
            entries.Add(LedgerEntryFormat.Serialize(index, entry));
            tree.Append(MerkleHash.Leaf(entries[^1]));
            var text = TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, tree.Size, tree.Root(), entry.At);
            heads.Add(
                new SignedTreeHead(
                    tree.Size,
                    tree.RootHex(),
                    entry.At,
                    TreeHeads.KeyId(_key),
                    Convert.ToBase64String(TreeHeads.Sign(_key, text))
                )
            );
        }

        return (entries, [.. heads]);
    }
}
