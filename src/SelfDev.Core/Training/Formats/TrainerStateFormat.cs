using SelfDev.Core.Findings;
using SelfDev.Core.Formats;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// Hugging Face <c>trainer_state.json</c>: the entries of <c>log_history</c>, training and evaluation rows in one
/// array. A row is cited by the line of its loss. Source: transformers <c>trainer_callback.py</c>, <c>TrainerState</c>.
/// </summary>
internal sealed class TrainerStateFormat(RunTimeline run) : IJsonSink
{
    public const string Name = "trainer-state";

    /// <summary>Entries are objects inside the document's object.</summary>
    private const int EntryDepth = 2;
    private const int TextBytes = Limits.EvidenceTextChars * 3;

    private readonly byte[] _text = new byte[TextBytes];
    private int _textLength;
    private StepRow _row;
    private bool _inEntry;
    private bool _citesLoss;
    private long _entryOffset;

    public long Entries { get; private set; }

    public static bool IsHead(ReadOnlySpan<byte> head) =>
        head.TrimStart(" \t\r\n"u8).StartsWith("{"u8) && head.IndexOf("\"log_history\""u8) >= 0;

    public void StartObject(int depth, ReadOnlySpan<byte> name, in JsonPlace place)
    {
        if (depth == EntryDepth)
        {
            // Named objects at this depth (stateful_callbacks and the like) are no entries.
            _inEntry = name.IsEmpty || name.SequenceEqual("log_history"u8);
            _row = new StepRow { Rank = -1 };
            _citesLoss = false;
            _entryOffset = place.TokenOffset;
            Cite(place);
        }
    }

    public void EndObject(int depth)
    {
        if (depth != EntryDepth || !_inEntry)
        {
            return;
        }

        _inEntry = false;
        Entries++;
        if (_row.Carries(StepFields.Step) && _row.IsMetric)
        {
            run.AddRow(_row, _text.AsSpan(0, _textLength));
        }
    }

    public void Value(int depth, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in JsonPlace place)
    {
        if (
            depth != EntryDepth
            || !_inEntry
            || !MetricField.TryNumber(value, out var number, out var used)
            || used != value.Length
        )
        {
            return;
        }

        var before = _row.Has;
        MetricsJsonFormat.SetValue(ref _row, name, number);
        if (!_citesLoss && ((_row.Has & ~before) & (StepFields.Loss | StepFields.EvalLoss)) != 0)
        {
            _citesLoss = true;
            Cite(place);
        }
    }

    private void Cite(in JsonPlace place)
    {
        var text = place.LineText;
        _row.Line = place.Line;
        _row.Offset = place.LineOffset;
        if (text.Length > TextBytes)
        {
            // Everything on one line: quote from the entry's own beginning.
            var start = (int)Math.Max(0, _entryOffset - place.LineOffset);
            _row.Offset += start;
            text = text[start..];
        }

        _textLength = Math.Min(text.Length, TextBytes);
        text[.._textLength].CopyTo(_text);
    }
}
