using SelfDev.Core.Artifacts;
using SelfDev.Core.Reports.Render;
using SelfDev.Local.Client;

namespace SelfDev.Local.Terminal;

/// <summary>Shows on a terminal how much of the input has been read; says nothing when piped, and wipes its line at the
/// end.</summary>
internal sealed class ReadProgress : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly TextWriter _error;
    private readonly Timer? _timer;
    private readonly Lock _gate = new();
    private long _bytes;
    private int _shown;
    private bool _ended;

    public ReadProgress(CommandIo io)
    {
        _error = io.Error;
        _timer = io.ShowsProgress ? new Timer(_ => Show(), null, Interval, Interval) : null;
    }

    /// <summary>The same file, its reading counted; the very same where nothing is shown, so that reading costs nothing
    /// more.</summary>
    public ArtifactFile Watch(ArtifactFile file) =>
        _timer is null ? file : file with { Open = () => new CountingStream(file.Open(), this) };

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            if (!_ended && _shown > 0)
            {
                _error.Write($"\r{new string(' ', _shown)}\r");
            }

            _ended = true;
        }
    }

    private void Show()
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            var text = $"read {ReportWording.Bytes(Interlocked.Read(ref _bytes))}";
            _error.Write($"\r{text.PadRight(_shown)}");
            _shown = Math.Max(_shown, text.Length);
        }
    }

    private sealed class CountingStream(Stream inner, ReadProgress progress) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer) => Count(inner.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        ) => Count(await inner.ReadAsync(buffer, cancellationToken));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Count(int read)
        {
            Interlocked.Add(ref progress._bytes, read);
            return read;
        }
    }
}
