using SelfDev.Core.Artifacts;
using SelfDev.Core.Formats;
using SelfDev.Core.Training.Detectors;
using SelfDev.Core.Training.Formats;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Reading;

/// <summary>One file read from front to back: its format, its run, what the detectors saw.</summary>
internal sealed class FileAnalysis
{
    private readonly TrainingOptions _options;
    private readonly TrainingLogScanner _scanner;
    private MetricsCsvFormat? _csv;
    private JsonDocumentScan? _json;
    private TrainerStateFormat? _trainerState;
    private MegatronGoldenFormat? _golden;

    public FileAnalysis(
        int index,
        ArtifactFile file,
        string? evidenceName,
        string format,
        TrainingOptions options,
        TrainingLogScanner scanner,
        SignatureTable table
    )
    {
        File = file;
        Format = format;
        _options = options;
        _scanner = scanner;
        Spikes = new LossSpikeDetector(options);
        Times = new StepTimeDetector(options);
        Resumes = new ResumeDetector();
        Charts = new RunCharts();
        Run = new RunTimeline(
            index,
            evidenceName,
            [
                Charts,
                Resumes,
                Spikes,
                new NonFiniteDetector(),
                new LossScaleDetector(),
                Times,
                new EvaluationLossDetector(),
                new PlateauDetector(Charts),
                new SignatureDetector(table),
                new GradNormDetector(options),
                new StragglerDetector(),
            ]
        );
    }

    public ArtifactFile File { get; }

    public string Format { get; }

    public RunTimeline Run { get; }

    public LossSpikeDetector Spikes { get; }

    public StepTimeDetector Times { get; }

    public ResumeDetector Resumes { get; }

    public RunCharts Charts { get; }

    /// <value>Templates of the lines that are neither metrics nor known messages.</value>
    public TemplateMiner Templates { get; } = new();

    public long Bytes { get; private set; }

    public long Lines { get; private set; }

    public long Rejected { get; private set; }

    public string Sha256 { get; private set; } = "";

    /// <exception cref="ArtifactUnreadableException">The content cannot be read as text, or a JSON document is
    /// cut.</exception>
    public void Read(ReadLimits limits, CancellationToken cancellation)
    {
        if (Format is TrainerStateFormat.Name or MegatronGoldenFormat.Name)
        {
            // Such a document may stand on one line.
            limits = limits with
            {
                MaxLineBytes = Math.Max(limits.MaxLineBytes, 32 << 20),
            };
            _trainerState = Format == TrainerStateFormat.Name ? new TrainerStateFormat(Run) : null;
            _golden = Format == MegatronGoldenFormat.Name ? new MegatronGoldenFormat(Run) : null;
            _json = new JsonDocumentScan((IJsonSink?)_trainerState ?? _golden!);
        }

        using var reader = new TextBlockReader(File.Open(), limits);
        if (_json is not null || Format == MetricsCsvFormat.Name || _options.Cores == 1)
        {
            while (reader.Read() is { } block)
            {
                using (block)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Take(block);
                }
            }
        }
        else
        {
            ReadInParallel(reader, cancellation);
        }

        Bytes = reader.Bytes;
        Lines = reader.Lines;
        Sha256 = reader.Sha256;
        if (_json is { IsComplete: false })
        {
            Rejected++;
        }

        _golden?.Finish();
        Rejected += _golden?.LeftOut ?? 0;
        Run.Finish();
        if (NovelMessages.Find(this) is { } novel)
        {
            Run.Report(novel);
        }
    }

    /// <summary>Blocks are scanned on several cores and taken in in their order, so the outcome is that of one
    /// core.</summary>
    private void ReadInParallel(TextBlockReader reader, CancellationToken cancellation)
    {
        var records = Format == MetricsJsonFormat.Name;
        var scans = new Queue<(TextBlock Block, Task<BlockScan> Scan)>();
        try
        {
            var ended = false;
            while (!ended || scans.Count > 0)
            {
                while (!ended && scans.Count <= _options.Cores)
                {
                    if (reader.Read() is { } block)
                    {
                        scans.Enqueue(
                            (block, Task.Run(() => _scanner.Scan(block, records, _options.Templates), cancellation))
                        );
                    }
                    else
                    {
                        ended = true;
                    }
                }

                if (scans.Count > 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var (block, scan) = scans.Peek();
                    Take(scan.GetAwaiter().GetResult(), block);
                    scans.Dequeue();
                    block.Dispose();
                }
            }
        }
        finally
        {
            // On the way out of a failure the other scans still hold their blocks.
            foreach (var (block, scan) in scans)
            {
                try
                {
                    scan.Wait(CancellationToken.None);
                }
                catch (AggregateException)
                {
                    // The first failure is already on its way.
                }

                block.Dispose();
            }
        }
    }

    private void Take(TextBlock block)
    {
        if (_json is not null)
        {
            _json.Scan(block);
            Rejected += block.EndsTruncated ? 1 : 0;
        }
        else if (Format == MetricsCsvFormat.Name)
        {
            Take(Csv(block), block);
        }
        else
        {
            Take(_scanner.Scan(block, Format == MetricsJsonFormat.Name, _options.Templates), block);
        }
    }

    private void Take(BlockScan taken, TextBlock block)
    {
        using var scan = taken;
        Rejected += scan.Rejected + (block.EndsTruncated && Format != MetricsJsonFormat.Name ? 1 : 0);
        Run.Add(scan, block);
        if (scan.Shapes is { } shapes)
        {
            foreach (var shape in shapes.Shapes)
            {
                Templates.Add(shape.Example, shape.Line, shape.Offset, shape.Count);
            }
        }
    }

    private BlockScan Csv(TextBlock block)
    {
        var scan = BlockScan.Rent();
        var number = block.FirstLine;
        for (var at = 0; at < block.Bytes.Length; number++)
        {
            var line = block.LineAt(at, number, out at);
            if (line.Bytes.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            if (_csv is null)
            {
                _csv = MetricsCsvFormat.Of(line.Bytes);
                scan.Rejected += _csv is null ? 1 : 0;
                continue;
            }

            var row = new StepRow
            {
                Line = number,
                Offset = line.Offset,
                Length = line.Bytes.Length,
                Rank = -1,
            };
            if (!_csv.TryRead(line, ref row))
            {
                scan.Rejected++;
            }
            else if (row.IsMetric)
            {
                scan.Rows.Add(row);
            }
        }

        return scan;
    }
}
