using System.Buffers.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Formats;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// Megatron-LM's golden curves: <c>{"lm loss": {"start_step": 1, "values": {"1": 13.9, "5": 13.8}}, "iteration-time":
/// {...}}</c>, one metric after the other, with the string <c>"nan"</c> where a step was not timed. Rows are put
/// together by step once all metrics are read.
/// </summary>
internal sealed class MegatronGoldenFormat(RunTimeline run) : IJsonSink
{
    public const string Name = "megatron-golden";

    /// <summary>Steps at most, so that no file can fill the memory.</summary>
    public const int MaxSteps = 150_000;

    private readonly SortedDictionary<long, (StepRow Row, byte[] Text)> _rows = [];
    private byte[] _metric = [];

    public long Values { get; private set; }

    /// <value>Values of steps beyond <see cref="MaxSteps"/>.</value>
    public long LeftOut { get; private set; }

    public static bool IsHead(ReadOnlySpan<byte> head) =>
        head.TrimStart(" \t\r\n"u8).StartsWith("{"u8)
        && head.IndexOf("\"start_step\""u8) >= 0
        && head.IndexOf("\"values\""u8) >= 0;

    public void StartObject(int depth, ReadOnlySpan<byte> name, in JsonPlace place)
    {
        if (depth == 2)
        {
            _metric = name.ToArray();
        }
    }

    public void EndObject(int depth) { }

    public void Value(int depth, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in JsonPlace place)
    {
        if (
            depth != 3
            || !Utf8Parser.TryParse(name, out long step, out var used)
            || used != name.Length
            || !MetricField.TryNumber(value, out var number, out _)
        )
        {
            return;
        }

        Values++;
        var known = _rows.TryGetValue(step, out var entry);
        if (!known && _rows.Count == MaxSteps)
        {
            LeftOut++;
            return;
        }

        var isLoss = _metric.AsSpan().EndsWith("loss"u8);
        // "nan" stands for "not measured" everywhere but in a loss.
        if (double.IsNaN(number) && !isLoss)
        {
            return;
        }

        if (!known)
        {
            var text = place.LineText;
            var start =
                text.Length > Limits.EvidenceTextChars
                    ? (int)Math.Max(0, place.TokenOffset - place.LineOffset - 1 - name.Length - 3)
                    : 0;
            text = text[start..Math.Min(text.Length, start + Limits.EvidenceTextChars)];
            entry = (
                new StepRow
                {
                    Rank = -1,
                    Step = step,
                    Has = StepFields.Step,
                    Line = place.Line,
                    Offset = place.LineOffset + start,
                },
                text.ToArray()
            );
        }

        MetricField.Set(ref entry.Row, _metric, number, []);
        _rows[step] = entry;
    }

    /// <summary>Hands the rows to the run, by step.</summary>
    public void Finish()
    {
        foreach (var (row, text) in _rows.Values)
        {
            if (row.IsMetric)
            {
                run.AddRow(row, text);
            }
        }
    }
}
