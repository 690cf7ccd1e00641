using System.Buffers;
using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// Takes metric lines and known log lines out of blocks of text. One vectorised search for the literals that such lines
/// contain (Teddy, through <see cref="AnchorSearch"/>) passes over everything else; only lines with a hit are parsed.
/// Stateless and safe to call concurrently.
/// </summary>
internal sealed class TrainingLogScanner
{
    private const int ChunkBytes = 64 * 1024;

    // What metric lines of any format contain.
    private static readonly string[] MetricAnchors = ["loss", "trl:", "tel:", "n (ms):", "n (s):", "l_step"];

    private readonly SignatureTable _table;
    private readonly AnchorSearch _anchors;

    /// <summary>Signatures by the first two characters of the literal that the scan looks for.</summary>
    private readonly Dictionary<int, int[]> _byStart;

    public TrainingLogScanner(SignatureTable table)
    {
        _table = table;
        _anchors = new AnchorSearch(Anchors(table));
        _byStart = table
            .Signatures.Select((signature, index) => (Key: Start(signature.Scan ?? signature.Anchor), index))
            .GroupBy(pair => pair.Key, pair => pair.index)
            .ToDictionary(group => group.Key, group => group.ToArray());
    }

    /// <summary>The literals that the scan looks for.</summary>
    public static string[] Anchors(SignatureTable table) =>
        [
            .. MetricAnchors
                .Concat(LogEventFormat.Anchors)
                .Concat(table.Signatures.Select(signature => signature.Scan ?? signature.Anchor))
                .Distinct(StringComparer.Ordinal),
        ];

