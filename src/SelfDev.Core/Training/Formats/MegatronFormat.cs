using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// The iteration line of Megatron-LM and its forks: <c>iteration N/ TOTAL | name: value | ...</c>, with any prefix of
/// launcher or logger before it. Source: <c>megatron/training/training.py</c>, <c>training_log</c>.
/// </summary>
internal static class MegatronFormat
{
    public const string Name = "megatron";

    /// <summary>Reads a line; false where it is not an iteration line.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, ref StepRow row)
    {
        var at = line.IndexOf("iteration "u8);
        if (at < 0 || !LinePrefix.TryInteger(line[(at + 10)..], out var step, out var used) || step < 0)
        {
            return false;
        }

        var rest = line[(at + 10 + used)..];
        if (rest.IsEmpty || rest[0] != '/')
        {
            return false;
        }

        rest = rest[1..];
        if (LinePrefix.TryInteger(rest, out var total, out _))
        {
            row.TotalSteps = total;
            row.Has |= StepFields.TotalSteps;
        }

        var bar = rest.IndexOf((byte)'|');
        if (bar < 0)
        {
            return false;
        }

        row.Step = step;
        row.Has |= StepFields.Step;
        rest = rest[(bar + 1)..];
        while (!rest.IsEmpty)
        {
            bar = rest.IndexOf((byte)'|');
            var cell = bar < 0 ? rest : rest[..bar];
            rest = bar < 0 ? [] : rest[(bar + 1)..];
            var colon = cell.LastIndexOf((byte)':');
            if (colon <= 0)
            {
                continue;
            }

            var value = cell[(colon + 1)..].TrimStart((byte)' ');
            if (MetricField.TryNumber(value, out var number, out var length))
            {
                MetricField.Set(ref row, cell[..colon].Trim((byte)' '), number, value[length..]);
            }
        }

        return true;
    }
}
