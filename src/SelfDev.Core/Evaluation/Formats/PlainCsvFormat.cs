using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// A plain table of samples, comma or tab separated, located by its header: <c>id, score</c>, and any of the columns of
/// <see cref="PlainColumns"/>. Quoting as in RFC 4180; a quoted field may hold line breaks.
/// </summary>
internal static class PlainCsvFormat
{
    /// <summary>Whether a line is the header of such a table.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> line)
    {
        var columns = Fields(Encoding.UTF8.GetString(line), Separator(line)).Select(PlainColumns.Of).ToList();
        return columns.Contains(PlainColumn.Id)
            && (columns.Contains(PlainColumn.Score) || columns.Contains(PlainColumn.Outcome));
    }

    public static void Read(EvaluationSource source)
    {
        using var reader = new LineReader(source.File.Open(), source.Limits);
        var table = new Table(source);
        while (reader.TryRead(out var line))
        {
            if (line.Number % 4096 == 0)
            {
                source.Cancellation.ThrowIfCancellationRequested();
            }

            table.Take(line);
        }

        table.End();
        source.Read(reader);
    }

    private static char Separator(ReadOnlySpan<byte> header) =>
        header.Contains((byte)'\t') && !header.Contains((byte)',') ? '\t' : ',';

    private static List<string> Fields(string line, char separator)
    {
        var fields = new List<string>();
        var at = 0;
        while (at <= line.Length)
        {
            if (at < line.Length && line[at] == '"')
            {
                var text = new StringBuilder();
                at++;
                while (at < line.Length)
                {
                    if (line[at] == '"')
                    {
                        if (at + 1 < line.Length && line[at + 1] == '"')
                        {
                            at++;
                        }
                        else
                        {
                            break;
                        }
                    }

                    text.Append(line[at++]);
                }

                fields.Add(text.ToString());
                var next = line.IndexOf(separator, Math.Min(at, line.Length));
                at = next < 0 ? line.Length + 1 : next + 1;
            }
            else
            {
                var next = line.IndexOf(separator, at);
                fields.Add((next < 0 ? line[at..] : line[at..next]).Trim());
                at = next < 0 ? line.Length + 1 : next + 1;
            }
        }

        return fields;
    }

    private sealed class Table(EvaluationSource source)
    {
        private readonly List<(PlainColumn Column, string Name)> _columns = [];
        private readonly StringBuilder _open = new();
        private char _separator;
        private long _openLine;
        private long _openOffset;
        private bool _oversized;
        private long _quotes;
        private string _lastTask = "";

        public void Take(TextLine line)
        {
            if (_columns.Count == 0)
            {
                TakeHeader(line);
                return;
            }

            if (_open.Length == 0 && !_oversized)
            {
                if (line.Bytes.Trim(" \t"u8).IsEmpty)
                {
                    return;
                }

                if (!line.IsTruncated && !line.Bytes.Contains((byte)'"'))
                {
                    TakePlain(line);
                    return;
                }

                (_openLine, _openOffset) = (line.Number, line.Offset);
            }
            else
            {
                _open.Append('\n');
            }

            _quotes += line.Bytes.Count((byte)'"');
            _oversized |= line.IsTruncated || _open.Length + line.Bytes.Length > source.Limits.MaxLineBytes;
            if (!_oversized)
            {
                _open.Append(Encoding.UTF8.GetString(line.Bytes));
            }

            // A record ends where its quotes are in pairs. One that grew too long ends with its line, since nothing
            // else tells.
            if (_oversized)
            {
                source.Reject(
                    _openLine,
                    $"The record is longer than {source.Limits.MaxLineBytes} bytes and was left out."
                );
                Forget();
            }
            else if (_quotes % 2 == 0)
            {
                var record = _open.ToString();
                Forget();
                TakeRecord(record, _openLine, _openOffset);
            }
        }

        public void End()
        {
            if (_open.Length > 0)
            {
                source.Reject(_openLine, "The file ends inside a quoted field.");
            }
        }

        private void Forget()
        {
            _open.Clear();
            _oversized = false;
            _quotes = 0;
        }

        private void TakeHeader(TextLine line)
        {
            _separator = Separator(line.Bytes);
            foreach (var name in Fields(Encoding.UTF8.GetString(line.Bytes), _separator))
            {
                _columns.Add((PlainColumns.Of(name), name));
            }
        }

        // Without quotes fields are found in the bytes, and only those that mean something become text.
        private void TakePlain(TextLine line)
        {
            var row = Begin(line.Number, line.Offset);
            row.LineText = source.KeepLines ? EvidenceText.Of(line.Bytes) : null;
            var metric = "score";
            var rest = line.Bytes;
            var separator = (byte)_separator;
            var column = 0;
            while (true)
            {
                var end = rest.IndexOf(separator);
                var field = (end < 0 ? rest : rest[..end]).Trim((byte)' ');
                if (column < _columns.Count)
                {
                    Set(row, column, field, ref metric);
                }

                column++;
                if (end < 0)
                {
                    break;
                }

                rest = rest[(end + 1)..];
            }

            Finish(row, metric, column, line.Number);
        }

        private void Set(SampleRow row, int column, ReadOnlySpan<byte> field, ref string metric)
        {
            var (kind, name) = _columns[column];
            if (
                kind == PlainColumn.Score
                && field.Length == 1
                && field[0] is (byte)'0' or (byte)'1'
                && row.Scores.Count == 0
            )
            {
                row.Scores.Add(("score", field[0] - '0'));
            }
            else if (kind == PlainColumn.Metric)
            {
                metric = Encoding.UTF8.GetString(field);
            }
            else if (kind == PlainColumn.Task)
            {
                var task = Encoding.UTF8.GetString(field);
                _lastTask = task == _lastTask ? _lastTask : task;
                PlainColumns.Set(row, kind, name, _lastTask);
            }
            else if (kind != PlainColumn.None || PlainColumns.IsAttribute(name))
            {
                PlainColumns.Set(row, kind, name, Encoding.UTF8.GetString(field));
            }
        }

        private void TakeRecord(string record, long line, long offset)
        {
            var row = Begin(line, offset);
            row.LineText = source.KeepLines ? EvidenceText.Of(Encoding.UTF8.GetBytes(record.Split('\n')[0])) : null;
            var metric = "score";
            var fields = Fields(record, _separator);
            for (var i = 0; i < Math.Min(fields.Count, _columns.Count); i++)
            {
                var (kind, name) = _columns[i];
                if (kind == PlainColumn.Metric)
                {
                    metric = fields[i];
                }
                else
                {
                    PlainColumns.Set(row, kind, name, fields[i]);
                }
            }

            Finish(row, metric, fields.Count, line);
        }

        private SampleRow Begin(long line, long offset)
        {
            var row = source.Row;
            row.Clear(source.TaskName);
            (row.Line, row.Offset) = (line, offset);
            return row;
        }

        private void Finish(SampleRow row, string metric, int fields, long line)
        {
            if (fields != _columns.Count)
            {
                source.Reject(line, $"The record has {fields} fields, the header {_columns.Count}.");
                return;
            }

            PlainColumns.Rename(row, metric);
            if (SampleLinesFormat.IsUsable(row, line, source))
            {
                source.Take();
            }
        }
    }
}
