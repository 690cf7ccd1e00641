using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Ledger;
using SelfDev.Local.Trust;
using SelfDev.Testing;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Trust;

/// <summary>What the check of the whole ledger finds, said with its place: a person has to know what to
/// restore.</summary>
public sealed class LedgerCheckTests : IDisposable
{
    private readonly LedgerFile _file = new();
    private readonly TestSigner _signer = new();
    private readonly Logged _logged = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _signer.Dispose();
        _file.Dispose();
    }

    [Fact]
    public async Task A_whole_ledger_is_found_whole_block_by_block()
    {
        _file.PutEntries(0, 556);
        var log = _file.Open();
        Assert.Equal([(256, null), (256, null), (44, null), (0, null)], await BlocksAsync(log, 0, 1, 2, 3));
        Assert.Null(await Check(log).RunAsync(rests: false, Cancellation));
    }

    // Entries 512 to 555 are of no whole block yet: nothing is kept of them, and the check has only what they say
    // themselves.
    [Theory]
    [InlineData(
        "UPDATE entry SET line = CAST('{' AS BLOB) WHERE idx = 540",
        "Entry 540 of the ledger is damaged or out of place."
    )]
    [InlineData(
        "UPDATE entry SET line = CAST(replace(CAST(line AS TEXT), ',', ', ') AS BLOB) WHERE idx = 540",
        "Entry 540 of the ledger is damaged or out of place."
    )]
    [InlineData("DELETE FROM entry WHERE idx = 540", "Entry 540 of the ledger is damaged or out of place.")]
    [InlineData("UPDATE entry SET idx = 556 WHERE idx = 540", "Entry 540 of the ledger is damaged or out of place.")]
    [InlineData("UPDATE entry SET idx = 556 WHERE idx = 555", "Entry 555 of the ledger is damaged or out of place.")]
    [InlineData(
        "UPDATE entry SET idx = -1 WHERE idx = 540; UPDATE entry SET idx = 540 WHERE idx = 541; UPDATE entry SET idx = "
            + "541 WHERE idx = -1",
        "Entry 540 of the ledger is damaged or out of place."
    )]
    [InlineData(
        "UPDATE entry SET key = 'other' WHERE idx = 540",
        "Entry 540 of the ledger is not found under its key."
    )]
    [InlineData(
        "UPDATE entry SET key = 'other' WHERE idx = 540; UPDATE entry SET key = 'run:540' WHERE idx = 541",
        "Entry 540 of the ledger is not found under its key."
    )]
    [InlineData("DELETE FROM entry WHERE idx BETWEEN 300 AND 511", "Entries 300 to 511 of the ledger are gone.")]
    [InlineData("DELETE FROM entry WHERE idx BETWEEN 300 AND 554", "Entries 300 to 511 of the ledger are gone.")]
    [InlineData("DELETE FROM entry WHERE idx BETWEEN 256 AND 511", "Entries 256 to 511 of the ledger are gone.")]
    [InlineData(
        "UPDATE entry SET line = CAST(replace(CAST(line AS TEXT), 'selfdev', 'selfish') AS BLOB) WHERE idx = 511",
        "Entries 256 to 511 of the ledger do not have the hash"
    )]
    [InlineData(
        "UPDATE subtree SET hash = zeroblob(32) WHERE idx = 1",
        "Entries 256 to 511 of the ledger do not have the hash"
    )]
    [InlineData("DELETE FROM subtree WHERE idx = 1", "Entries 256 to 511 of the ledger do not have the hash")]
    public async Task Damage_is_named_with_its_place_and_stops_appending(string damage, string expected)
    {
        _file.PutEntries(0, 556);
        foreach (var change in damage.Split("; "))
        {
            _file.Execute(change);
        }

        var log = _file.Open();
        using var ledger = new LedgerStore(log, _signer, new FakeClock());

        var found = await new LedgerCheck(log, ledger, TimeProvider.System, _logged).RunAsync(
            rests: false,
            Cancellation
        );

        Assert.StartsWith(expected, found, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => ledger.AppendAsync(LedgerFile.Entry(556), Cancellation));
    }

    // The last block of 256 times 256, and the last of 256 of those: in a ledger that goes on.
    [Theory]
    [InlineData(null)]
    [InlineData("UPDATE subtree SET hash = zeroblob(32) WHERE level = 24 AND idx = 0")]
    [InlineData("DELETE FROM subtree WHERE level = 24 AND idx = 0")]
    [InlineData("UPDATE subtree SET hash = zeroblob(32) WHERE level = 16 AND idx = 255")]
    [InlineData("DELETE FROM subtree WHERE level = 16 AND idx = 255")]
    [InlineData("UPDATE subtree SET hash = zeroblob(32) WHERE level = 16 AND idx = 0")]
    [InlineData("DELETE FROM subtree WHERE level = 16 AND idx = 7")]
    [InlineData("UPDATE subtree SET hash = zeroblob(32) WHERE level = 8 AND idx = 65280")]
    [InlineData("DELETE FROM subtree WHERE level = 8 AND idx = 65534")]
    public async Task What_is_kept_of_many_blocks_is_checked_with_the_last_of_them(string? damage)
    {
        const int Last = (256 * 256) - 1;
        _file.PutEntries(Last * 256L, 256);
        PutHashes(8, Last - 255, 255);
        PutHashes(16, 0, 255);
        _file.PutHash(
            16,
            255,
            LedgerFile.Root([.. Enumerable.Range(Last - 255, 256).Select(index => _file.Hash(8, index))])
        );
        _file.PutHash(24, 0, LedgerFile.Root([.. Enumerable.Range(0, 256).Select(index => _file.Hash(16, index))]));
        PutHashes(16, 256, 1);
        PutHashes(24, 1, 1);
        if (damage is not null)
        {
            _file.Execute(damage);
        }

        var (count, found) = await _file.Open().CheckBlockAsync(Last, Cancellation);

        Assert.Equal((256, damage is null), (count, found is null));
        Assert.StartsWith(
            damage is null ? "" : "Entries 16776960 to 16777215 of the ledger do not have the hash",
            found ?? "",
            StringComparison.Ordinal
        );
    }

    // Who takes all other blocks away and makes the kept hash that of the one that is left has not made it fit.
    [Fact]
    public async Task A_kept_hash_of_fewer_blocks_than_it_stands_for_is_damage()
    {
        _file.PutEntries(255 * 256, 256);
        _file.PutHash(16, 0, _file.Hash(8, 255));
        Assert.NotNull((await _file.Open().CheckBlockAsync(255, Cancellation)).Damage);
    }

    [Fact]
    public async Task It_rests_four_times_as_long_as_it_worked()
    {
        _file.PutEntries(0, 556);
        var log = _file.Open();
        var clock = new WorkingClock(TimeSpan.FromSeconds(3));
        Assert.Null(await Check(log, clock).RunAsync(rests: true, Cancellation));
        Assert.Equal([TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(12)], clock.Rests);

        var busy = new WorkingClock(TimeSpan.FromSeconds(3));
        Assert.Null(await Check(log, busy).RunAsync(rests: false, Cancellation));
        Assert.Empty(busy.Rests);
    }

    [Fact]
    public async Task A_host_that_finds_damage_says_so_and_one_that_is_whole_says_nothing()
    {
        _file.PutEntries(0, 556);
        await RunInHostAsync(_file.Open());
        Assert.Empty(_logged.Events);

        _file.Execute("DELETE FROM entry WHERE idx = 540");
        await RunInHostAsync(_file.Open());
        Assert.Equal(
            [
                (
                    LogLevel.Critical,
                    "Ledger: Entry 540 of the ledger is damaged or out of place. Nothing is appended to it any more."
                ),
            ],
            _logged.Events
        );
    }

    [Fact]
    public async Task A_check_that_could_not_be_made_is_told_and_does_not_end_the_host()
    {
        var log = _file.Open();
        log.Dispose();
        await RunInHostAsync(log);
        Assert.Equal([LogLevel.Error], _logged.Events.Select(told => told.Level));
    }

    [Fact]
    public async Task A_host_that_stops_while_it_rests_says_nothing()
    {
        _file.PutEntries(0, 556);
        var log = _file.Open();
        using var ledger = new LedgerStore(log, _signer, new FakeClock());
        var clock = new WorkingClock(TimeSpan.FromSeconds(3)) { Holds = true };
        using var check = new LedgerCheck(log, ledger, clock, _logged);
        await check.StartAsync(Cancellation);
        await clock.Resting.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await check.StopAsync(Cancellation);
        Assert.True(check.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Empty(_logged.Events);
    }

    private void PutHashes(int level, int from, int count)
    {
        for (var index = from; index < from + count; index++)
        {
            _file.PutHash(level, index, MerkleHash.Leaf(BitConverter.GetBytes(index)));
        }
    }

    private static async Task<List<(int Count, string? Damage)>> BlocksAsync(SqliteLedgerLog log, params long[] blocks)
    {
        var found = new List<(int Count, string? Damage)>();
        foreach (var block in blocks)
        {
            found.Add(await log.CheckBlockAsync(block, Cancellation));
        }

        return found;
    }

    private LedgerCheck Check(SqliteLedgerLog log, TimeProvider? clock = null) =>
        new(log, new LedgerStore(log, _signer, new FakeClock()), clock ?? TimeProvider.System, _logged);

    private async Task RunInHostAsync(SqliteLedgerLog log)
    {
        using var ledger = new LedgerStore(log, _signer, new FakeClock());
        using var check = new LedgerCheck(log, ledger, new WorkingClock(TimeSpan.Zero), _logged);
        await check.StartAsync(Cancellation);
        await check.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    /// <summary>Between two looks at it always the same time passes; waits pass at once and are written down.</summary>
    private sealed class WorkingClock(TimeSpan step) : TimeProvider
    {
        private long _looks;

        public ConcurrentQueue<TimeSpan> Rests { get; } = new();

        public TaskCompletionSource Resting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Holds { get; init; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Increment(ref _looks) * step.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Rests.Enqueue(dueTime);
            Resting.TrySetResult();
            return Holds
                ? new FakeClock().CreateTimer(callback, state, dueTime, period)
                : System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }

    private sealed class Logged : ILogger<LedgerCheck>
    {
        public ConcurrentQueue<(LogLevel Level, string Text)> Events { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Events.Enqueue((logLevel, formatter(state, exception)));
    }
}
