using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Findings;
using SelfDev.Core.Evaluation.Formats;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Evaluation.Reading;
using SelfDev.Core.Evaluation.Report;
using SelfDev.Core.Findings;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation;

/// <summary>
/// Diagnosis of evaluations and test results: is the candidate better than the baseline, worse, or can nobody tell, and
/// why. A folder of files is one evaluation of one checkpoint, a folder of folders a history of checkpoints, of which
/// the last one is the candidate.
/// </summary>
public sealed class EvaluationCapability : ICapability
{
    public const string KindName = "evals";

    public string Kind => KindName;

    public IReadOnlyList<string> Formats => EvaluationFormats.All;

    public FormatMatch? Sniff(ArtifactHead head) =>
        EvaluationFormats.Sniff(head) is var (format, confidence)
        && format is not (EvaluationFormats.SelfDevReport or EvaluationFormats.SelfDevCheckpoint)
            ? new FormatMatch(KindName, format, confidence)
            : null;

    /// <summary>
    /// Compares the last checkpoint of the files with the last one of the baseline; without a baseline, with the
    /// checkpoint before it, where there is one. Files that cannot be read are named in the report, and the rest is
    /// compared. Files that say what others explain are read twice. Options: <see cref="EvaluationOptions.Parse"/>.
    /// </summary>
    /// <exception cref="ArtifactUnreadableException">An option is wrong, or nothing of the files can be
    /// used.</exception>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var options = EvaluationOptions.Parse(request.Options);
        var reader = new EvaluationReader(request.Limits, cancellation);
        var input = reader.Read(request.Files, request.Subject);
        if (input.Runs.Count == 0)
        {
            throw new ArtifactUnreadableException(
                string.Join(
                    " ",
                    input
                        .Rejections.Take(3)
                        .Select(rejection =>
                            rejection.Line > 0
                                ? $"'{rejection.File}' line {rejection.Line}: {rejection.Reason}"
                                : Named(rejection)
                        )
                )
                    is { Length: > 0 } reasons
                    ? reasons
                    : $"'{request.Files[0].Name}' holds no scores and no samples."
            );
        }

        var baselineInput = request.Baseline.Count > 0 ? reader.Read(request.Baseline, request.BaselineSubject) : null;
        if (baselineInput is { Runs.Count: 0 })
        {
            throw new ArtifactUnreadableException(
                $"The baseline cannot be used. {string.Join(" ", baselineInput.Rejections.Take(3).Select(Named))}"
            );
        }

