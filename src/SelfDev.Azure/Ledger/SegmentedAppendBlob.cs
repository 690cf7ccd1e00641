using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using SelfDev.Azure.Blobs;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Ledger;

/// <summary>
/// Lines in append blobs <c>&lt;folder&gt;/00000001.jsonl</c> and on, of about 10,000 lines each: an append blob takes
/// at most 50,000 blocks (learn.microsoft.com, "Scalability and performance targets for Blob storage"). Nothing is ever
/// rewritten or deleted, so a container with an immutability policy that allows protected append writes will do.
/// </summary>
/// <remarks>
/// Not safe for concurrent use; across processes an append is conditional on the position that this reader has reached,
/// so that whoever has not seen the newest line cannot append.
/// </remarks>
/// <param name="folder">In the container; the same for the life of the log.</param>
/// <param name="linesPerSegment">The same for all writers of a log, for ever.</param>
public sealed class SegmentedAppendBlob(
    BlobContainerClient container,
    string folder,
    int linesPerSegment = SegmentedAppendBlob.DefaultLinesPerSegment
) : ILineLog
{
    /// <summary>Lines of a segment, after which the next one is begun.</summary>
    public const int DefaultLinesPerSegment = 10_000;

    /// <summary>Bytes of one append at most: the limit of service versions before 2022-11-02.</summary>
    public const int MaxAppendBytes = 4 << 20;

    private const byte LineFeed = (byte)'\n';

    // Index of the first line of each segment that was begun; replaced whole, for readers beside the writer.
    private volatile long[] _starts = [0];

    private int _segment = 1;
    private int _lines;
    private long _position;

    /// <inheritdoc/>
    public async Task<int> ReadNewAsync(Action<byte[]> take, CancellationToken cancellation)
    {
        var count = 0;
        while (true)
        {
            var bytes = await DownloadAsync(_segment, _position, cancellation);
            var lines = Split(bytes);
            Advance(bytes.Length, lines.Count);
            lines.ForEach(take);
            count += lines.Count;
            if (bytes.Length == 0)
            {
                return count;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>One block, conditional on the position: <see cref="MaxAppendBytes"/> at most.</remarks>
    public async Task<bool> TryAppendAsync(byte[] lines, int count, CancellationToken cancellation)
    {
        var name = Name(_segment);
        try
        {
            var blob = container.GetAppendBlobClient(name);
            if (_position == 0)
            {
                await blob.CreateIfNotExistsAsync(
                    new AppendBlobCreateOptions
                    {
                        HttpHeaders = new BlobHttpHeaders { ContentType = "application/x-ndjson" },
                    },
                    cancellation
                );
            }

            using var content = new MemoryStream(lines, writable: false);
            var options = new AppendBlobAppendBlockOptions
            {
                Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = _position },
            };
            await blob.AppendBlockAsync(content, options, cancellation);
        }
        catch (RequestFailedException failure) when (failure.Status == 412)
        {
            return false;
        }
        catch (Exception failure)
            when (BlobFailures.Translate(failure, container.Name, name, cancellation) is { } clear)
        {
            throw clear;
        }

        Advance(lines.Length, count);
        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Begins with the segment that holds the line, as far as segments were read or written here
    /// before.</remarks>
    public async IAsyncEnumerable<byte[]> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var starts = _starts;
        var known = Math.Max(Array.FindLastIndex(starts, start => start <= from), 0);
        var index = starts[known];
        for (var segment = known + 1; ; segment++)
        {
            var lines = Split(await DownloadAsync(segment, 0, cancellation));
            foreach (var line in lines)
            {
                if (index++ >= from)
                {
                    yield return line;
                }
            }

            if (lines.Count < linesPerSegment)
            {
                yield break;
            }
        }
    }

    // A segment is full when it has its lines; every reader sees that alike, so all go on to the next one together.
    private void Advance(int bytes, int lines)
    {
        _position += bytes;
        _lines += lines;
        if (_lines >= linesPerSegment)
        {
            _starts = [.. _starts, _starts[^1] + _lines];
            (_segment, _position, _lines) = (_segment + 1, 0, 0);
        }
    }

    private async Task<byte[]> DownloadAsync(int segment, long from, CancellationToken cancellation)
    {
        var name = Name(segment);
        try
        {
            var blob = container.GetAppendBlobClient(name);
            using BlobDownloadStreamingResult download = await blob.DownloadStreamingAsync(
                new BlobDownloadOptions { Range = new HttpRange(from) },
                cancellation
            );
            using var memory = new MemoryStream();
            await download.Content.CopyToAsync(memory, cancellation);
            return memory.ToArray();
        }
        catch (RequestFailedException failure)
            when (failure.Status == 416 || (failure.Status == 404 && failure.ErrorCode == BlobErrorCode.BlobNotFound))
        {
            return [];
        }
        catch (Exception failure)
            when (BlobFailures.Translate(failure, container.Name, name, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    // What follows the last line feed cannot come from an append of ours; it is a line of its own, for the reader to
    // judge.
    private static List<byte[]> Split(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<byte[]>();
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf(LineFeed);
            lines.Add((end < 0 ? bytes : bytes[..end]).ToArray());
            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }

        return lines;
    }

    private string Name(int segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{folder}/{segment:00000000}.jsonl");
}
