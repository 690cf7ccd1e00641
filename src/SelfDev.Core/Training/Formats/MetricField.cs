using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>The names under which frameworks log the same quantity, and how their values are read.</summary>
internal static class MetricField
{
    private enum Unit
    {
        None,

        /// <summary>Seconds unless the value's own unit says <c>ms</c>.</summary>
        Seconds,
        Milliseconds,
    }

    private readonly record struct Meaning(StepFields Field, Unit Unit = Unit.None);

    /// <summary>
    /// Names after <see cref="Normalise"/> and without a leading <c>train </c>. Sources: Megatron-LM
    /// <c>training_log</c>, llm.c <c>logger.h</c>, nanoGPT and modded-nanogpt <c>train*.py</c>, Hugging Face
    /// <c>Trainer</c>, torchtitan <c>metrics.py</c>, OLMo-core, Composer's <c>loss/train/total</c> and
    /// <c>l2_norm/grad/global</c>, Lightning's <c>train_loss_step</c> and <c>trainer/global_step</c>, DLRover's Atorch
    /// events.
    /// </summary>
    private static readonly Dictionary<byte[], Meaning>.AlternateLookup<ReadOnlySpan<byte>> Names = new Dictionary<
        string,
        Meaning
    >
    {
        ["s"] = new(StepFields.Step),
        ["step"] = new(StepFields.Step),
        ["steps"] = new(StepFields.Step),
        ["iter"] = new(StepFields.Step),
        ["iter num"] = new(StepFields.Step),
        ["iteration"] = new(StepFields.Step),
        ["global step"] = new(StepFields.Step),
        ["global steps"] = new(StepFields.Step),
        ["trainer global step"] = new(StepFields.Step),
        ["time batch"] = new(StepFields.Step),
        ["trl"] = new(StepFields.Loss),
        ["loss"] = new(StepFields.Loss),
        ["lm loss"] = new(StepFields.Loss),
        ["ce loss"] = new(StepFields.Loss),
        ["loss step"] = new(StepFields.Loss),
        ["total loss"] = new(StepFields.Loss),
        ["loss train total"] = new(StepFields.Loss),
        ["crossentropyloss"] = new(StepFields.Loss),
        ["cross entropy loss"] = new(StepFields.Loss),
        ["tel"] = new(StepFields.EvalLoss),
        ["test loss"] = new(StepFields.EvalLoss),
        ["norm"] = new(StepFields.GradNorm),
        ["gnorm"] = new(StepFields.GradNorm),
        ["grad norm"] = new(StepFields.GradNorm),
        ["gradient norm"] = new(StepFields.GradNorm),
        ["global grad norm"] = new(StepFields.GradNorm),
        ["total grad norm"] = new(StepFields.GradNorm),
        ["optim total grad norm"] = new(StepFields.GradNorm),
        ["l2 norm grad global"] = new(StepFields.GradNorm),
        ["lr"] = new(StepFields.LearningRate),
        ["learning rate"] = new(StepFields.LearningRate),
        ["optim learning rate"] = new(StepFields.LearningRate),
        ["loss scale"] = new(StepFields.LossScale),
        ["loss scaler"] = new(StepFields.LossScale),
        ["train time"] = new(StepFields.ElapsedSeconds, Unit.Seconds),
        ["elapsed time"] = new(StepFields.ElapsedSeconds, Unit.Seconds),
        ["dt"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["time"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["step time"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["iter time"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["iteration time"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["step time seconds"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["elapsed time per iteration (s)"] = new(StepFields.StepSeconds, Unit.Seconds),
        ["step time ms"] = new(StepFields.StepSeconds, Unit.Milliseconds),
        ["iter time ms"] = new(StepFields.StepSeconds, Unit.Milliseconds),
        ["elapsed time per iteration (ms)"] = new(StepFields.StepSeconds, Unit.Milliseconds),
        ["tps"] = new(StepFields.Throughput),
        ["wps"] = new(StepFields.Throughput),
        ["tok per sec"] = new(StepFields.Throughput),
        ["tokens per sec"] = new(StepFields.Throughput),
        ["tokens per second"] = new(StepFields.Throughput),
        ["samples per second"] = new(StepFields.Throughput),
        ["throughput tokens per sec"] = new(StepFields.Throughput),
        ["throughput device tps"] = new(StepFields.Throughput),
        ["throughput per gpu (tflop s gpu)"] = new(StepFields.Throughput),
        ["tflops"] = new(StepFields.Throughput),
        ["consumed samples"] = new(StepFields.Samples),
        ["consumed train samples"] = new(StepFields.Samples),
        ["time sample"] = new(StepFields.Samples),
        ["consumed tokens"] = new(StepFields.Tokens),
        ["consumed train tokens"] = new(StepFields.Tokens),
        ["num input tokens seen"] = new(StepFields.Tokens),
        ["time token"] = new(StepFields.Tokens),
        ["global batch size"] = new(StepFields.BatchSize),
        ["number of skipped iterations"] = new(StepFields.SkippedIterations),
        ["number of nan iterations"] = new(StepFields.NanIterations),
        ["epoch"] = new(StepFields.Epoch),
        ["rank"] = new(StepFields.Rank),
        ["global rank"] = new(StepFields.Rank),
    }
        .ToDictionary(pair => Encoding.ASCII.GetBytes(pair.Key), pair => pair.Value, BytesComparer.Instance)
        .GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Puts a named value into a row. The first of several values of one quantity wins.</summary>
    /// <param name="name">
    /// Compared case-insensitively, with <c>_</c>, <c>-</c>, <c>/</c> and blanks as one blank, so that
    /// <c>train/grad_norm</c> and
    /// <c>grad norm</c> are one.
    /// </param>
    /// <param name="unit">Bytes after the value, for <c>ms</c>; may be empty.</param>
    /// <returns>Whether the name is known.</returns>
    public static bool Set(ref StepRow row, ReadOnlySpan<byte> name, double value, ReadOnlySpan<byte> unit)
    {
        Span<byte> buffer = stackalloc byte[48];
        if (name.Length > buffer.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> key = buffer[..Normalise(name, buffer)];
        if (
            !Names.TryGetValue(key, out var meaning)
            && !(key.StartsWith("train "u8) && Names.TryGetValue(key["train ".Length..], out meaning))
            && !(key.StartsWith("metrics train "u8) && Names.TryGetValue(key["metrics train ".Length..], out meaning))
        )
        {
            return SetEvaluation(ref row, key, value);
        }

        if (!row.Carries(meaning.Field))
        {
            Store(ref row, meaning, value, unit);
        }

        return true;
    }

    /// <summary>A number as frameworks print it: Python's and C's NaN and infinities included.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, out double value, out int used)
    {
        value = double.NaN;
        used = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        if (
            text[0] is >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'+' or (byte)'.'
            && Utf8Parser.TryParse(text, out value, out used)
        )
        {
            return true;
        }

        var sign = text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        var word = text[sign..];
        var length = WordLength(word, "nan"u8, "infinity"u8, "inf"u8);
        if (length == 0)
        {
            return false;
        }

        used = sign + length;
        value =
            (word[0] | 0x20) == 'n' ? double.NaN
            : text[0] == '-' ? double.NegativeInfinity
            : double.PositiveInfinity;
        return true;
    }

    private static void Store(ref StepRow row, Meaning meaning, double value, ReadOnlySpan<byte> unit)
    {
        var seconds =
            meaning.Unit == Unit.Milliseconds || (meaning.Unit == Unit.Seconds && unit.StartsWith("ms"u8))
                ? value / 1000
                : value;
        switch (meaning.Field)
        {
            case StepFields.Step when value is >= 0 and < 1e15 && value == Math.Floor(value):
                row.Step = (long)value;
                break;
            case StepFields.Loss:
                row.Loss = value;
                break;
            case StepFields.EvalLoss:
                row.EvalLoss = value;
                break;
            case StepFields.GradNorm:
                row.GradNorm = value;
                break;
            case StepFields.LearningRate:
                row.LearningRate = value;
                break;
            case StepFields.LossScale:
                row.LossScale = value;
                break;
            case StepFields.ElapsedSeconds:
                row.ElapsedSeconds = seconds;
                break;
            case StepFields.StepSeconds:
                row.StepSeconds = seconds;
                break;
            case StepFields.Throughput:
                row.Throughput = value;
                break;
            case StepFields.Samples when value is >= 0 and < 9e18:
                row.Samples = (long)value;
                break;
            case StepFields.Tokens when value is >= 0 and < 9e18:
                row.Tokens = (long)value;
                break;
            case StepFields.BatchSize:
                row.BatchSize = value;
                break;
            case StepFields.SkippedIterations when value is >= 0 and < int.MaxValue:
                row.SkippedIterations = (int)value;
                break;
            case StepFields.NanIterations when value is >= 0 and < int.MaxValue:
                row.NanIterations = (int)value;
                break;
            case StepFields.Epoch:
                row.Epoch = value;
                break;
            case StepFields.Rank when value is >= 0 and < 1_000_000:
                row.Rank = (int)value;
                break;
            default:
                return;
        }

        row.Has |= meaning.Field;
    }

    private static bool SetEvaluation(ref StepRow row, ReadOnlySpan<byte> key, double value)
    {
        // val_loss, validation loss, valid/loss, eval_loss, eval_<split>_loss
        if (!key.EndsWith(" loss"u8) || !(key.StartsWith("val"u8) || key.StartsWith("eval "u8)))
        {
            return false;
        }

        if (!row.Carries(StepFields.EvalLoss))
        {
            row.EvalSplit =
                key.StartsWith("eval "u8) && key.Length > "eval  loss".Length
                    ? Encoding.Latin1.GetString(key[5..^5])
                    : null;
            row.EvalLoss = value;
            row.Has |= StepFields.EvalLoss;
        }

        return true;
    }

    private static int Normalise(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        var length = 0;
        foreach (var c in name)
        {
            var mapped = c switch
            {
                (byte)'_' or (byte)'-' or (byte)'/' or (byte)'\t' => (byte)' ',
                >= (byte)'A' and <= (byte)'Z' => (byte)(c | 0x20),
                _ => c,
            };
            if (mapped != ' ' || (length > 0 && buffer[length - 1] != ' '))
            {
                buffer[length++] = mapped;
            }
        }

        return length > 0 && buffer[length - 1] == ' ' ? length - 1 : length;
    }

    /// <summary>Length of the first of three words that a text starts with, or 0; a word that goes on in other letters
    /// than a unit's is none.</summary>
    private static int WordLength(
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> a,
        ReadOnlySpan<byte> b,
        ReadOnlySpan<byte> c
    ) =>
        StartsWithWord(text, a) ? a.Length
        : StartsWithWord(text, b) ? b.Length
        : StartsWithWord(text, c) ? c.Length
        : 0;

    private static bool StartsWithWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        if (text.Length < word.Length)
        {
            return false;
        }

        for (var i = 0; i < word.Length; i++)
        {
            if ((text[i] | 0x20) != word[i])
            {
                return false;
            }
        }

        var rest = text[word.Length..];
        return rest.IsEmpty || !char.IsAsciiLetter((char)rest[0]) || rest.StartsWith("ms"u8) || rest.StartsWith("s"u8);
    }

    private sealed class BytesComparer
        : IEqualityComparer<byte[]>,
            IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        // Length, first, middle and last byte tell nearly all names apart, and every lookup ends in a comparison.
        public int GetHashCode(ReadOnlySpan<byte> alternate) =>
            alternate.IsEmpty
                ? 0
                : (alternate.Length * 0x1000193)
                    ^ (alternate[0] << 16)
                    ^ (alternate[alternate.Length / 2] << 8)
                    ^ alternate[^1];
    }
}
