using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Findings;
using SelfDev.Core.Training.Formats;
using SelfDev.Core.Training.Model;
using SelfDev.Core.Training.Reading;
using SelfDev.Core.Training.Report;

namespace SelfDev.Core.Training;

/// <summary>Diagnosis of training runs: logs of any common trainer, kernel logs and metric exports, alone or
/// together.</summary>
public sealed class TrainingCapability : ICapability
{
    public const string KindName = "training";

    private readonly SignatureTable _table = SignatureTable.Default;
    private readonly TrainingLogScanner _scanner = new(SignatureTable.Default);

    public string Kind => KindName;

    public IReadOnlyList<string> Formats => TrainingFormats.All;

    public FormatMatch? Sniff(ArtifactHead head) =>
        TrainingFormats.Sniff(head, _scanner, _table) is var (format, confidence)
            ? new FormatMatch(KindName, format, confidence)
            : null;

    /// <summary>
    /// Several files are read in the given order and their findings joined: causes are looked for across all of them,
    /// and runs with steps in common are aligned, with the baseline's runs as well. Options: <see
    /// cref="TrainingOptions.Parse"/>.
    /// </summary>
    /// <exception cref="ArtifactUnreadableException">An option is wrong, the content is no text, or it is
    /// empty.</exception>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var options = TrainingOptions.Parse(request.Options);
        var files = Read(request.Files, options, request.Limits, cancellation);
        var baselines = Read(request.Baseline, options, request.Limits, cancellation);

        if (files.TrueForAll(file => file.Lines == 0))
        {
            throw new ArtifactUnreadableException(
                $"'{request.Files[0].Name}' is empty: there is nothing to diagnose. Drop it again once the run has "
                    + $"written to it."
            );
        }

        var drafts = files.SelectMany(file => file.Run.Findings).ToList();
        CauseLinker.Link(drafts);
        // A kernel log without a fault says what it is there to say.
        if (
            drafts.Count == 0
            && files.TrueForAll(file => file.Format != TrainingFormats.KernelLog)
            && files.TrueForAll(file => file.Run.Rows < 2 && file.Run.EvalRows < 2)
        )
        {
            drafts.Add(InsufficientData(files[0]));
        }

