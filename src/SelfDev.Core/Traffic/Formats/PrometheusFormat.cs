using System.Buffers.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Formats;

/// <summary>
/// Prometheus text exposition of vLLM, several scrapes one after the other (prometheus.io, "Exposition formats").
/// Counters are cumulative: demand is their rise from one scrape to the next, and a counter that fell was reset, so
/// that its new value is the rise. A scrape begins where a metric that was seen already comes again. Its time is the
/// samples' own timestamp in ms, else scrapes are taken as 15 s apart. Series of several engines are added up.
/// </summary>
internal sealed class PrometheusFormat
{
    public const string Name = "prometheus";

    private const double ScrapeSeconds = 15;

    private static readonly byte[][] Metrics =
    [
        "vllm:request_success_total"u8.ToArray(),
        "vllm:prompt_tokens_total"u8.ToArray(),
        "vllm:generation_tokens_total"u8.ToArray(),
        "vllm:prefix_cache_hits_total"u8.ToArray(),
        "vllm:num_requests_waiting"u8.ToArray(),
        "vllm:num_requests_running"u8.ToArray(),
    ];

    private readonly Dictionary<string, double> _counters = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private double[] _scrape = Empty();
    private double _time = double.NaN;
    private double _lastTime = double.NaN;
    private long _line;
    private bool _hasScrape;
    private bool _isFirst = true;

    public static bool Matches(ReadOnlySpan<byte> line) =>
        line.StartsWith("vllm:"u8) || line.StartsWith("# HELP vllm:"u8) || line.StartsWith("# TYPE vllm:"u8);

    public void Read(in TextLine line, TrafficReading reading)
    {
        var bytes = line.Bytes.Trim(" \t\r"u8);
        if (bytes.IsEmpty || bytes[0] == '#')
        {
            return;
        }

        var nameEnd = bytes.IndexOfAny("{ \t"u8);
        var seriesEnd = nameEnd > 0 && bytes[nameEnd] == '{' ? bytes.LastIndexOf((byte)'}') + 1 : nameEnd;
        if (nameEnd <= 0 || seriesEnd <= 0)
        {
            reading.Reject(line, "not a sample of a metric");
            return;
        }

        var rest = bytes[seriesEnd..].TrimStart(" \t"u8);
        if (!Utf8Parser.TryParse(rest, out double value, out var used) || !double.IsFinite(value) || value < 0)
        {
            reading.Reject(line, "no value");
            return;
        }

        var metric = -1;
        for (var i = 0; i < Metrics.Length; i++)
        {
            metric = bytes[..nameEnd].SequenceEqual(Metrics[i]) ? i : metric;
        }

        if (metric < 0)
        {
            return;
        }

        var series = System.Text.Encoding.UTF8.GetString(bytes[..seriesEnd]);
        if (!_seen.Add(series))
        {
            Finish(reading, line);
            _seen.Add(series);
        }

        (_hasScrape, _line) = (true, line.Number);
        rest = rest[used..].Trim(" \t"u8);
        if (!rest.IsEmpty && Utf8Parser.TryParse(rest, out long milliseconds, out _))
        {
            _time = milliseconds / 1000.0;
            reading.HasDates = true;
        }

        if (metric >= 4)
        {
            _scrape[metric] = Sum(_scrape[metric], value);
            return;
        }

        var before = _counters.TryGetValue(series, out var known) ? known : double.NaN;
        _counters[series] = value;
        if (!double.IsNaN(before))
        {
            _scrape[metric] = Sum(_scrape[metric], value >= before ? value - before : value);
        }
    }

    /// <summary>Ends the last scrape.</summary>
    public void Finish(TrafficReading reading, in TextLine line)
    {
        if (!_hasScrape)
        {
            return;
        }

        var time =
            !double.IsNaN(_time) ? _time
            : double.IsNaN(_lastTime) ? 0
            : _lastTime + ScrapeSeconds;
        if (!double.IsNaN(_lastTime) && time <= _lastTime)
        {
            reading.Reject(line, "a scrape that is not later than the one before");
        }
        else
        {
            // Prompt tokens that the prefix cache had are no work.
            var prefill = double.IsNaN(_scrape[3]) ? _scrape[1] : Math.Max(0, _scrape[1] - _scrape[3]);
            reading.AddSample(
                line,
                new DemandSample
                {
                    Time = time,
                    Seconds = _isFirst ? 0 : time - _lastTime,
                    Requests = _scrape[0],
                    PrefillTokens = prefill,
                    OutputTokens = _scrape[2],
                    Queue = _scrape[4],
                    Running = _scrape[5],
                    Line = _line,
                }
            );
            (_lastTime, _isFirst) = (time, false);
        }

        (_scrape, _hasScrape, _time) = (Empty(), false, double.NaN);
        _seen.Clear();
    }

    private static double Sum(double sum, double value) => double.IsNaN(sum) ? value : sum + value;

    private static double[] Empty() => [double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN];
}
