using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Reading;

/// <summary>Reads files of any serving format into one traffic.</summary>
internal sealed class ServingReading(ServingTraffic traffic, ServingOptions options)
{
    private readonly EngineMetrics _engine = new();
    private long _traceRequests;
    private long _tracePrompt;
    private long _traceUnblocked;
    private long _reversals;
    private long _cycles;
    private long _emptyBlocks;
    private int _traceBlockTokens = BlockTraceFormat.MooncakeBlockTokens;
    private int _files;

    public List<string> Formats { get; } = [];

    public List<string> Digests { get; } = [];

    public long Bytes { get; private set; }

    public long Lines { get; private set; }

    public long Rejected { get; private set; }

    public EngineSummary? Engine => _engine.Summarise();

    /// <value>A block trace logs no hits: those of the given capacity are booked, of an unlimited cache without
    /// one.</value>
    public BlockTraceTotals TraceTotals =>
        _traceRequests == 0
            ? new BlockTraceTotals(0, 0, 0, 0, 0, 0, 0, 0, 0)
            : new BlockTraceTotals(
                _traceRequests,
                _tracePrompt,
                traffic.Curve.HitsAt(options.CacheBlocks).Tokens,
                traffic.Curve.HitsAt(null).Tokens,
                _traceUnblocked,
                _traceBlockTokens,
                _reversals,
                _cycles,
                _emptyBlocks
            );

    public void Read(ArtifactFile file, ReadLimits limits, CancellationToken cancellation)
    {
        var format = FormatOf(file);
        Formats.Add(format);
        var index = _files++;
        if (format is RequestFormat.Full or RequestFormat.Metadata or RequestFormat.Usage)
        {
            var log = new RequestLogReader(traffic);
            log.Read(file, index, limits, cancellation);
            Count(log.Bytes, log.Lines, log.Rejected, log.Sha256);
            return;
        }

        using var reader = new LineReader(
            file.Open(),
            limits with
            {
                MaxLineBytes = Math.Max(limits.MaxLineBytes, RequestLogReader.MaxLineBytes),
            }
        );
        var rejected = ReadLines(reader, index, file.Name, format, cancellation);
        Count(reader.Bytes, reader.Lines, rejected, reader.Sha256);
    }

    private long ReadLines(LineReader reader, int index, string name, string format, CancellationToken cancellation)
    {
        var trace = new BlockTraceFormat(traffic.Curve, options.BlockTokens);
        var agents = new AgentTraceFormat(traffic);
        var log = new EngineLogFormat(_engine);
        var metrics = new PrometheusFormat(_engine);
        long rejected = 0;
        while (reader.TryRead(out var line))
        {
            if (reader.Lines % 4096 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            var text = line.Bytes.Trim(" \t\r"u8);
            if (text.IsEmpty)
            {
                continue;
            }

            var taken = format switch
            {
                BlockTraceFormat.Mooncake or BlockTraceFormat.Bailian => trace.TryTake(text),
                AgentTraceFormat.Name => agents.TryTake(text, line.Number, line.Offset),
                PrometheusFormat.Name => metrics.TryTake(text, line.Number),
                // Engines write many other lines.
                _ => log.TryTake(text, line.Number) || true,
            };
            rejected += taken ? 0 : 1;
            if (taken && format is BlockTraceFormat.Mooncake or BlockTraceFormat.Bailian)
            {
                traffic.See(new RequestPlace(index, name, line.Number, line.Offset, trace.Requests, double.NaN));
            }
        }

        _traceRequests += trace.Requests;
        _tracePrompt += trace.PromptTokens;
        _traceUnblocked += trace.UnblockedTokens;
        _reversals += trace.ClockReversals;
        _cycles += trace.CyclicIds;
        _emptyBlocks += trace.EmptyBlocks;
        _traceBlockTokens =
            options.BlockTokens
            ?? (format == BlockTraceFormat.Bailian ? BlockTraceFormat.BailianBlockTokens : _traceBlockTokens);
        return rejected;
    }

    private void Count(long bytes, long lines, long rejected, string sha256)
    {
        Bytes += bytes;
        Lines += lines;
        Rejected += rejected;
        Digests.Add(sha256);
    }

    private static string FormatOf(ArtifactFile file)
    {
        using var stream = file.Open();
        return ServingFormats.Sniff(ArtifactSniffer.ReadHead(file.Name, stream).Head)?.Format ?? RequestFormat.Full;
    }
}
