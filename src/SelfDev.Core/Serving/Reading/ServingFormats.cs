using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Serving.Reading;

/// <summary>Tells the formats of serving artifacts apart by their first bytes.</summary>
internal static class ServingFormats
{
    public static IReadOnlyList<string> All { get; } =
    [
        RequestFormat.Full,
        RequestFormat.Metadata,
        RequestFormat.Usage,
        BlockTraceFormat.Mooncake,
        BlockTraceFormat.Bailian,
        AgentTraceFormat.Name,
        EngineLogFormat.Vllm,
        EngineLogFormat.SgLang,
        PrometheusFormat.Name,
    ];

    private const int HeadLines = 200;

    /// <summary>The format of a head and how sure that is; null where it is no serving artifact.</summary>
    public static (string Format, double Confidence)? Sniff(ArtifactHead head)
    {
        var text = head.Bytes.Span;
        if (text[..Math.Min(text.Length, 4096)].Count((byte)0) > 16)
        {
            return null;
        }

        text = text.TrimStart("\uFEFF \t\r\n"u8);
        if (text.IsEmpty)
        {
            return null;
        }

        return text[0] is (byte)'{' or (byte)'[' && !IsBracketedLog(text) ? SniffJson(text) : SniffLines(text);
    }

    private static (string Format, double Confidence)? SniffJson(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        var first = end < 0 ? text : text[..end];
        // A document over many lines says on later ones what it is.
        var shown = first.Length < 64 ? text[..Math.Min(text.Length, 16 * 1024)] : first;
        return BlockTraceFormat.Sniff(shown) is { } trace ? (trace, 0.98)
            : AgentTraceFormat.IsTrace(shown) ? (AgentTraceFormat.Name, 0.97)
            : RequestFormat.Sniff(shown) is { } format ? (format, format == RequestFormat.Usage ? 0.91 : 0.95)
            : null;
    }

    /// <summary>SGLang's lines begin with a bracketed time.</summary>
    private static bool IsBracketedLog(ReadOnlySpan<byte> text) =>
        text[0] == (byte)'[' && text.Length > 6 && text[1] is >= (byte)'0' and <= (byte)'9' && text[5] == (byte)'-';

    private static (string Format, double Confidence)? SniffLines(ReadOnlySpan<byte> text)
    {
        var (vllm, sglang, metrics, lines) = (0, 0, 0, 0);
        while (!text.IsEmpty && lines++ < HeadLines)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            vllm += EngineLogFormat.IsVllm(line) ? 1 : 0;
            sglang += EngineLogFormat.IsSgLang(line) ? 1 : 0;
            metrics += PrometheusFormat.IsSample(line) ? 1 : 0;
        }

        return metrics > 0 && metrics >= vllm + sglang ? (PrometheusFormat.Name, 0.95)
            : vllm > 0 ? (EngineLogFormat.Vllm, 0.95)
            : sglang > 0 ? (EngineLogFormat.SgLang, 0.95)
            : null;
    }
}
