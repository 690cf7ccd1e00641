using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Tests.Findings;
using SelfDev.Core.Training;

namespace SelfDev.Core.Tests.Training;

/// <summary>Runs the training room on text.</summary>
internal static class TrainingRoom
{
    public static Analysis Analyze(string text, params (string Name, string Value)[] options) =>
        Analyze([("run.log", Encoding.UTF8.GetBytes(text))], options);

    public static Analysis Analyze(
        IReadOnlyList<(string Name, byte[] Content)> files,
        params (string Name, string Value)[] options
    ) =>
        new TrainingCapability()
            .Analyze(
                new AnalysisRequest([
                    .. files.Select(file => new ArtifactFile(
                        file.Name,
                        () => new MemoryStream(file.Content, writable: false),
                        file.Content.Length
                    )),
                ])
                {
                    Options = options.ToDictionary(option => option.Name, option => option.Value),
                },
                CancellationToken.None
            )
            .KeepingToTheCatalog();

    public static Analysis AnalyzeFile(string path) =>
        new TrainingCapability()
            .Analyze(
                new AnalysisRequest([
                    new ArtifactFile(Path.GetFileName(path), () => File.OpenRead(path), new FileInfo(path).Length),
                ]),
                CancellationToken.None
            )
            .KeepingToTheCatalog();

    public static FormatMatch? Sniff(string text, string name = "artifact") =>
        new TrainingCapability().Sniff(new ArtifactHead(name, Encoding.UTF8.GetBytes(text), IsWhole: true));

    /// <summary>Megatron lines, one for each loss.</summary>
    public static string Megatron(IEnumerable<double> losses, int firstStep = 1, Func<int, string>? more = null)
    {
        var text = new StringBuilder();
        var step = firstStep;
        foreach (var loss in losses)
        {
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $" iteration {step, 8}/  100000 | consumed samples: {step * 512L, 12} | elapsed time per iteration "
                    + $"(ms): 1000.0 | learning rate: 1.000E-04 | global batch size:   512 | lm loss: "
                    + $"{loss:0.000000E+00} |{more?.Invoke(step)}\n"
            );
            step++;
        }

        return text.ToString();
    }

    /// <summary>A healthy loss: falling, with noise from a fixed seed.</summary>
    public static double[] Healthy(int rows, int seed = 1)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable
                .Range(0, rows)
                .Select(i =>
                    2.5
                    + (6 * Math.Exp(-i / 60.0))
                    + (0.6 * Math.Exp(-i / 2000.0))
                    + (0.03 * ((random.NextDouble() * 2) - 1))
                ),
        ];
    }

    public static Finding Single(this Analysis analysis, string kind) =>
        Assert.Single(analysis.Findings, finding => finding.Kind == kind);
}
