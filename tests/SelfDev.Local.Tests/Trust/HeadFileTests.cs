using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Sqlite;
using SelfDev.Local.Trust;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Trust;

public sealed class HeadFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-head-").FullName;
    private readonly FakeClock _clock = new();

    private string FilePath => Path.Combine(_folder, "last-head.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_newest_head_is_written_a_second_later_however_many_came_and_at_the_stop()
    {
        using (var witness = Open())
        {
            Assert.Null(witness.LastSeen());
            for (var size = 1; size <= 50; size++)
            {
                witness.Note(Head(size));
            }

            Assert.Equal(Head(50), witness.LastSeen());
            Assert.False(File.Exists(FilePath));
            _clock.Advance(HeadFile.Interval);
            Assert.Equal(Head(50), Read());

            witness.Note(Head(51));
            Assert.Equal(Head(50), Read());
        }

        Assert.Equal(Head(51), Read());
        Assert.Equal([FilePath], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_head_that_comes_late_takes_nothing_back()
    {
        using var witness = Open();
        witness.Note(Head(7));
        witness.Note(Head(6));
        witness.Note(Head(7) with { RootHash = new string('b', 64) });
        Assert.Equal(Head(7), witness.LastSeen());
        _clock.Advance(HeadFile.Interval);
        Assert.Equal(Head(7), Read());
    }

    // Counted from the first head that is not written: a host that is never quiet writes all the same.
    [Fact]
    public void A_busy_host_writes_once_a_second()
    {
        using var witness = Open();
        witness.Note(Head(1));
        _clock.Advance(TimeSpan.FromMilliseconds(600));
        witness.Note(Head(2));
        _clock.Advance(TimeSpan.FromMilliseconds(399));
        Assert.False(File.Exists(FilePath));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(Head(2), Read());
    }

    // Somebody who took the file away, or put a copy there, has it stay so until there is something new to say.
    [Fact]
    public void What_was_written_or_read_once_is_not_written_again()
    {
        using (var witness = Open())
        {
            witness.Note(Head(3));
            _clock.Advance(HeadFile.Interval);
            File.Delete(FilePath);
        }

        Assert.False(File.Exists(FilePath));
        File.WriteAllText(FilePath, JsonSerializer.Serialize(Head(5), ReportJson.Options));
        using (var witness = Open())
        {
            Assert.Equal(Head(5), witness.LastSeen());
            File.Delete(FilePath);
            witness.Note(Head(4));
            _clock.Advance(HeadFile.Interval);
        }

        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public void A_stopped_host_writes_no_more()
    {
        var witness = Open();
        witness.Note(Head(1));
        Directory.CreateDirectory(FilePath);
        witness.Dispose();
        Directory.Delete(FilePath);
        _clock.Advance(HeadFile.Interval);
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public void Nothing_is_written_where_nothing_was_seen()
    {
        Open().Dispose();
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_tried_again_with_the_next_head()
    {
        using var witness = Open();
        Directory.CreateDirectory(FilePath);
        witness.Note(Head(1));
        _clock.Advance(HeadFile.Interval);
        Directory.Delete(FilePath);

        witness.Note(Head(2));
        _clock.Advance(HeadFile.Interval);
        Assert.Equal(Head(2), Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"treeSize\":")]
    public void A_file_that_holds_no_head_is_refused(string content)
    {
        File.WriteAllText(FilePath, content);
        var refused = Assert.Throws<CorruptStoreException>(Open);
        Assert.Contains(FilePath, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_is_its_owners()
    {
        using (var witness = Open())
        {
            witness.Note(Head(1));
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        }
    }

    private static SignedTreeHead Head(long size) =>
        new(size, new string('a', 64), DateTimeOffset.UnixEpoch.AddSeconds(size), "key", "signature");

    private HeadFile Open() => new(FilePath, _clock, NullLogger<HeadFile>.Instance);

    private SignedTreeHead? Read()
    {
        using var again = Open();
        return again.LastSeen();
    }
}
