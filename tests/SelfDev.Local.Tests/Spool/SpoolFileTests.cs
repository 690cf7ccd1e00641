using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Spool;

/// <summary>Files that are not what was written, and disks that take no more.</summary>
public sealed class SpoolFileTests : IDisposable
{
    private const string Name = "training/run7/train.log";

    private readonly SpoolUnderTest _spool = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _spool.Dispose();

    [Fact]
    public async Task A_file_that_was_cut_off_anywhere_is_set_aside_and_what_came_before_stands()
    {
        await _spool.DropAsync(Name, "older");
        _spool.Storage.Save();
        _spool.Storage.BeforeWrite = _ => throw new IOException("away");
        await _spool.DropAsync(Name, "newer");
        _spool.Storage.BeforeWrite = null;
        var (whole, older) = (
            await File.ReadAllBytesAsync(_spool.Files[1], Cancellation),
            await File.ReadAllBytesAsync(_spool.Files[0], Cancellation)
        );
        var (newerPath, olderPath) = (_spool.Files[1], _spool.Files[0]);

        for (var length = 0; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(olderPath, older, Cancellation);
            await File.WriteAllBytesAsync(newerPath, whole[..length], Cancellation);

            await _spool.StartAsync();

            Assert.Equal("older", _spool.Storage.Text(Containers.Intake, Name));
            Assert.True(File.Exists(Path.ChangeExtension(newerPath, ".torn")), $"cut to {length} bytes");
        }

        await File.WriteAllBytesAsync(newerPath, whole, Cancellation);
        await _spool.StartAsync();
        Assert.Equal("newer", _spool.Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_noticed()
    {
        await _spool.DropAsync(Name, "content of the drop");
        _spool.Storage.Crash();
        var path = Assert.Single(_spool.Files);
        var whole = await File.ReadAllBytesAsync(path, Cancellation);

        for (var at = 0; at < "content of the drop".Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x20;
            await File.WriteAllBytesAsync(path, damaged, Cancellation);

            Assert.Equal(0, await _spool.StartAsync());
            Assert.Null(_spool.Storage.Text(Containers.Intake, Name));
        }
    }

    [Fact]
    public async Task What_was_never_complete_is_cleared_away()
    {
        await File.WriteAllTextAsync(Path.Combine(_spool.Folder, "0011.part"), "half a dro", Cancellation);

        Assert.Equal(0, await _spool.StartAsync());

        Assert.Empty(_spool.Files);
    }

    [Fact]
    public async Task An_empty_drop_is_a_drop()
    {
        await _spool.DropAsync(Name, "");
        _spool.Storage.Crash();

        Assert.Equal(1, await _spool.StartAsync());

        Assert.Equal("", _spool.Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_disk_without_room_takes_nothing_and_says_so()
    {
        _spool.Free = 1 << 20;

        var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() => _spool.DropAsync(Name, "one"));

        Assert.True(refused.IsFull);
        Assert.Contains("disk is full", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_spool.Files);
        Assert.Null(_spool.Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_drop_that_would_leave_storage_no_room_for_its_copy_is_refused_after_it_came()
    {
        var content = new byte[1 << 20];
        _spool.Free = (64L << 20) + content.Length - 1;

        var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() =>
            _spool.Store.WriteAsync(Containers.Intake, Name, content, "text/plain", Cancellation)
        );

        Assert.True(refused.IsFull);
        Assert.Empty(_spool.Files);
        _spool.Free++;
        Assert.NotNull(
            (await _spool.Store.WriteAsync(Containers.Intake, Name, content, "text/plain", Cancellation)).ETag
        );
    }

    [Fact]
    public async Task A_folder_that_may_not_be_written_takes_nothing_and_says_so()
    {
        Directory.Delete(_spool.Folder);
        try
        {
            var refused = await Assert.ThrowsAsync<StorageUnavailableException>(() => _spool.DropAsync(Name, "one"));

            Assert.False(refused.IsFull);
            Assert.Null(_spool.Storage.Text(Containers.Intake, Name));
        }
        finally
        {
            Directory.CreateDirectory(_spool.Folder);
        }
    }

    [Fact]
    public async Task A_sender_who_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            _spool.Store.WriteAsync(
                Containers.Intake,
                Name,
                new BrokenOff(),
                "text/plain",
                new Dictionary<string, string>(),
                Cancellation
            )
        );

        Assert.Empty(_spool.Files);
    }

    [Fact]
    public async Task Memory_does_not_grow_with_the_drop()
    {
        const int Megabytes = 256;
        await _spool.Store.WriteAsync(
            Containers.Reports,
            "warm",
            new Repeated(1),
            "text/plain",
            new Dictionary<string, string>(),
            Cancellation
        );
        _spool.Storage.BeforeWrite = _ => throw new IOException("the fake keeps blobs in memory: it is not asked to");
        var before = GC.GetTotalAllocatedBytes(precise: true);

        await _spool.Store.WriteAsync(
            Containers.Intake,
            Name,
            new Repeated(Megabytes),
            "text/plain",
            new Dictionary<string, string>(),
            Cancellation
        );

        // Other tests of the process allocate meanwhile, yet by far not so much.
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < Megabytes << 19);
        Assert.InRange(new FileInfo(Assert.Single(_spool.Files)).Length, Megabytes << 20, (Megabytes << 20) + 4096);
    }

    [Fact]
    public async Task Files_are_for_their_owner_only()
    {
        await _spool.DropAsync(Name, "one");

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                File.GetUnixFileMode(Assert.Single(_spool.Files))
            );
        }
    }

    private sealed class BrokenOff : Repeatable
    {
        protected override int Next(Span<byte> buffer, long position) =>
            position < 100_000 ? buffer.Length : throw new InvalidDataException("gone");
    }

    private sealed class Repeated(int megabytes) : Repeatable
    {
        protected override int Next(Span<byte> buffer, long position) =>
            (int)Math.Min(buffer.Length, ((long)megabytes << 20) - position);
    }

    private abstract class Repeatable : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var count = Next(buffer, _position);
            buffer[..count].Fill((byte)'x');
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Read(buffer.Span));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected abstract int Next(Span<byte> buffer, long position);
    }
}