        ProposalPlanner.Plan(drafts, Facts(files, options));
        var (kept, numbered) = Number(drafts);
        List<Finding> findings = [.. numbered.Select(finding => finding.For(request.Subject))];
        var summary = TrainingReport.Summarise(
            files,
            findings,
            drafts.Count - kept.Count + files.Sum(file => file.Run.FindingsLeftOut),
            Align(files, baselines)
        );
        return new Analysis(
            Artifact(request, files),
            findings,
            summary,
            TrainingReport.Document(files, kept, findings, summary)
        );
    }

    private List<FileAnalysis> Read(
        IReadOnlyList<ArtifactFile> files,
        TrainingOptions options,
        ReadLimits limits,
        CancellationToken cancellation
    )
    {
        var read = new List<FileAnalysis>();
        foreach (var file in files)
        {
            var analysis = new FileAnalysis(
                read.Count,
                file,
                files.Count > 1 ? file.Name : null,
                FormatOf(file),
                options,
                _scanner,
                _table
            );
            analysis.Read(limits, cancellation);
            read.Add(analysis);
        }

        return read;
    }

    private string FormatOf(ArtifactFile file)
    {
        var head = new byte[ReadLimits.HeadBytes];
        int length;
        using (var stream = file.Open())
        {
            length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }

        var match = TrainingFormats.Sniff(
            new ArtifactHead(file.Name, head.AsMemory(0, length), length < head.Length),
            _scanner,
            _table
        );
        return match?.Format ?? TrainingFormats.TorchrunLog;
    }

    private static List<RunFacts> Facts(List<FileAnalysis> files, TrainingOptions options)
    {
        var ranks = files.SelectMany(file => file.Run.Ranks).ToHashSet();
        // Ranks tell the number of GPUs only where most of them speak.
        var gpus =
            options.Gpus > 0 ? options.Gpus
            : ranks.Count >= 4 && ranks.Count * 2 > ranks.Max() ? ranks.Max() + 1
            : 0;
        return
        [
            .. files.Select(file => new RunFacts(
                double.IsNaN(file.Run.LastCheckpoint) ? null : (long)file.Run.LastCheckpoint,
                file.Times.UsualSeconds,
                gpus,
                file.Run.HasRows ? file.Run.Segment.Stride : 1,
                file.Spikes.InProgress is null ? file.Spikes.Spikes : file.Spikes.Spikes[..^1],
                file.Spikes.InProgress
            )),
        ];
    }

    /// <summary>Every pair of runs that have steps in common: the files among each other, and each with each
    /// baseline.</summary>
    private static List<RunAlignment> Align(List<FileAnalysis> files, List<FileAnalysis> baselines)
    {
        const int MaxRuns = 8;
        var runs = files.Concat(baselines).Where(file => file.Run.Rows >= 64).Take(MaxRuns).ToList();
        var alignments = new List<RunAlignment>();
        for (var i = 0; i < runs.Count; i++)
        {
            for (var j = i + 1; j < runs.Count; j++)
            {
                if (
                    RunAlignment.Of(
                        runs[i].File.Name,
                        runs[i].Spikes.Spikes,
                        Range(runs[i].Run),
                        runs[j].File.Name,
                        runs[j].Spikes.Spikes,
                        Range(runs[j].Run)
                    ) is
                    { } alignment
                )
                {
                    alignments.Add(alignment);
                }
            }
        }

        return alignments;
    }

    private static (long First, long Last, long Stride) Range(RunTimeline run) =>
        (
            run.Segments.Min(segment => segment.First.Step ?? 0),
            run.Segments.Max(segment => segment.Last.Step ?? 0),
            run.Segments.Max(segment => segment.Stride)
        );

    private static FindingDraft InsufficientData(FileAnalysis file)
    {
        var draft = new FindingDraft
        {
            Kind = FindingKinds.InsufficientData,
            Severity = Severity.Warning,
            Title =
                "The artifact holds no metrics and no known messages: nothing can be said about the run, which does "
                + "not mean that it is well",
            From = new Position(1, null, null),
            To = new Position(Math.Max(1, file.Lines), null, null),
        };
        draft.Metrics["lines"] = file.Lines;
        draft.Metrics["rejected"] = file.Rejected;
        using var reader = new LineReader(file.File.Open(), ReadLimits.Default);
        if (reader.TryRead(out var line))
        {
            draft.Cite(line.ToEvidence(file.Run.Name));
        }

        return draft;
    }

    /// <summary>Ids by place; of too many, the most severe stay.</summary>
    private static (List<FindingDraft> Kept, List<Finding> Findings) Number(List<FindingDraft> drafts)
    {
        var kept =
            drafts.Count <= Limits.FindingsPerReport
                ? drafts
                :
                [
                    .. drafts
                        .OrderByDescending(draft => draft.Severity)
                        .ThenBy(draft => draft.File)
                        .ThenBy(draft => draft.From.Line)
                        .Take(Limits.FindingsPerReport),
                ];
        kept =
        [
            .. kept.OrderBy(draft => draft.File)
                .ThenBy(draft => draft.From.Line)
                .ThenBy(draft => draft.Kind, StringComparer.Ordinal),
        ];
        var ids = kept.Select((draft, index) => (draft, Id: $"F{index + 1}"))
            .ToDictionary(pair => pair.draft, pair => pair.Id);
        return (
            kept,
            [
                .. kept.Select(draft =>
                    draft.Build(ids[draft], draft.CausedBy is { } cause ? ids.GetValueOrDefault(cause) : null)
                ),
            ]
        );
    }

    private static ArtifactSummary Artifact(AnalysisRequest request, List<FileAnalysis> files)
    {
        var name = files.Count == 1 ? request.Files[0].Name : $"{request.Files[0].Name} and {files.Count - 1} more";
        var formats = files.Select(file => file.Format).Distinct(StringComparer.Ordinal).ToList();
        var digest =
            files.Count == 1
                ? files[0].Sha256
                : Convert.ToHexStringLower(
                    SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(files.Select(file => file.Sha256))))
                );
        return new ArtifactSummary(
            name,
            KindName,
            string.Join('+', formats),
            files.Sum(file => file.Bytes),
            files.Sum(file => file.Lines),
            files.Sum(file => file.Rejected),
            digest
        );
    }
}
