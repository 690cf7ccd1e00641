using System.Buffers.Binary;
using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Tests.Sqlite;

/// <summary>What a file goes through when it is opened: versions, damage.</summary>
public sealed class SqliteDatabaseTests : IDisposable
{
    private const string Version1 = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
    private const string Version2 = "ALTER TABLE note ADD COLUMN author TEXT; UPDATE note SET author = 'unknown'";
    private const int FrameBytes = 24 + 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-sqlite-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(_folder, "notes.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_of_an_earlier_version_is_brought_up_to_date_with_what_it_holds()
    {
        using (var old = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1)))
        {
            await AddAsync(old, "old");
        }

        using (var now = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1, Version2)))
        {
            Assert.Equal(
                "unknown",
                await now.ReadAsync(
                    session => session.Prepare("SELECT author FROM note").First(row => row.Text(0)),
                    Cancellation
                )
            );
        }

        // A new file is the same, and the file that was brought up to date passes the check of its tables ever after.
        using var again = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1, Version2));
        using var fresh = SqliteDatabase.Open(Path.Combine(_folder, "fresh.db"), new SqliteSchema(Version1, Version2));
    }

    [Fact]
    public async Task An_upgrade_that_fails_leaves_the_file_as_it_was()
    {
        using (var old = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1)))
        {
            await AddAsync(old, "old");
        }

        Assert.ThrowsAny<Exception>(() =>
            SqliteDatabase.Open(FilePath, new SqliteSchema(Version1, Version2, "INSERT INTO nothing VALUES (1)"))
        );
        using var still = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1));
        Assert.Equal(1, await CountAsync(still));
    }

    [Fact]
    public void A_file_of_a_later_version_is_refused()
    {
        SqliteDatabase.Open(FilePath, new SqliteSchema(Version1, Version2)).Dispose();
        var refused = Assert.Throws<CorruptStoreException>(() =>
            SqliteDatabase.Open(FilePath, new SqliteSchema(Version1))
        );
        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
        Assert.Contains(FilePath, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_whose_tables_are_others_is_refused()
    {
        SqliteDatabase
            .Open(FilePath, new SqliteSchema("CREATE TABLE note (id INTEGER PRIMARY KEY, text BLOB NOT NULL)"))
            .Dispose();
        Assert.Throws<CorruptStoreException>(() => SqliteDatabase.Open(FilePath, new SqliteSchema(Version1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(18)]
    [InlineData(28)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(4096 + 8)]
    public async Task A_changed_byte_in_the_main_file_is_refused_with_its_name(int at)
    {
        using (var store = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1)))
        {
            await AddAsync(store, "one");
        }

        var file = await File.ReadAllBytesAsync(FilePath, Cancellation);
        file[at] ^= 0x41;
        await File.WriteAllBytesAsync(FilePath, file, Cancellation);

        var refused = Assert.Throws<CorruptStoreException>(() =>
            SqliteDatabase.Open(FilePath, new SqliteSchema(Version1))
        );
        Assert.Contains(FilePath, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_byte_of_an_acknowledged_commit_in_the_log_is_refused()
    {
        var wal = await CrashedAsync(commits: 5);
        wal[32 + FrameBytes + 30] ^= 0x41;
        await File.WriteAllBytesAsync(FilePath + "-wal", wal, Cancellation);
        var refused = Assert.Throws<CorruptStoreException>(() =>
            SqliteDatabase.Open(FilePath, new SqliteSchema(Version1))
        );
        Assert.Contains("write-ahead log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_torn_end_that_a_crash_leaves_is_no_damage()
    {
        var wal = await CrashedAsync(commits: 5);
        await File.WriteAllBytesAsync(FilePath + "-wal", wal[..^100], Cancellation);
        using var store = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1));
        Assert.Equal(4, await CountAsync(store));
    }

    /// <summary>The files as a kill leaves them, closed by nobody.</summary>
    private async Task<byte[]> CrashedAsync(int commits)
    {
        var copy = Path.Combine(_folder, "copy");
        Directory.CreateDirectory(copy);
        using (var store = SqliteDatabase.Open(FilePath, new SqliteSchema(Version1)))
        {
            for (var number = 0; number < commits; number++)
            {
                await AddAsync(store, $"note {number}");
            }

            foreach (var suffix in new[] { "", "-wal" })
            {
                File.Copy(FilePath + suffix, Path.Combine(copy, "notes.db" + suffix));
            }
        }

        foreach (var suffix in new[] { "", "-wal" })
        {
            File.Copy(Path.Combine(copy, "notes.db" + suffix), FilePath + suffix, overwrite: true);
        }

        var wal = await File.ReadAllBytesAsync(FilePath + "-wal", Cancellation);
        Assert.Equal(4096u, BinaryPrimitives.ReadUInt32BigEndian(wal.AsSpan(8)));
        return wal;
    }

    private static Task<int> AddAsync(SqliteDatabase database, string text) =>
        database.WriteAsync(
            session => session.Prepare("INSERT INTO note (text) VALUES (?)").Bind(text).Change(),
            Cancellation
        );

    private static Task<long> CountAsync(SqliteDatabase database) =>
        database.ReadAsync(
            session => session.Prepare("SELECT count(*) FROM note").First(row => row.Int64(0)),
            Cancellation
        );
}
