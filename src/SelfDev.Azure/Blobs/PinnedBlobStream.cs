using System.Buffers;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Blobs;

/// <summary>
/// One version of a blob, front to back, in ranges that each carry If-Match: a blob that changes while it is read ends
/// the reading, it never yields a mixture. Up to <see cref="Ahead"/> ranges are under way while one is being read.
/// </summary>
internal sealed class PinnedBlobStream : Stream
{
    private const int Ahead = 2;

    private readonly BlobClient _client;
    private readonly BlobRef _blob;
    private readonly ETag _version;
    private readonly int _rangeBytes;
    private readonly CancellationTokenSource _closed = new();
    private readonly Queue<Task<Range>> _pending = new();
    private Range _current;
    private int _read;
    private long _position;
    private long _requested;
    private bool _disposed;

    private PinnedBlobStream(BlobClient client, BlobRef blob, ETag version, int rangeBytes, Range first, long length)
    {
        _client = client;
        _blob = blob;
        _version = version;
        _rangeBytes = rangeBytes;
        _current = first;
        _requested = first.Length;
        Length = length;
        RequestAhead();
    }

    /// <exception cref="BlobGoneException">No such blob, or not in that version.</exception>
    public static async Task<PinnedBlobStream> OpenAsync(
        BlobClient client,
        BlobRef blob,
        int rangeBytes,
        CancellationToken cancellation
    )
    {
        byte[] buffer = [];
        try
        {
            ETag? pinned = blob.ETag is null ? null : new ETag($"\"{blob.ETag}\"");
            using BlobDownloadStreamingResult answer = await client.DownloadStreamingAsync(
                Request(0, rangeBytes, pinned),
                cancellation
            );
            var length = TotalLength(answer.Details);
            var count = (int)Math.Min(length, rangeBytes);
            // As large as what comes: thousands of small blobs would leave the pool full of large buffers.
            buffer = ArrayPool<byte>.Shared.Rent(count);
            await answer.Content.ReadExactlyAsync(buffer.AsMemory(0, count), cancellation);
            return new PinnedBlobStream(
                client,
                blob,
                answer.Details.ETag,
                rangeBytes,
                new Range(buffer, count),
                length
            );
        }
        catch (RequestFailedException empty) when (empty.Status == 416)
        {
            // A range of nothing cannot be satisfied; the version still has to be the pinned one.
            return await OpenEmptyAsync(client, blob, rangeBytes, cancellation);
        }
        catch (Exception failure)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (Translate(failure, blob, cancellation) is { } clear)
            {
                throw clear;
            }

            throw;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("The stream goes forward only.");
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_read == _current.Length && !buffer.IsEmpty && _pending.TryPeek(out var next))
        {
            Take(next.GetAwaiter().GetResult());
        }

        return Copy(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_read == _current.Length && !buffer.IsEmpty && _pending.TryPeek(out var next))
        {
            Take(await next.WaitAsync(cancellationToken));
        }

        return Copy(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("The stream goes forward only.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The stream is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _closed.Cancel();
            Return(_current);
            foreach (var pending in _pending)
            {
                // Observed, so that a range cancelled or failed after the reader left is not reported as unhandled.
                _ = pending.ContinueWith(
                    static done =>
                    {
                        if (done.IsCompletedSuccessfully)
                        {
                            Return(done.Result);
                        }
                        else
                        {
                            _ = done.Exception;
                        }
                    },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default
                );
            }

            _pending.Clear();
        }

        base.Dispose(disposing);
    }

    private static async Task<PinnedBlobStream> OpenEmptyAsync(
        BlobClient client,
        BlobRef blob,
        int rangeBytes,
        CancellationToken cancellation
    )
    {
        try
        {
            BlobProperties found = await client.GetPropertiesAsync(cancellationToken: cancellation);
            return found.ContentLength == 0 && (blob.ETag is null || blob.ETag == BlobArtifactStore.Plain(found.ETag))
                ? new PinnedBlobStream(client, blob, found.ETag, rangeBytes, new Range([], 0), 0)
                : throw Gone(blob);
        }
        catch (Exception failure) when (Translate(failure, blob, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    private static BlobDownloadOptions Request(long offset, long length, ETag? version) =>
        new()
        {
            Range = new HttpRange(offset, length),
            Conditions = version is null ? null : new BlobRequestConditions { IfMatch = version },
        };

    // "bytes 0-4194303/10485760"; without the header the answer is the whole blob.
    private static long TotalLength(BlobDownloadDetails details) =>
        details.ContentRange?.Split('/') is [_, var total]
            ? long.Parse(total, System.Globalization.CultureInfo.InvariantCulture)
            : details.ContentLength;

    private static Exception? Translate(Exception failure, BlobRef blob, CancellationToken cancellation) =>
        failure switch
        {
            RequestFailedException { Status: 412 } => Gone(blob),
            RequestFailedException { Status: 404 } missing when missing.ErrorCode != BlobErrorCode.ContainerNotFound =>
                Gone(blob),
            _ => BlobFailures.Translate(failure, blob.Container, blob.Name, cancellation),
        };

    private static BlobGoneException Gone(BlobRef blob) =>
        new(
            $"'{blob.Container}/{SafeText.SingleLine(blob.Name)}' is not there any more in version "
                + $"{blob.ETag ?? "(any)"}: it was overwritten or deleted."
        );

    private static void Return(Range range)
    {
        if (range.Buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(range.Buffer);
        }
    }

    private int Copy(Span<byte> target)
    {
        var count = Math.Min(target.Length, _current.Length - _read);
        _current.Buffer.AsSpan(_read, count).CopyTo(target);
        _read += count;
        _position += count;
        return count;
    }

    private void Take(Range next)
    {
        // Only now: a range that failed stays in its place, and the reader gets the failure again, not the range after
        // it.
        _pending.Dequeue();
        Return(_current);
        _current = next;
        _read = 0;
        RequestAhead();
    }

    private void RequestAhead()
    {
        while (_pending.Count < Ahead && _requested < Length)
        {
            var count = (int)Math.Min(_rangeBytes, Length - _requested);
            _pending.Enqueue(FetchAsync(_requested, count));
            _requested += count;
        }
    }

    private async Task<Range> FetchAsync(long offset, int count)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(count);
        try
        {
            using BlobDownloadStreamingResult answer = await _client
                .DownloadStreamingAsync(Request(offset, count, _version), _closed.Token)
                .ConfigureAwait(false);
            await answer.Content.ReadExactlyAsync(buffer.AsMemory(0, count), _closed.Token).ConfigureAwait(false);
            return new Range(buffer, count);
        }
        catch (Exception failure)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (Translate(failure, _blob, _closed.Token) is { } clear)
            {
                throw clear;
            }

            throw;
        }
    }

    /// <param name="Buffer">Rented.</param>
    private readonly record struct Range(byte[] Buffer, int Length);
}
