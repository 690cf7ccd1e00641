using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SelfDev.Benchmarks;

/// <summary>A set of figures measured in one process, against a baseline of the same run where a ratio says more than a
/// time.</summary>
public interface IBenchmarkSuite
{
    /// <value>As given on the command line.</value>
    string Name { get; }

    Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation);
}

public sealed class BenchmarkResult(string suite)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public string Suite { get; } = suite;

    public MachineFacts? Machine { get; set; }

    public IList<BenchmarkFigure> Figures { get; } = [];

    public void Add(string name, double value, string unit, string? target = null) =>
        Figures.Add(new BenchmarkFigure(name, value, unit, target));

    public string ToText()
    {
        var text = new StringBuilder(Machine?.ToString()).AppendLine();
        foreach (var figure in Figures)
        {
            var target = figure.Target is null ? "" : $"   (target {figure.Target})";
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{figure.Name, -52} {figure.Value, 14:N2} {figure.Unit}{target}"
            );
        }

        return text.ToString();
    }
}

public sealed record BenchmarkFigure(string Name, double Value, string Unit, string? Target);

public sealed record MachineFacts(int Cores, string Runtime, string Os, double PeakWorkingSetMiB)
{
    public static MachineFacts Read() =>
        new(
            Environment.ProcessorCount,
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0
        );

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Cores} cores, {Runtime}, {Os}, peak working set {PeakWorkingSetMiB:N0} MiB"
        );
}
