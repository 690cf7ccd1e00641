using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Tests.Sqlite;

public sealed class SqliteWriterTests : IDisposable
{
    private static readonly SqliteSchema Notes = new(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
    );

    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-writer-").FullName;
    private readonly SqliteDatabase _database;

    public SqliteWriterTests() => _database = SqliteDatabase.Open(FilePath, Notes);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(_folder, "notes.db");

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_waits_together_shares_one_commit()
    {
        using var busy = new Busy(_database);
        var written = Enumerable.Range(0, 100).Select(number => AddAsync($"{number}")).ToList();
        Assert.All(written, task => Assert.False(task.IsCompleted));
        busy.Release();
        await Task.WhenAll(written);
        await busy.Done;

        Assert.Equal(2, _database.Commits);
        Assert.Equal(100, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Nobody_hears_of_success_before_the_commit()
    {
        using var busy = new Busy(_database);
        var first = AddAsync("first");
        // The last of the batch: while it runs, the first has run and nothing is committed.
        var seen = _database.WriteAsync(_ => (first.IsCompleted, SeenByOthers()), Cancellation);
        busy.Release();

        Assert.Equal((false, 0), await seen);
        await first;
        Assert.Equal(1, SeenByOthers());

        int SeenByOthers()
        {
            using var other = SqliteFile.OpenReader(FilePath);
            return (int)SqliteFile.Scalar(other, "SELECT count(*) FROM note");
        }
    }

    [Fact]
    public async Task Work_that_fails_is_taken_back_whole_and_fails_alone()
    {
        using var busy = new Busy(_database);
        var before = AddAsync("before");
        var failing = _database.WriteAsync<int>(
            session =>
            {
                Insert(session, "half");
                throw new InvalidOperationException("the other half");
            },
            Cancellation
        );
        var duplicate = AddAsync("before");
        var after = AddAsync("after");
        busy.Release();

        await Task.WhenAll(before, after);
        await Assert.ThrowsAsync<InvalidOperationException>(() => failing);
        await Assert.ThrowsAsync<IOException>(() => duplicate);
        Assert.Equal(["before", "after"], await ReadAsync());
        Assert.Equal(2, _database.Commits);
    }

    [Fact]
    public async Task A_failure_that_ends_the_transaction_of_all_does_not_fail_the_others()
    {
        using var busy = new Busy(_database);
        var before = AddAsync("before");
        var failing = _database.WriteAsync<int>(
            session =>
            {
                session.Execute("ROLLBACK");
                throw new IOException("the disk");
            },
            Cancellation
        );
        var after = AddAsync("after");
        busy.Release();

        await Task.WhenAll(before, after);
        await Assert.ThrowsAsync<IOException>(() => failing);
        Assert.Equal(["before", "after"], await ReadAsync());
    }

    [Fact]
    public async Task What_is_too_large_for_the_disk_fails_alone_and_there_is_room_again_afterwards()
    {
        // SQLite answers as it does on a full disk, by the same code.
        await _database.WriteAsync(
            session => SqliteFile.Scalar(session.Connection, "PRAGMA max_page_count = 20"),
            Cancellation
        );
        using (var busy = new Busy(_database))
        {
            var small = AddAsync("small");
            var large = AddAsync(new string('x', 200_000));
            var alsoSmall = AddAsync("also small");
            busy.Release();

            await Task.WhenAll(small, alsoSmall);
            var full = await Assert.ThrowsAsync<IOException>(() => large);
            Assert.Contains("disk is full", full.Message, StringComparison.Ordinal);
        }

        await _database.WriteAsync(
            session => SqliteFile.Scalar(session.Connection, "PRAGMA max_page_count = 20000"),
            Cancellation
        );
        await AddAsync(new string('x', 200_000));
        Assert.Equal(["small", "also small", new string('x', 200_000)], await ReadAsync());
    }

    [Fact]
    public async Task A_caller_who_leaves_before_the_work_began_leaves_nothing_behind()
    {
        using var leaving = new CancellationTokenSource();
        using var busy = new Busy(_database);
        var left = _database.WriteAsync(session => Insert(session, "left"), leaving.Token);
        var stays = AddAsync("stays");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        busy.Release();
        await stays;
        Assert.Equal(["stays"], await ReadAsync());
    }

    [Fact]
    public async Task Closing_writes_what_waits_and_then_refuses()
    {
        var busy = new Busy(_database);
        var waiting = AddAsync("waiting");
        var closing = Task.Run(_database.Dispose, Cancellation);
        busy.Release();
        await closing;
        await waiting;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AddAsync("late"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _database.ReadAsync(_ => 1, Cancellation));

        using var reopened = SqliteDatabase.Open(FilePath, Notes);
        Assert.Equal(
            ["waiting"],
            await reopened.ReadAsync(
                session => session.Prepare("SELECT text FROM note").All(row => row.Text(0)),
                Cancellation
            )
        );
        busy.Dispose();
    }

    [Fact]
    public async Task A_commit_is_flushed_to_the_disk()
    {
        Assert.Equal(
            2,
            await _database.WriteAsync(
                session => SqliteFile.Scalar(session.Connection, "PRAGMA synchronous"),
                Cancellation
            )
        ); // FULL
        Assert.Equal(
            "wal",
            await _database.WriteAsync(
                session => session.Prepare("PRAGMA journal_mode").First(row => row.Text(0)),
                Cancellation
            )
        );
    }

    private Task<int> AddAsync(string text) => _database.WriteAsync(session => Insert(session, text), Cancellation);

    private static int Insert(SqliteSession session, string text) =>
        session.Prepare("INSERT INTO note (text) VALUES (?)").Bind(text).Change();

    private Task<List<string>> ReadAsync() =>
        _database.ReadAsync(
            session => session.Prepare("SELECT text FROM note ORDER BY id").All(row => row.Text(0)),
            Cancellation
        );

    /// <summary>Holds the writer in a piece of work, so that everything after it waits.</summary>
    private sealed class Busy : IDisposable
    {
        private readonly ManualResetEventSlim _release = new();

        public Busy(SqliteDatabase database)
        {
            var entered = new ManualResetEventSlim();
            Done = database.WriteAsync(
                _ =>
                {
                    entered.Set();
                    _release.Wait();
                    return 0;
                },
                CancellationToken.None
            );
            entered.Wait();
        }

        public Task<int> Done { get; }

        public void Release() => _release.Set();

        public void Dispose() => _release.Set();
    }
}
