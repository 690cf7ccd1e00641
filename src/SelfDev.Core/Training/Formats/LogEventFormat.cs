using System.Buffers;
using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>Lines that are neither metrics nor signatures and still say something: overflows, saved checkpoints,
/// tracebacks, missing ranks.</summary>
internal static class LogEventFormat
{
    /// <summary>One of these stands in every such line.</summary>
    public static IReadOnlyList<string> Anchors { get; } =
    ["OVERFLOW!", "Gradient overflow", "kpoint", "Traceback (most recent", "_PARALLEL_GROUP"];

    private static readonly SearchValues<char> RankList = SearchValues.Create("0123456789, ");
    private static readonly SearchValues<char> Decimals = SearchValues.Create("0123456789.");

    /// <summary>Reads a line with one of <see cref="Anchors"/> at a place; null where it is no such event.</summary>
    public static LogEvent? Read(in TextLine line, in LinePrefix prefix, ReadOnlySpan<char> chars, int hit)
    {
        var at = chars[hit..];
        if (at.StartsWith("Traceback (most recent", StringComparison.Ordinal))
        {
            return Event(LogEventType.Traceback, line, prefix);
        }

        if (at.StartsWith("OVERFLOW!", StringComparison.Ordinal))
        {
            // DeepSpeed: OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 1048576.0, reducing to 524288.0
            var after = NumberAfter(chars, "reducing to ");
            return double.IsNaN(after)
                ? null
                : Event(LogEventType.Overflow, line, prefix) with
                {
                    Value = after,
                    Before = NumberAfter(chars, "loss scale: "),
                };
        }

        if (at.StartsWith("Gradient overflow", StringComparison.Ordinal))
        {
            // apex: Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 16384.0
            var after = NumberAfter(chars, "loss scale to ");
            return double.IsNaN(after) ? null : Event(LogEventType.Overflow, line, prefix) with { Value = after };
        }

        if (at.StartsWith("_PARALLEL_GROUP", StringComparison.Ordinal))
        {
            // 74 | EXPERT_MODEL_PARALLEL_GROUP,0 | nccl:all_to_all | 4027x5120 | BFloat16 | 12
            var last = chars[(chars.LastIndexOf('|') + 1)..].Trim();
            return chars.Count('|') == 5 && last.Length > 0 && !last.ContainsAnyExcept(RankList)
                ? Event(LogEventType.MissingRanks, line, prefix) with
                {
                    Captures = new Dictionary<string, string> { ["ranks"] = last.ToString() },
                }
                : null;
        }

        return at.StartsWith("kpoint", StringComparison.Ordinal) ? CheckpointSaved(line, prefix, chars) : null;
    }

    private static LogEvent? CheckpointSaved(in TextLine line, in LinePrefix prefix, ReadOnlySpan<char> chars)
    {
        // Megatron: "successfully saved checkpoint at iteration 1000 to /ckpt"; DeepSpeed: "Saving model checkpoint:
        // .../global_step33241/..."; Trainer: "Saving model checkpoint to out/checkpoint-500"
        if (
            !chars.Contains("saved checkpoint", StringComparison.OrdinalIgnoreCase)
            && !chars.Contains("saving model checkpoint", StringComparison.OrdinalIgnoreCase)
            && !chars.Contains("checkpoint saved", StringComparison.OrdinalIgnoreCase)
        )
        {
            return null;
        }

        foreach (
            var before in (ReadOnlySpan<string>)["iteration ", "global_step", "checkpoint-", "step ", "step_", "step="]
        )
        {
            var step = NumberAfter(chars, before);
            if (!double.IsNaN(step))
            {
                return Event(LogEventType.CheckpointSaved, line, prefix) with { Value = step };
            }
        }

        return Event(LogEventType.CheckpointSaved, line, prefix);
    }

    private static double NumberAfter(ReadOnlySpan<char> text, string before)
    {
        var at = text.IndexOf(before, StringComparison.Ordinal);
        if (at < 0)
        {
            return double.NaN;
        }

        var rest = text[(at + before.Length)..].TrimStart(' ');
        var end = rest.IndexOfAnyExcept(Decimals);
        var digits = (end < 0 ? rest : rest[..end]).TrimEnd('.');
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
            : double.NaN;
    }

    public static LogEvent Event(LogEventType type, in TextLine line, in LinePrefix prefix) =>
        new(type, line.Number, line.Offset, EvidenceText.Of(line.Bytes))
        {
            Rank = prefix.Rank,
            TimeTicks = prefix.TimeTicks,
            HasNoYear = prefix.HasNoYear,
            Host = Host(prefix),
        };

    public static string? Host(in LinePrefix prefix) =>
        prefix.Host.IsEmpty || prefix.Host.Length > 255 ? null : Encoding.ASCII.GetString(prefix.Host);
}