    /// <param name="everyLineIsARecord">The file is metrics JSONL: lines are objects, whatever they are called
    /// inside.</param>
    /// <param name="shapes">Whether the other lines are wanted for template mining.</param>
    public BlockScan Scan(TextBlock block, bool everyLineIsARecord, bool shapes)
    {
        var scan = BlockScan.Rent();
        scan.Shapes = shapes ? new LineShapes() : null;
        var chars = ArrayPool<char>.Shared.Rent(ChunkBytes + 16);
        try
        {
            var bytes = block.Bytes;
            var line = block.FirstLine;
            for (var start = 0; start < bytes.Length; )
            {
                var length = WholeLines(bytes[start..]);
                if (length > chars.Length)
                {
                    ArrayPool<char>.Shared.Return(chars);
                    chars = ArrayPool<char>.Shared.Rent(length);
                }

                if (everyLineIsARecord)
                {
                    ScanRecords(block, start, start + length, ref line, chars, scan);
                }
                else
                {
                    Encoding.Latin1.GetChars(bytes.Slice(start, length), chars);
                    ScanText(block, start, chars.AsSpan(0, length), ref line, scan);
                }

                start += length;
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }

        return scan;
    }

    private static int WholeLines(ReadOnlySpan<byte> rest)
    {
        if (rest.Length <= ChunkBytes)
        {
            return rest.Length;
        }

        var end = rest[..ChunkBytes].LastIndexOf((byte)'\n');
        if (end >= 0)
        {
            return end + 1;
        }

        end = rest.IndexOf((byte)'\n');
        return end < 0 ? rest.Length : end + 1;
    }

    private void ScanText(TextBlock block, int start, ReadOnlySpan<char> chars, ref long line, BlockScan scan)
    {
        var bytes = block.Bytes;
        var position = 0;
        var anchors = _anchors.In(chars);
        while (position < chars.Length)
        {
            var found = anchors.IndexFrom(position);
            var hit = found < 0 ? -1 : found - position;
            var before = hit < 0 ? chars[position..] : chars.Slice(position, hit);
            var lineStart = hit < 0 ? chars.Length : position + before.LastIndexOf('\n') + 1;
            if (scan.Shapes is not null)
            {
                for (var at = start + position; at < start + lineStart; line++)
                {
                    scan.Shapes.Add(block.LineAt(at, line, out at));
                }
            }
            else
            {
                line += bytes.Slice(start + position, lineStart - position).Count((byte)'\n');
            }

            if (hit < 0)
            {
                break;
            }

            var text = block.LineAt(start + lineStart, line, out var next);
            ReadCandidate(text, chars.Slice(lineStart, text.Bytes.Length), position + hit - lineStart, scan);
            line++;
            position = next - start;
        }
    }

    private void ScanRecords(TextBlock block, int start, int end, ref long line, char[] chars, BlockScan scan)
    {
        for (var at = start; at < end; line++)
        {
            var text = block.LineAt(at, line, out at);
            var content = text.Bytes.TrimStart(" \t"u8);
            if (content.IsEmpty)
            {
                continue;
            }

            if (content[0] != '{')
            {
                // Something else between the records: a traceback at the end, say.
                Encoding.Latin1.GetChars(text.Bytes, chars);
                var characters = chars.AsSpan(0, text.Bytes.Length);
                var hit = _anchors.In(characters).IndexFrom(0);
                if (hit >= 0)
                {
                    ReadCandidate(text, characters, hit, scan);
                }
                else
                {
                    scan.Shapes?.Add(text);
                }

                continue;
            }

            var row = new StepRow
            {
                Line = text.Number,
                Offset = text.Offset,
                Length = text.Bytes.Length,
                Rank = -1,
            };
            if (!text.IsTruncated && MetricsJsonFormat.TryRead(content, ref row, out var rejected))
            {
                scan.Rows.Add(row);
            }
            else
            {
                scan.Rejected += text.IsTruncated || !IsJsonOnly(content) ? 1 : 0;
            }
        }
    }

    private static bool IsJsonOnly(ReadOnlySpan<byte> content)
    {
        var row = default(StepRow);
        MetricsJsonFormat.TryRead(content, ref row, out var rejected);
        return !rejected;
    }

    private void ReadCandidate(in TextLine line, ReadOnlySpan<char> chars, int hit, BlockScan scan)
    {
        var prefix = LinePrefix.Of(line.Bytes);
        if (TryRow(line, prefix, out var row, out var rejected))
        {
            scan.Rows.Add(row);
            return;
        }

        scan.Rejected += rejected ? 1 : 0;
        var length = Math.Min(chars.Length, SignatureTable.MaxPatternChars);
        var matched = -1;
        var anchors = _anchors.In(chars[..length]);
        while (hit >= 0 && hit < length)
        {
            if (LogEventFormat.Read(line, prefix, chars, hit) is { } noted)
            {
                scan.Events.Add(noted);
                return;
            }

            matched = Precede(matched, SignatureAt(chars[..length], hit));
            hit = anchors.IndexFrom(hit + 1);
        }

        if (matched < 0)
        {
            scan.Shapes?.Add(line);
            return;
        }

        scan.Events.Add(WithCaptures(line, prefix, chars[..length], matched));
    }

    private static int Precede(int first, int second) =>
        first < 0 ? second
        : second < 0 ? first
        : Math.Min(first, second);

    private static bool TryRow(in TextLine line, in LinePrefix prefix, out StepRow row, out bool rejected)
    {
        row = new StepRow
        {
            Line = line.Number,
            Offset = line.Offset,
            Length = line.Bytes.Length,
            Rank = prefix.Rank,
        };
        row.Has = prefix.Rank >= 0 ? StepFields.Rank : StepFields.None;
        if (prefix.TimeTicks > 0 && !prefix.HasNoYear)
        {
            row.TimeTicks = prefix.TimeTicks;
            row.Has |= StepFields.Time;
        }

        rejected = false;
        var bytes = line.Bytes.Length > 8192 ? line.Bytes[..8192] : line.Bytes;
        if (MegatronFormat.TryRead(bytes, ref row))
        {
            return row.IsMetric;
        }

        var content = bytes.TrimStart(" \t"u8);
        if (content.StartsWith("{\""u8) || content.IndexOf("] {\""u8) >= 0)
        {
            var read = MetricsJsonFormat.TryRead(line.Bytes, ref row, out rejected);
            rejected &= content[0] == '{';
            return read;
        }

        return KeyValueFormat.TryRead(bytes, ref row);
    }

    private int SignatureAt(ReadOnlySpan<char> line, int hit)
    {
        if (hit + 1 >= line.Length || !_byStart.TryGetValue((line[hit] << 16) | line[hit + 1], out var candidates))
        {
            return -1;
        }

        foreach (var index in candidates)
        {
            var signature = _table.Signatures[index];
            if (
                line[hit..].StartsWith(signature.Scan ?? signature.Anchor, StringComparison.Ordinal)
                && line.Contains(signature.Anchor, StringComparison.Ordinal)
                && signature.Regex.IsMatch(line)
            )
            {
                return index;
            }
        }

        return -1;
    }

    private LogEvent WithCaptures(in TextLine line, in LinePrefix prefix, ReadOnlySpan<char> chars, int index)
    {
        var regex = _table.Signatures[index].Regex;
        var captures = new Dictionary<string, string>();
        var match = regex.Match(chars.ToString());
        foreach (
            var name in regex.GetGroupNames().Where(name => !char.IsAsciiDigit(name[0]) && match.Groups[name].Success)
        )
        {
            captures[name] = match.Groups[name].Value.Trim();
        }

        return LogEventFormat.Event(LogEventType.Signature, line, prefix) with
        {
            Signature = index,
            Captures = captures,
            Host = captures.GetValueOrDefault("host") ?? LogEventFormat.Host(prefix),
        };
    }

    private static int Start(string anchor) => (anchor[0] << 16) | anchor[1];
}
