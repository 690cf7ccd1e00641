using SelfDev.Core.Ledger;
using SelfDev.Local.Trust;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Trust;

public sealed class SqliteLedgerLogTests : IDisposable
{
    private readonly LedgerFile _file = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _file.Dispose();

    // The guard against two writers: neither a gap, nor a row twice, nor a head that goes back.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 5)]
    [InlineData(3, 4)]
    [InlineData(2, 2)]
    [InlineData(2, 1)]
    public async Task An_append_that_does_not_continue_what_is_there_appends_nothing(long from, long headSize)
    {
        var log = _file.Open();
        Assert.True(await log.TryAppendAsync(Append(0, 2), Cancellation));

        Assert.False(await log.TryAppendAsync(Append(from, 1) with { Head = LedgerFile.Head(headSize) }, Cancellation));

        Assert.Equal(LedgerFile.Head(2), await log.LatestHeadAsync(Cancellation));
        Assert.Equal(new LedgerLogState(2, LedgerFile.Head(2), null), await log.RefreshAsync(Cancellation));
        Assert.Equal(2, await log.ReadAsync(0, Cancellation).CountAsync(Cancellation));
        Assert.Equal([LedgerFile.Head(2)], await log.ReadHeadsAsync(Cancellation).ToListAsync(Cancellation));
    }

    // After a crash between an entry of an older version and its head: the head alone is made up for.
    [Fact]
    public async Task A_head_may_be_appended_without_entries()
    {
        _file.PutEntries(0, 2);
        var log = _file.Open();
        Assert.True(await log.TryAppendAsync(new LedgerAppend(2, [], [], LedgerFile.Head(2)), Cancellation));
        Assert.Equal(new LedgerLogState(2, LedgerFile.Head(2), null), await log.RefreshAsync(Cancellation));
    }

    [Fact]
    public async Task The_newest_head_is_known_before_anything_was_refreshed_or_appended()
    {
        for (var size = 1; size <= 450; size++)
        {
            _file.PutHead(size, LedgerFile.Head(size));
        }

        var log = _file.Open();
        Assert.Equal(LedgerFile.Head(450), await log.LatestHeadAsync(Cancellation));
        Assert.Equal(
            Enumerable.Range(1, 450).Select(size => LedgerFile.Head(size)),
            await log.ReadHeadsAsync(Cancellation).ToListAsync(Cancellation)
        );
    }

    [Fact]
    public async Task What_was_refreshed_is_the_newest_head_that_is_told()
    {
        _file.PutHead(1, LedgerFile.Head(1));
        var log = _file.Open();
        await log.RefreshAsync(Cancellation);
        _file.PutHead(2, LedgerFile.Head(2));

        // Only what was taken up: the entries of a newer head are not yet checked against it.
        Assert.Equal(LedgerFile.Head(1), await log.LatestHeadAsync(Cancellation));
        await log.RefreshAsync(Cancellation);
        Assert.Equal(LedgerFile.Head(2), await log.LatestHeadAsync(Cancellation));
    }

    [Theory]
    [InlineData("UPDATE head SET size = 9", "it stands at 9 and says 1")]
    [InlineData("UPDATE head SET line = CAST('null' AS BLOB)", "null")]
    [InlineData("UPDATE head SET line = CAST('{' AS BLOB)", "no signed tree head")]
    public async Task A_row_that_is_no_head_is_refused(string damage, string why)
    {
        _file.PutHead(1, LedgerFile.Head(1));
        _file.Execute(damage);
        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() => _file.Open().RefreshAsync(Cancellation));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "DELETE FROM entry WHERE idx = 517",
        3,
        64,
        "The ledger's tree has 7 of the 8 hashes of level 0 from 512 on"
    )]
    [InlineData(
        "DELETE FROM subtree WHERE idx = 1",
        9,
        0,
        "The ledger's tree has 1 of the 2 hashes of level 8 from 0 on"
    )]
    public async Task A_part_of_the_tree_that_is_gone_is_named(string damage, int level, long index, string why)
    {
        _file.PutEntries(0, 600);
        _file.Execute(damage);
        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() =>
            _file.Open().ReadTreeAsync(node => node(level, index), Cancellation)
        );
        Assert.StartsWith(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_node_of_the_tree_is_that_of_the_entries_below_it()
    {
        _file.PutEntries(0, 1_100);
        var log = _file.Open();
        var leaves = Enumerable.Range(0, 1_100).Select(index => MerkleHash.Leaf(LedgerFile.Line(index))).ToArray();
        foreach (
            var (level, index) in new[]
            {
                (0, 0L),
                (0, 1_099L),
                (1, 3L),
                (5, 7L),
                (7, 7L),
                (8, 0L),
                (8, 3L),
                (9, 1L),
                (10, 0L),
            }
        )
        {
            var below = leaves.AsMemory((int)(index << level), 1 << level);
            Assert.Equal(
                LedgerFile.Root(below.Span),
                await log.ReadTreeAsync(node => node(level, index), Cancellation)
            );
        }
    }

    [Fact]
    public async Task Only_the_hashes_of_whole_blocks_are_kept()
    {
        var log = _file.Open();
        var frontier = new MerkleFrontier();
        var completed = new List<MerkleSubtree>();
        for (var index = 0; index < 600; index++)
        {
            frontier.Append(MerkleHash.Leaf(LedgerFile.Line(index)), completed);
        }

        Assert.True(await log.TryAppendAsync(Append(0, 600) with { Completed = completed }, Cancellation));
        Assert.Equal((256, (string?)null), await log.CheckBlockAsync(0, Cancellation));
        Assert.Equal((256, (string?)null), await log.CheckBlockAsync(1, Cancellation));
        _file.Execute("INSERT INTO subtree (level, idx, hash) SELECT 0, count(*), zeroblob(32) FROM subtree");
        Assert.Equal(new byte[32], _file.Hash(0, 2));
    }

    // What tells an older copy of the file that is put back.
    [Fact]
    public async Task The_file_carries_the_mark_of_its_folder_and_counts_its_commits()
    {
        var log = _file.Open();
        var before = await log.ReadCommitsAsync(Cancellation);
        await log.MarkAsync(set: 77, start: 5);
        Assert.True(await log.ReadCommitsAsync(Cancellation) > before);
        Assert.Equal((77, 5), (_file.Mark("set"), _file.Mark("start")));
    }

    private static LedgerAppend Append(long from, int count) =>
        new(
            from,
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(number => new LedgerLine($"run:{from + number}", LedgerFile.Line(from + number))),
            ],
            [],
            LedgerFile.Head(from + count)
        );
}
