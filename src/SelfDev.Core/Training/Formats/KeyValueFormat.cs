using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// Metric lines made of names and values in any of the common ways: <c>s:1990 trl:4.0839 lr:0.000600 norm:0.31</c>
/// (llm.c),
/// <c>step:6197/6200 train_loss:3.2988 train_time:1338427ms</c> (modded-nanogpt), <c>iter 100: loss 3.1, time
/// 200.00ms</c> (nanoGPT),
/// <c>step: 10  loss: 7.5  tps: 1,234</c> (torchtitan), <c>{'loss': 1.1, 'grad_norm': 5.4, 'epoch': 1.0}</c> (Hugging
/// Face Trainer's printout).
/// </summary>
internal static class KeyValueFormat
{
    public const string Name = "key-value";

    /// <summary>Reads a line; false where it has no step (or epoch) with a metric beside it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, ref StepRow row)
    {
        var i = 0;
        while (i < line.Length)
        {
            if (!IsNameStart(line[i]) || (i > 0 && IsNameStart(line[i - 1])))
            {
                i++;
                continue;
            }

            var start = i;
            while (i < line.Length && IsName(line[i]))
            {
                i++;
            }

            var end = i;
            var valueAt = SkipSeparator(line, i);
            if (valueAt == i || !MetricField.TryNumber(line[valueAt..], out var value, out var used))
            {
                continue;
            }

            var after = line[(valueAt + used)..];
            // A number that goes on as a word or a version (3.8.1, 4x) is no value.
            if (
                !after.IsEmpty
                && (
                    after[0] == '.'
                    || (char.IsAsciiLetter((char)after[0]) && !after.StartsWith("ms"u8) && !after.StartsWith("s"u8))
                )
            )
            {
                i = valueAt + used;
                continue;
            }

            if (
                after.StartsWith(","u8)
                && after.Length > 3
                && char.IsAsciiDigit((char)after[1])
                && char.IsAsciiDigit((char)after[2])
                && char.IsAsciiDigit((char)after[3])
            )
            {
                value = WithThousands(line[valueAt..], value, ref used);
                after = line[(valueAt + used)..];
            }

            MetricField.Set(ref row, line[start..end], value, after);
            if (
                row.Carries(StepFields.Step)
                && !row.Carries(StepFields.TotalSteps)
                && after.StartsWith("/"u8)
                && LinePrefix.TryInteger(after[1..], out var total, out _)
            )
            {
                row.TotalSteps = total;
                row.Has |= StepFields.TotalSteps;
            }

            i = valueAt + used;
        }

        // The Trainer's printout has no step, only an epoch; the timeline numbers such rows.
        var located = row.Carries(StepFields.Step) || (row.Carries(StepFields.Epoch) && line.Contains((byte)'\''));
        return located
            && (row.Has & (StepFields.Loss | StepFields.EvalLoss | StepFields.GradNorm | StepFields.LossScale)) != 0;
    }

    private static bool IsNameStart(byte c) => char.IsAsciiLetter((char)c) || c == '_';

    private static bool IsName(byte c) =>
        char.IsAsciiLetterOrDigit((char)c) || c is (byte)'_' or (byte)'/' or (byte)'-';

    private static int SkipSeparator(ReadOnlySpan<byte> line, int i)
    {
        // At most a closing quote, a colon or equals sign and blanks: what stands between a name and its value.
        var start = i;
        while (
            i < line.Length
            && i - start < 16
            && line[i] is (byte)' ' or (byte)'\t' or (byte)':' or (byte)'=' or (byte)'\'' or (byte)'"'
        )
        {
            i++;
        }

        return i;
    }

    private static double WithThousands(ReadOnlySpan<byte> text, double value, ref int used)
    {
        while (
            used + 3 < text.Length
            && text[used] == ','
            && char.IsAsciiDigit((char)text[used + 1])
            && char.IsAsciiDigit((char)text[used + 2])
            && char.IsAsciiDigit((char)text[used + 3])
            && (used + 4 == text.Length || !char.IsAsciiDigit((char)text[used + 4]))
        )
        {
            value =
                (value * 1000)
                + ((text[used + 1] - '0') * 100)
                + ((text[used + 2] - '0') * 10)
                + (text[used + 3] - '0');
            used += 4;
        }

        return value;
    }
}
