using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Azure.Blobs;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Local.Hosting;
using SelfDev.Testing;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>
/// <c>kill -9</c> at random moments, start-up included, over and over. <c>SELFDEV_KILL_RUNS</c> sets how many runs
/// (default 5, a soak takes 200), <c>SELFDEV_KILL_SEED</c> repeats the moments of a failure as far as two processes
/// can.
/// </summary>
public class KilledHostTests(AzuriteFixture azurite)
{
    /// <summary>A run takes some hundred looks over HTTP, so that a kill after a random number of them may hit any part
    /// of it.</summary>
    private const int MostLooks = 300;

    private const int StartUpLines = 4;

    /// <summary>Each run adds an instance for good, and the simulated subscription's quota ends at 104.</summary>
    private const int MostRunsOnOneFleet = 90;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_run_finishes_and_every_effect_happens_once()
    {
        var runs = Setting("SELFDEV_KILL_RUNS", 5);
        var seed = Setting("SELFDEV_KILL_SEED", Environment.TickCount);
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        for (var left = runs; left > 0; left -= MostRunsOnOneFleet)
        {
            await RunOnNewFleetAsync(Math.Min(left, MostRunsOnOneFleet), random);
        }
    }

    private async Task RunOnNewFleetAsync(int runs, Random random)
    {
        var storage = await azurite.NewAccountAsync();
        var data = new DataDirectory(Directory.CreateTempSubdirectory("selfdev-kill-").FullName);
        data.Create();
        await File.WriteAllTextAsync(data.Policy, Policies.ScaleOutOnly(maxCapacity: 1000), Cancellation);

        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = storage });
        await store.EnsureContainersAsync(Cancellation);
        var instances = new List<string>();
        HostProcess? host = null;
        for (var run = 1; run <= runs; run++)
        {
            var blob = await store.WriteAsync(
                Containers.Intake,
                $"training/run{run}/train.log",
                Encoding.UTF8.GetBytes(TrainingLogs.LostGpu()),
                "text/plain",
                Cancellation
            );
            instances.Add(ArtifactInstanceId.For(blob));
            host = await FinishWithOneKillAsync(host, instances[^1], data, storage, random);
        }

        await host!.KillAsync();
        host.Dispose();
        await using var after = await RunningPipeline.StartAsync(folder: data.Root, storage: storage);
        var entries = await ReadLedgerAsync(after.Host.Services.GetRequiredService<ILedgerStore>());
        foreach (var instance in instances)
        {
            Assert.Single(
                (await after.FinishAsync(instance)).Actions,
                action => action.Outcome == EffectOutcome.Applied
            );
            var ofRun = entries
                .Where(entry => ((string)entry["instanceId"]!).StartsWith(instance, StringComparison.Ordinal))
                .ToList();
            Assert.Single(ofRun, entry => (string?)entry["type"] == LedgerEntryTypes.Decision);
            Assert.Single(
                ofRun,
                entry =>
                    (string?)entry["type"] == LedgerEntryTypes.Effect && (string?)entry["body"]!["outcome"] == "applied"
            );
        }

        Assert.Equal(4 + runs, (await after.Fleet.GetAsync(after.FleetId, Cancellation)).Capacity);
        var ledger = await after.VerifyLedgerAsync();
        Assert.True(ledger.IsIntact, string.Join(" ", ledger.Problems.Select(problem => problem.Message)));
    }

    private static async Task<HostProcess> FinishWithOneKillAsync(
        HostProcess? host,
        string instance,
        DataDirectory data,
        string storage,
        Random random
    )
    {
        int? atStart = random.Next(4) == 0 ? random.Next(StartUpLines) : null;
        var looks = atStart is null ? random.Next(MostLooks) : 0;
        var isKilled = false;
        while (true)
        {
            if (host is not { IsRunning: true })
            {
                host?.Dispose();
                host = await HostProcess.StartAsync(
                    data,
                    storage,
                    isKilled && atStart is not null ? atStart : null,
                    Cancellation
                );
                atStart = null;
                continue;
            }

            if (!isKilled && looks-- == 0)
            {
                await host.KillAsync();
                isKilled = true;
                continue;
            }

            await host.ApproveAllAsync(Cancellation);
            if (await host.StatusOfAsync(instance, Cancellation) == "completed")
            {
                return host;
            }
        }
    }

    private static async Task<List<JsonNode>> ReadLedgerAsync(ILedgerStore ledger)
    {
        var entries = new List<JsonNode>();
        await foreach (var line in ledger.ReadAsync(0, Cancellation))
        {
            entries.Add(JsonNode.Parse(line.Span)!);
        }

        return entries;
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(name),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : fallback;
}
