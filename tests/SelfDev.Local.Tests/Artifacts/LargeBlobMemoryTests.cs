using SelfDev.Local.Artifacts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Artifacts;

/// <summary>Alone: what is measured is what the process allocates.</summary>
[CollectionDefinition(nameof(LargeBlobMemoryTests), DisableParallelization = true)]
[Collection(nameof(LargeBlobMemoryTests))]
public sealed class LargeBlobMemoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_large_stream_is_never_held_in_memory()
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-artifacts-").FullName;
        using (
            var store = SqliteArtifactStore.Open(
                Path.Combine(folder, "artifacts.db"),
                [Containers.Evidence],
                TimeProvider.System
            )
        )
        {
            await MeasureAsync(store);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task MeasureAsync(SqliteArtifactStore store)
    {
        const long Length = 200L << 20;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var blob = await store.WriteAsync(
            Containers.Evidence,
            "large",
            new Zeros(Length),
            "text/plain",
            new Dictionary<string, string>(),
            Cancellation
        );
        await using (var stream = await store.OpenReadAsync(blob, Cancellation))
        {
            var buffer = new byte[100_000];
            long read = 0;
            while (await stream.ReadAsync(buffer, Cancellation) is > 0 and var count)
            {
                read += count;
            }

            Assert.Equal(Length, read);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20 << 20);
    }

    private sealed class Zeros(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            count = (int)Math.Min(count, _left);
            _left -= count;
            Array.Clear(buffer, offset, count);
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, _left);
            _left -= count;
            buffer.Span[..count].Clear();
            return ValueTask.FromResult(count);
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
