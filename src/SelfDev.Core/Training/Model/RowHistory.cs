using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Model;

/// <summary>The last rows of a run with the text of their lines, so that a finding can cite what came before it without
/// a second reading.</summary>
internal sealed class RowHistory(string? file)
{
    public const int Capacity = 512;

    private const int TextBytes = Limits.EvidenceTextChars * 3;

    private readonly StepRow[] _rows = new StepRow[Capacity];
    private readonly byte[][] _texts = new byte[Capacity][];
    private readonly int[] _lengths = new int[Capacity];
    private long _count;

    /// <value>Rows ever added; the newest row is number <c>Total - 1</c>.</value>
    public long Total => _count;

    public int Count => (int)Math.Min(_count, Capacity);

    /// <summary>A row by age: 0 is the newest.</summary>
    public ref readonly StepRow this[int age] => ref _rows[Slot(age)];

    public void Add(in StepRow row, ReadOnlySpan<byte> text)
    {
        var slot = (int)(_count++ % Capacity);
        _rows[slot] = row;
        text = text.Length > TextBytes ? text[..TextBytes] : text;
        if (_texts[slot] is null || _texts[slot].Length < text.Length)
        {
            _texts[slot] = new byte[Math.Min(TextBytes, Math.Max(128, text.Length * 5 / 4))];
        }

        text.CopyTo(_texts[slot]);
        _lengths[slot] = text.Length;
    }

    public Evidence Evidence(int age)
    {
        var slot = Slot(age);
        return new Evidence(
            _rows[slot].Line,
            _rows[slot].Offset,
            EvidenceText.Of(_texts[slot].AsSpan(0, _lengths[slot]))
        )
        {
            File = file,
        };
    }

    /// <summary>Evidence of a row by its number; null once it has left the history.</summary>
    public Evidence? EvidenceOf(long number) =>
        number >= 0 && _count - 1 - number < Count ? Evidence((int)(_count - 1 - number)) : null;

    public Position Position(int age) => PositionOf(this[age]);

    public static Position PositionOf(in StepRow row) =>
        new(
            row.Line,
            row.Carries(StepFields.Step) ? row.Step : null,
            row.Carries(StepFields.Time) ? new DateTimeOffset(row.TimeTicks, TimeSpan.Zero) : null
        );

    private int Slot(int age)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(age, Count);
        return (int)((_count - 1 - age) % Capacity);
    }
}
