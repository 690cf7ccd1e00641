using System.Buffers.Text;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Cache figures in the log lines of engines: vLLM's rolling hit rate (a window over 1,000 requests, by tokens) and
/// SGLang's new and cached tokens of each prefill batch.
/// </summary>
internal sealed class EngineLogFormat(EngineMetrics metrics)
{
    public const string Vllm = "vllm-log";
    public const string SgLang = "sglang-log";

    public static bool IsVllm(ReadOnlySpan<byte> line) => line.IndexOf("Prefix cache hit rate: "u8) >= 0;

    public static bool IsSgLang(ReadOnlySpan<byte> line) =>
        line.IndexOf("#cached-token: "u8) >= 0 && line.IndexOf("#new-token: "u8) >= 0;

    /// <summary>Takes one line of a log; lines of other matters are no fault.</summary>
    /// <returns>Whether it held figures.</returns>
    public bool TryTake(ReadOnlySpan<byte> line, long number)
    {
        if (After(line, "Prefix cache hit rate: "u8) is { } rate)
        {
            metrics.NoteRate(
                rate / 100,
                After(line, "KV cache usage: "u8) is { } use ? Math.Round(use / 100, 6) : null,
                After(line, "Waiting: "u8),
                number
            );
            return true;
        }

        if (
            After(line, "#cached-token: "u8) is { } cached
            && After(line, "#new-token: "u8) is { } fresh
            && cached >= 0
            && fresh >= 0
        )
        {
            metrics.NoteBatch(
                (long)fresh,
                (long)cached,
                After(line, "token usage: "u8),
                After(line, "#queue-req: "u8),
                number
            );
            return true;
        }

        return false;
    }

    private static double? After(ReadOnlySpan<byte> line, ReadOnlySpan<byte> label)
    {
        var at = line.IndexOf(label);
        return
            at >= 0
            && Utf8Parser.TryParse(line[(at + label.Length)..], out double value, out _)
            && double.IsFinite(value)
            ? value
            : null;
    }
}
