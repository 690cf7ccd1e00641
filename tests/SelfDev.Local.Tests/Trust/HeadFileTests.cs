using Microsoft.Extensions.Logging.Abstractions;
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
        _clock.Advance(HeadFile.Interval);
        Assert.Equal(Head(7), Read());
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

    private static SignedTreeHead Head(long size) => new(size, new string('a', 64), DateTimeOffset.UnixEpoch.AddSeconds(size), "key", "signature");

    private HeadFile Open() => new(FilePath, _clock, NullLogger<HeadFile>.Instance);

    private SignedTreeHead? Read()
    {
        using var again = Open();
        return again.LastSeen();
    }
}
