using System.CommandLine;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>analyze</c>: the diagnosis of one artifact, or of several runs side by side, with no storage, no engine
/// and no model.</summary>
internal static class AnalyzeCommand
{
    public static Command Create(CommandIo io)
    {
        var paths = PathArgument.Of(
            "path",
            "Files or folders, or - for standard input. Gzip is read as it is. Several runs are compared with each "
                + "other."
        );
        var kind = new Option<string?>("--kind")
        {
            Description =
                $"What the artifact is, instead of telling it from the content: "
                + $"{string.Join(", ", io.Rooms.Select(room => room.Kind))}.",
            HelpName = "kind",
        };
        var baseline = new Option<string?>("--baseline")
        {
            Description = "File or folder to compare with.",
            HelpName = "path",
        };
        var format = ReportTarget.FormatOption();
        var output = ReportTarget.OutputOption();
        var failOn = new Option<Severity?>("--fail-on")
        {
            Description =
                "Exit with 1 when there is a finding of this severity or worse: info, warning, error, critical. "
                + "Default: never.",
            HelpName = "severity",
            CustomParser = result => EnumWord.Parse<Severity>(result),
        };
        var set = new Option<string[]>("--set")
        {
            Description = "An option of the kind, name=value; may be repeated.",
            HelpName = "name=value",
        };
        var hashOnly = new Option<bool>("--hash-only")
        {
            Description = "Reports of request logs show hashes and lengths in place of text: as --set hash-only=true.",
        };
        var verb = new Verb(
            "analyze",
            "Diagnoses training logs, evaluation results, request logs or traffic traces on the spot.",
            "selfdev analyze train.log",
            "selfdev analyze --format html --out report.html train.log.gz",
            "selfdev analyze run-a.log run-b.log            which loss spikes do two runs share?",
            "selfdev analyze evals/step-5000 --baseline evals/step-4000          is the new checkpoint worse?",
            "selfdev analyze results.json --baseline old.json --set metrics=acc,acc_norm --set margin=0.01",
            "ssh node cat train.log | selfdev analyze -",
            "selfdev analyze --fail-on error --format json trainer_state.json"
        )
        {
            paths,
            kind,
            baseline,
            format,
            output,
            failOn,
            set,
            hashOnly,
        };
        verb.SetAction(
            (parsed, cancellation) =>
                Task.FromResult(
                    Run(
                        io,
                        new Request(
                            parsed.GetRequiredValue(paths),
                            parsed.GetValue(kind),
                            parsed.GetValue(baseline),
                            parsed.GetRequiredValue(format),
                            parsed.GetValue(output),
                            parsed.GetValue(failOn),
                            [
                                .. parsed.GetValue(set) ?? [],
                                .. parsed.GetValue(hashOnly) ? ["hash-only=true"] : Array.Empty<string>(),
                            ]
                        ),
                        cancellation
                    )
                )
        );
        return verb;
    }

    private static int Run(CommandIo io, Request request, CancellationToken cancellation)
    {
        var options = Options(request.Set);
        var target = ReportTarget.Of(request.Format, request.Output, request.Paths.Append(request.Baseline ?? "-"));
        using var progress = new ReadProgress(io);
        using var inputs = AnalyzeInputs.Open(io, request.Paths, request.Kind, progress);
        using var baseline = request.Baseline is null ? null : AnalyzeInputs.OpenBaseline(request.Baseline, progress);
        foreach (var (name, reason) in inputs.Skipped)
        {
            io.Error.WriteLine($"selfdev: left out '{SafeText.SingleLine(name)}': {SafeText.SingleLine(reason)}");
        }

        var analysis = inputs.Room.Analyze(
            new AnalysisRequest(inputs.Files) { Baseline = baseline?.Files ?? [], Options = options },
            cancellation
        );
        progress.Dispose();
        target.Write(analysis, io);
        return request.FailOn is { } threshold && analysis.Findings.Any(finding => finding.Severity >= threshold)
            ? ExitCodes.Findings
            : ExitCodes.Done;
    }

    private static Dictionary<string, string> Options(string[] pairs)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var split = pair.IndexOf('=', StringComparison.Ordinal);
            if (split <= 0)
            {
                throw new BadInputException($"--set takes name=value, not '{pair}'.");
            }

            if (!options.TryAdd(pair[..split], pair[(split + 1)..]))
            {
                throw new BadInputException($"--set names '{pair[..split]}' twice.");
            }
        }

        return options;
    }

    private sealed record Request(
        string[] Paths,
        string? Kind,
        string? Baseline,
        string Format,
        string? Output,
        Severity? FailOn,
        string[] Set
    );
}
