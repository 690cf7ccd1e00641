using System.Buffers.Text;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Scrapes of an engine's metrics in Prometheus' text format, one after another in one file. vLLM's prefix cache
/// counters by their names of today and of before (<c>vllm:gpu_prefix_cache_*</c>), SGLang's by theirs. A counter that
/// stands for the second time begins a new scrape.
/// </summary>
internal sealed class PrometheusFormat(EngineMetrics metrics)
{
    public const string Name = "prometheus";

    private readonly HashSet<UInt128> _scrape = [];

    public static bool IsSample(ReadOnlySpan<byte> line) =>
        line.StartsWith("vllm:"u8)
        || line.StartsWith("sglang:"u8)
        || line.StartsWith("# TYPE vllm:"u8)
        || line.StartsWith("# HELP vllm:"u8)
        || line.StartsWith("# TYPE sglang:"u8);

    /// <returns>False where a line is neither a sample nor a comment.</returns>
    public bool TryTake(ReadOnlySpan<byte> line, long number)
    {
        if (line.IsEmpty || line[0] == (byte)'#')
        {
            return true;
        }

        var brace = line.IndexOf((byte)'{');
        var space = line.IndexOf((byte)' ');
        var nameEnd = brace >= 0 && (space < 0 || brace < space) ? brace : space;
        var labelsEnd = nameEnd == brace && brace >= 0 ? EndOfLabels(line, brace) : nameEnd;
        if (nameEnd <= 0 || labelsEnd < 0)
        {
            return false;
        }

        var value = line[labelsEnd..].TrimStart(" \t"u8);
        if (!Utf8Parser.TryParse(value, out double number64, out _))
        {
            // Histograms and gauges may be NaN or infinite.
            return value.StartsWith("NaN"u8) || value.StartsWith("+Inf"u8) || value.StartsWith("-Inf"u8);
        }

        Note(line[..nameEnd], Fingerprint.Of(line[..labelsEnd]), number64, number);
        return true;
    }

    private void Note(ReadOnlySpan<byte> name, UInt128 series, double value, long line)
    {
        if (!double.IsFinite(value))
        {
            return;
        }

        if (IsQueries(name) || IsHits(name))
        {
            if (_scrape.Count == 0 || !_scrape.Add(series))
            {
                _scrape.Clear();
                _scrape.Add(series);
                metrics.Scrapes++;
            }

            (IsQueries(name) ? metrics.Queries : metrics.Hits).Note(series, value);
            metrics.NoteUse(null, null, line);
        }
        else if (
            name.SequenceEqual("vllm:kv_cache_usage_perc"u8)
            || name.SequenceEqual("vllm:gpu_cache_usage_perc"u8)
            || name.SequenceEqual("sglang:token_usage"u8)
        )
        {
            metrics.NoteUse(value, null, line);
        }
        else if (name.SequenceEqual("vllm:num_requests_waiting"u8) || name.SequenceEqual("sglang:num_queue_reqs"u8))
        {
            metrics.NoteUse(null, value, line);
        }
    }

    private static bool IsQueries(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("vllm:prefix_cache_queries_total"u8)
        || name.SequenceEqual("vllm:prefix_cache_queries"u8)
        || name.SequenceEqual("vllm:gpu_prefix_cache_queries_total"u8)
        || name.SequenceEqual("vllm:gpu_prefix_cache_queries"u8)
        || name.SequenceEqual("sglang:prompt_tokens_total"u8);

    private static bool IsHits(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("vllm:prefix_cache_hits_total"u8)
        || name.SequenceEqual("vllm:prefix_cache_hits"u8)
        || name.SequenceEqual("vllm:gpu_prefix_cache_hits_total"u8)
        || name.SequenceEqual("vllm:gpu_prefix_cache_hits"u8)
        || name.SequenceEqual("sglang:cached_tokens_total"u8);

    /// <summary>Behind the closing brace; a quoted label value may hold one, escaped quotes too.</summary>
    private static int EndOfLabels(ReadOnlySpan<byte> line, int brace)
    {
        var quoted = false;
        for (var i = brace; i < line.Length; i++)
        {
            switch (line[i])
            {
                case (byte)'\\' when quoted:
                    i++;
                    break;
                case (byte)'"':
                    quoted = !quoted;
                    break;
                case (byte)'}' when !quoted:
                    return i + 1;
            }
        }

        return -1;
    }
}
