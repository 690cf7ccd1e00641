using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.CrashTarget;
using SelfDev.Local.Engine;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>A real process, really killed. How often is a setting: <c>SELFDEV_KILLS</c> (default 6).</summary>
public sealed class KillTests
{
    private const int Instances = 40;

    private static readonly int Kills = int.Parse(
        Environment.GetEnvironmentVariable("SELFDEV_KILLS") ?? "6",
        CultureInfo.InvariantCulture
    );

    [Fact]
    public async Task Killed_at_random_moments_every_instance_ends_as_if_nothing_had_happened()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var folder = Path.Combine(Path.GetTempPath(), "selfdev-kill-" + Path.GetRandomFileName());
        var seed = Environment.TickCount;
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var acknowledged = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                await RunAsync(folder, acknowledged, killAfterLines: 1 + random.Next(Instances), cancellation);
            }

            Assert.True(await RunAsync(folder, acknowledged, killAfterLines: int.MaxValue, cancellation));
            await CheckAsync(folder, acknowledged, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs the process; kills it when it has printed so many lines.</summary>
    private static async Task<bool> RunAsync(
        string folder,
        HashSet<string> acknowledged,
        int killAfterLines,
        CancellationToken cancellation
    )
    {
        using var process = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [
                    Path.Combine(AppContext.BaseDirectory, "SelfDev.CrashTarget.dll"),
                    folder,
                    Instances.ToString(CultureInfo.InvariantCulture),
                ]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        var done = false;
        var lines = 0;
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("acknowledged ", StringComparison.Ordinal))
            {
                acknowledged.Add(line["acknowledged ".Length..]);
            }

            done |= line == "all done";
            if (++lines == killAfterLines)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync(cancellation);
        Assert.True(lines >= killAfterLines || process.ExitCode == 0, await errors);
        return done;
    }

    private static async Task CheckAsync(string folder, HashSet<string> acknowledged, CancellationToken cancellation)
    {
        var effects = Path.Combine(folder, "effects");
        await using var services = new ServiceCollection().BuildServiceProvider();
        using var engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = Path.Combine(folder, "store") },
            CrashWorkload.Catalog(effects),
            services,
            NullLoggerFactory.Instance
        );
        await engine.StartAsync(cancellation);
        Assert.Equal(Instances, acknowledged.Count);
        foreach (var index in Enumerable.Range(0, Instances))
        {
            var instance = await engine.GetAsync(CrashWorkload.Id(index), cancellation);
            Assert.Equal(WorkflowStatus.Completed, instance!.Status);
            Assert.Equal(CrashWorkload.Expected(index), Payload.Deserialize<int>(instance.Output));
        }

        await engine.StopAsync(cancellation);

        // One effect a step; a step runs again only if the kill came before its result was recorded.
        var files = Directory.GetFiles(effects);
        Assert.Equal(Instances * CrashWorkload.StepsAnInstance, files.Length);
        Assert.All(files, file => Assert.InRange(File.ReadAllLines(file).Length, 1, 1 + Kills));
    }
}
