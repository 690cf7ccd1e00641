using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Local.Hosting;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// Host, storage and ARM simulator killed in one go, at random moments, under load, start-up included; and storage
/// killed alone. Afterwards what clients were told, what the ledger says and what ARM and storage have is one and the
/// same. <c>SELFDEV_KILL_RUNS</c> sets how many rounds (default 3, a soak takes 30), <c>SELFDEV_KILL_SEED</c> repeats
/// the moments of a failure as far as several processes can. Every other kill is a power cut as well: see <see
/// cref="PowerCut"/>.
/// </summary>
public class KilledTogetherTests
{
    private const int LongestStartMilliseconds = 4000;
    private const int ShortestLifeMilliseconds = 300;
    private const int LongestLifeMilliseconds = 7000;

    private readonly DataDirectory _data = new(Directory.CreateTempSubdirectory("selfdev-soak-").FullName);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_is_what_is_recorded_is_what_was_done()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("It kills by signals.");
        }

        var (rounds, seed) = (Setting("SELFDEV_KILL_RUNS", 3), Setting("SELFDEV_KILL_SEED", Environment.TickCount));
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await PrepareAsync(Policies.Soak());
        var acknowledged = new Acknowledged();
        var (putAgain, lostBytes, startUps) = (0, 0L, 0);
        for (var round = 1; round <= rounds; round++)
        {
            using var cut = new PowerCut(_data.Storage, _data.Spool);
            using var host = SoakHost.Start(_data, Cancellation);
            var isAtStart = random.Next(4) == 0;
            startUps += isAtStart ? 1 : 0;
            await (isAtStart ? KillAtStartAsync(host, random) : LiveAsync(host, acknowledged, round, random));
            putAgain += host.PutAgain is null ? 0 : 1;
            if (round % 2 == 0)
            {
                lostBytes += cut.Strike();
            }
        }

        await using var after = await RunningPipeline.StartAsync(folder: _data.Root);
        await SettleAsync(after);
        var reckoning = await SoakReckoning.OfAsync(after, acknowledged);
        TestContext.Current.SendDiagnosticMessage(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                {rounds} rounds, {startUps} of them killed while starting.
                Acknowledged: {acknowledged.Drops.Count} drops, {acknowledged.Decisions.Count} decisions, {acknowledged.Switches.Count} switches, {acknowledged.Samples.Count} samples.
                Ledger: {reckoning.Entries} entries, {reckoning.Effects} effects. ARM: {reckoning.ArmChanges} changes.
                Put again in {putAgain} starts; {lostBytes} bytes of index lost to power cuts.
                {reckoning.Contradictions.Count} contradictions.
                """
            )
        );
        Assert.Empty(reckoning.Contradictions);
        Assert.NotEmpty(acknowledged.Drops);
    }

    [Fact]
    public async Task Storage_killed_alone_right_after_drops_that_were_acknowledged_loses_none_of_them()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("It kills by signals.");
        }

        var rounds = Setting("SELFDEV_KILL_RUNS", 2);
        await PrepareAsync(Policies.Nothing());
        var dropped = new Dictionary<string, string>();
        for (var round = 1; round <= rounds; round++)
        {
            using var host = SoakHost.Start(_data, Cancellation);
            Assert.True(await host.ListensAsync(Cancellation));
            using var client = host.Client(host.Address!.Key);
            for (var number = 0; number < 3; number++)
            {
                var (name, text) = (
                    $"training/run{round}-{number}/train.log",
                    TrainingLogs.Healthy(20) + $"{round} {number}\n"
                );
                using var response = await client.PutAsync(
                    $"api/intake/{name}",
                    new ByteArrayContent(Encoding.UTF8.GetBytes(text)),
                    Cancellation
                );
                Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
                dropped.Add(name, text);
            }

            await Task.Delay(400, Cancellation);
            var (exitCode, errors) = await host.KillStorageAsync(Cancellation);
            Assert.Equal(3, exitCode);
            Assert.Contains("Start the host again", errors, StringComparison.Ordinal);
        }

        await using var after = await RunningPipeline.StartAsync(folder: _data.Root);
        foreach (var (name, text) in dropped)
        {
            await using var content = await after.Store.OpenReadAsync(
                new BlobRef(Containers.Intake, name, null),
                Cancellation
            );
            using var reader = new StreamReader(content);
            Assert.Equal(text, await reader.ReadToEndAsync(Cancellation));
        }
    }

    private static async Task KillAtStartAsync(SoakHost host, Random random)
    {
        var listens = host.ListensAsync(Cancellation);
        await Task.WhenAny(Task.Delay(random.Next(LongestStartMilliseconds), Cancellation), listens);
        if (listens.IsCompleted && !await listens)
        {
            await FailAsync(host);
        }

        await host.KillEverythingAsync(storageFirst: random.Next(2) == 0);
    }

    private static async Task LiveAsync(SoakHost host, Acknowledged acknowledged, int round, Random random)
    {
        if (!await host.ListensAsync(Cancellation))
        {
            await FailAsync(host);
        }

        using var life = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var load = new SoakLoad(host, acknowledged, round, new Random(random.Next())).RunAsync(life.Token);
        await Task.Delay(random.Next(ShortestLifeMilliseconds, LongestLifeMilliseconds), Cancellation);
        await host.KillEverythingAsync(storageFirst: random.Next(2) == 0);
        await life.CancelAsync();
        await load;
    }

    private static async Task FailAsync(SoakHost host)
    {
        var (exitCode, errors) = await host.EndAsync(Cancellation);
        Assert.Fail($"The host did not start after a kill (exit code {exitCode}): {errors}");
    }

    // Nobody approves any more: what waits is rejected, and every run of a drop comes to its end.
    private static async Task SettleAsync(RunningPipeline after)
    {
        var address = new DataDirectory(after.Folder).ReadHost()!;
        using var client = new HttpClient { BaseAddress = new Uri(address.Url) };
        client.DefaultRequestHeaders.Add("x-selfdev-key", address.Approvers![0].Key);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var waiting = await client.GetFromJsonAsync<JsonArray>("api/approvals", Cancellation);
            foreach (var approval in waiting!)
            {
                using var response = await client.PostAsJsonAsync(
                    $"api/approvals/{(string?)approval!["id"]}",
                    new { decision = "reject", reason = "settled" },
                    Cancellation
                );
            }

            var open = await after
                .Host.Workflows.QueryAsync(
                    new WorkflowQuery
                    {
                        InstanceIdPrefix = "intake-",
                        Statuses =
                        [
                            WorkflowStatus.Pending,
                            WorkflowStatus.Running,
                            WorkflowStatus.Suspended,
                            WorkflowStatus.Quarantined,
                        ],
                    },
                    Cancellation
                )
                .ToListAsync(Cancellation);
            if (open.Count == 0 && await IsSweptAsync(after))
            {
                return;
            }

            Assert.True(
                watch.Elapsed < TimeSpan.FromMinutes(5),
                $"These runs hang: {string.Join(", ", open.Select(instance => instance.InstanceId))}"
            );
            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task<bool> IsSweptAsync(RunningPipeline after)
    {
        await foreach (var blob in after.Store.ListAsync(Containers.Intake, "", Cancellation))
        {
            if (await after.Host.Workflows.GetAsync(ArtifactInstanceId.For(blob.Blob), Cancellation) is null)
            {
                return false;
            }
        }

        return true;
    }

    private async Task PrepareAsync(string policy)
    {
        _data.Create();
        await File.WriteAllTextAsync(_data.Policy, policy, Cancellation);
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
