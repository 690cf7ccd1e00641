using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;

namespace SelfDev.Local.Tests.Commands;

/// <summary>
/// A room of the tests' own, so that the command line is tested apart from any real room's rules: it reads lines
/// <c>step loss</c>, and reports every loss that is not finite or above the option <c>limit</c> (default 10).
/// </summary>
internal sealed class StepLogRoom(string kind = "training", string firstWord = "steplog") : ICapability
{
    public string Kind => kind;

    public IReadOnlyList<string> Formats => [firstWord];

    public FormatMatch? Sniff(ArtifactHead head) =>
        Encoding.UTF8.GetString(head.Bytes.Span).StartsWith(firstWord, StringComparison.Ordinal)
            ? new FormatMatch(kind, firstWord, 0.9)
            : null;

    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var limit = request.Options.TryGetValue("limit", out var given)
            ? double.Parse(given, CultureInfo.InvariantCulture)
            : 10;
        var (findings, points) = (new List<Finding>(), new List<ChartPoint>());
        var (bytes, lines, rejected, sha256) = (0L, 0L, 0L, "");
        foreach (var file in request.Files)
        {
            using var reader = new LineReader(file.Open(), request.Limits);
            while (reader.TryRead(out var line))
            {
                cancellation.ThrowIfCancellationRequested();
                var parts = Encoding.UTF8.GetString(line.Bytes).Split(' ');
                if (
                    parts.Length < 2
                    || !long.TryParse(parts[0], CultureInfo.InvariantCulture, out var step)
                    || !double.TryParse(parts[1], CultureInfo.InvariantCulture, out var loss)
                )
                {
                    rejected++;
                    continue;
                }

                points.Add(new ChartPoint(step, loss));
                if (!(loss <= limit))
                {
                    findings.Add(
                        Finding(
                            findings.Count + 1,
                            step,
                            loss,
                            line.ToEvidence(request.Files.Count > 1 ? file.Name : null)
                        )
                    );
                }
            }

            (bytes, lines, sha256) = (bytes + reader.Bytes, lines + reader.Lines, reader.Sha256);
        }

        return new Analysis(
            new ArtifactSummary(request.Files[0].Name, kind, firstWord, bytes, lines, rejected, sha256),
            findings,
            new
            {
                files = request.Files.Count,
                baseline = request.Baseline.Count,
                last = points.Count > 0 ? points[^1].Y : double.NaN,
            },
            new ReportDocument(
                "Step log",
                $"{findings.Count} steps are out of bounds.",
                [
                    new Chart("Loss", ChartForm.Line, "step", "loss", [new Series("loss", points)])
                    {
                        Marks =
                        [
                            .. findings.Select(finding => new ChartMark(
                                finding.From.Step!.Value,
                                finding.To.Step!.Value,
                                finding.Id
                            )),
                        ],
                    },
                ]
            )
        );
    }

    private static Finding Finding(int number, long step, double loss, Evidence evidence) =>
        new()
        {
            Id = $"F{number}",
            Kind = double.IsFinite(loss) ? FindingKinds.LossSpike : FindingKinds.NonFinite,
            Severity = double.IsFinite(loss) ? Severity.Warning : Severity.Error,
            Role = FindingRole.Root,
            Title = $"Loss is out of bounds at step {step}.",
            From = new Position(evidence.Line, step, null),
            To = new Position(evidence.Line, step, null),
            Evidence = [evidence],
            Metrics = new Dictionary<string, MetricValue> { ["loss"] = loss },
            Proposals = [new Proposal(new RollBackAndSkip(step - 1, 1), "The batch is to be left out.")],
        };
}