        var candidate = input.Runs[^1];
        var baseline =
            baselineInput?.Runs[^1] ?? (request.Subject is null && input.Runs.Count > 1 ? input.Runs[^2] : null);
        var comparison = baseline is null
            ? null
            : new RunComparer(options, reader, cancellation).Compare(
                baseline,
                baselineInput ?? input,
                candidate,
                input
            );
        return Report(request, options, input, baselineInput, comparison, candidate);
    }

    private static Analysis Report(
        AnalysisRequest request,
        EvaluationOptions options,
        EvaluationInput input,
        EvaluationInput? baselineInput,
        RunComparison? comparison,
        EvaluationRun candidate
    )
    {
        IReadOnlyList<EvaluationRun> runs =
            baselineInput is null || input.Runs.Count > 1 ? input.Runs : [.. baselineInput.Runs, .. input.Runs];
        var history =
            runs.Count > 1 && (input.Runs.Count > 1 || runs.Count > 2) ? CheckpointHistory.Of(runs, options) : [];
        IReadOnlyList<TrainingEvent> training = [.. input.Training, .. baselineInput?.Training ?? []];
        var summary = Summarise(input, baselineInput, comparison, candidate, history, training, options);
        var findings = new EvaluationFindings(request.Files.Count + request.Baseline.Count > 1);
        var detector = new EvaluationDetector(findings, new EvaluationProposals(request.Subject), options);
        if (comparison is not null)
        {
            detector.Detect(comparison, summary);
        }
        else
        {
            findings.Add(
                FindingKinds.InsufficientData,
                Severity.Info,
                FindingRole.Root,
                $"There is no baseline{(options.ChosenBaseline is { } why ? $" ({SafeText.SingleLine(why)})" : "")}: "
                    + $"one evaluation alone says neither better nor worse",
                EvaluationDetector.Start(candidate)
            );
        }

        detector.DetectHistory(history, runs, training);
        detector.DetectRejections(summary.Rejections);
        var numbered = findings.Number();
        summary = summary with { Verdict = EvaluationReport.Verdict(summary, numbered) };
        return new Analysis(
            Artifact(request, input),
            numbered,
            summary,
            EvaluationReport.Document(summary, comparison)
        );
    }

    private static EvaluationSummary Summarise(
        EvaluationInput input,
        EvaluationInput? baselineInput,
        RunComparison? comparison,
        EvaluationRun candidate,
        IReadOnlyList<TaskHistory> history,
        IReadOnlyList<TrainingEvent> training,
        EvaluationOptions options
    )
    {
        var summary = new EvaluationSummary
        {
            Verdict = "",
            Candidate = Checkpoint(candidate),
            BaselineChoice = options.ChosenBaseline,
            History = history,
            Rejections = [.. input.Rejections, .. baselineInput?.Rejections ?? []],
        };
        if (comparison is null)
        {
            return summary;
        }

        var (overall, mean) = VerdictRules.Overall(comparison.Tasks, options);
        return summary with
        {
            Overall = overall,
            Gate = EvaluationProposals.Gate(overall, comparison.OnlyBaseline.Count),
            Baseline = Checkpoint(comparison.Baseline),
            Comparisons = comparison.Tasks,
            Counts = ComparisonCounts.Of(comparison.Tasks, options.Alpha),
            CountsByMetric = new SortedDictionary<string, ComparisonCounts>(
                comparison
                    .Tasks.GroupBy(task => task.Metric)
                    .ToDictionary(group => group.Key, group => ComparisonCounts.Of([.. group], options.Alpha)),
                StringComparer.Ordinal
            ),
            Mean = mean,
            HarnessDifferences = comparison.Harness,
            RenderDifferences = comparison.Renderings,
            Transitions = comparison.Transitions.Cells,
            FailureClusters = comparison.Clusters,
            AttributeClusters = comparison.Attributes,
            Flaky = comparison.Flaky,
            MovedMost = comparison.Movers,
            Generation = comparison.Generation,
            TrainingBetween =
            [
                .. training.Where(happened =>
                    comparison.Baseline.Step < happened.ToStep && happened.FromStep <= candidate.Step
                ),
            ],
            OnlyInBaseline = comparison.OnlyBaseline,
            OnlyInCandidate = comparison.OnlyCandidate,
        };
    }

    private static CheckpointSummary Checkpoint(EvaluationRun run) =>
        new(run.Name, run.Model, run.Step, run.Tasks.Count, run.Samples);

    private static string Named(Rejection rejection) =>
        rejection.Reason.Contains(rejection.File, StringComparison.Ordinal)
            ? rejection.Reason
            : $"'{rejection.File}': {rejection.Reason}";

    private static ArtifactSummary Artifact(AnalysisRequest request, EvaluationInput input)
    {
        var files = input.Files;
        var formats = files.Select(file => file.Format).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var digest =
            files.Count == 1
                ? files[0].Sha256
                : Convert.ToHexStringLower(
                    SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(files.Select(file => file.Sha256))))
                );
        return new ArtifactSummary(
            files.Count == 1 ? request.Files[0].Name : $"{request.Files[0].Name} and {files.Count - 1} more",
            KindName,
            string.Join('+', formats),
            files.Sum(file => file.Bytes),
            files.Sum(file => file.Lines),
            input.Rejected,
            digest
        );
    }
}
