using System.Diagnostics;
using System.Globalization;
using SelfDev.CrashTarget;
using SelfDev.Local.Hosting;

namespace SelfDev.Local.Tests.Reconcile;

/// <summary>
/// A host on its data folder, really killed, over and over, at its start and at work: no start after a kill is refused,
/// and what was done is there. How often is a setting: <c>SELFDEV_KILLS</c> (default 6).
/// </summary>
public sealed class KilledFolderTests : IDisposable
{
    private static readonly int Kills = int.Parse(
        Environment.GetEnvironmentVariable("SELFDEV_KILLS") ?? "6",
        CultureInfo.InvariantCulture
    );

    private readonly DataDirectory _data = new(Directory.CreateTempSubdirectory("selfdev-kill-").FullName);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public async Task No_start_after_a_kill_is_refused_and_nothing_that_was_done_is_gone()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var worked = new List<string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            worked.AddRange(await KillOnceAsync(random, kill));
        }

        await using var host = await FolderHost.StartAsync(_data);
        var size = (await host.Ledger.LatestHeadAsync(Cancellation))?.TreeSize ?? 0;
        Assert.True(size >= 2 * worked.Count, $"{worked.Count} runs were done, the ledger has {size} entries");
        foreach (var id in worked)
        {
            Assert.True(await host.HasAsync(id), $"{id} was done, and its records are gone");
        }
    }

    /// <returns>Runs that it said were done.</returns>
    private async Task<IReadOnlyList<string>> KillOnceAsync(Random random, int kill)
    {
        using var process = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [Path.Combine(AppContext.BaseDirectory, "SelfDev.CrashTarget.dll"), "folder", _data.Root]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        // One in three dies somewhere in its start, the others after some runs.
        var atStart = kill % 3 == 0;
        var lines = random.Next(1, 25);
        using var timer = atStart
            ? new Timer(_ => process.Kill(), null, random.Next(100, 1500), Timeout.Infinite)
            : null;
        var worked = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(Cancellation) is { } line)
        {
            Assert.False(line.StartsWith("refused", StringComparison.Ordinal), $"after kill {kill}: {line}");
            if (line.StartsWith("worked ", StringComparison.Ordinal))
            {
                worked.Add(line["worked ".Length..]);
            }

            if (!atStart && worked.Count == lines)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode != 0 && (await errors).Length == 0, $"after kill {kill}: {await errors}");
        return worked;
    }
}
