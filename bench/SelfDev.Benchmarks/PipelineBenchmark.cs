using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Benchmarks;

/// <summary>
/// From a blob dropped into storage to its report, on the whole local host: watcher, engine, analysis, ledger,
/// rendering, all against Azurite. Beside it the same bytes read from the same storage with nothing done to them.
/// </summary>
public sealed class PipelineBenchmark : IBenchmarkSuite
{
    private const int TargetBytes = 10_000_000;
    private const int Runs = 7;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    public string Name => "pipeline";

    public async Task<BenchmarkResult> RunAsync(
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-bench-").FullName;
        try
        {
            var data = new DataDirectory(folder);
            await using var host = await LocalHost.StartAsync(
                new LocalHostOptions { Data = data, Port = 0 },
                _ => { },
                cancellation
            );
            var store = host.Services.GetRequiredService<IArtifactStore>();
            var seconds = new List<double>();
            var reading = new List<double>();
            for (var run = 0; run <= Runs; run++)
            {
                var log = MakeLog(run);
                var (report, read) = await MeasureAsync(store, $"training/bench-{run}/train.log", log, cancellation);
                // The first run pays for JIT and connections.
                if (run > 0)
                {
                    seconds.Add(report);
                    reading.Add(read);
                }
            }

            var result = new BenchmarkResult(Name);
            result.Add("blob drop to report, 10 MB log, median", Median(seconds), "s", "2");
            result.Add("blob drop to report, 10 MB log, worst", seconds.Max(), "s");
            result.Add("reading the same blob, median", Median(reading), "s");
            return result;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(double Report, double Read)> MeasureAsync(
        IArtifactStore store,
        string name,
        byte[] log,
        CancellationToken cancellation
    )
    {
        var started = TimeProvider.System.GetTimestamp();
        var blob = await store.WriteAsync(Containers.Intake, name, log, "text/plain", cancellation);
        var report = DiagnosisBlobs.Report(ArtifactInstanceId.For(blob), "md");
        while (await store.GetInfoAsync(Containers.Reports, report, cancellation) is null)
        {
            await Task.Delay(LookInterval, cancellation);
        }

        var taken = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        started = TimeProvider.System.GetTimestamp();
        await using (var content = await store.OpenReadAsync(blob, cancellation))
        {
            await content.CopyToAsync(Stream.Null, cancellation);
        }

        return (taken, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
    }

    // Megatron's training_log line, with a spike late in the run.
    private static byte[] MakeLog(int seed)
    {
        var random = new Random(seed);
        var log = new StringBuilder(TargetBytes + 1024);
        for (var step = 1; log.Length < TargetBytes; step++)
        {
            var loss =
                2.2
                + (8 / Math.Sqrt(step))
                + (0.02 * (random.NextDouble() - 0.5))
                + (step is > 30_000 and < 30_020 ? 4 : 0);
            log.Append(
                CultureInfo.InvariantCulture,
                $" iteration {step, 8}/ 1000000 | consumed samples: {step * 2048L, 12} | elapsed time per iteration "
                    + $"(ms): {5000 + (50 * random.NextDouble()):F1} | learning rate: 6.000E-05 | global batch size:  "
                    + $"2048 | lm loss: {loss:E6} | grad norm: {0.2 + (0.02 * random.NextDouble()):F3} | number of "
                    + $"skipped iterations:   0 | number of nan iterations:   0 |\n"
            );
        }

        return Encoding.ASCII.GetBytes(log.ToString());
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
