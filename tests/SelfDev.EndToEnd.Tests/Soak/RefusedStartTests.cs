using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Ledger;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// A data folder of which a part is gone, as <c>selfdev up</c> meets it: one line, exit code 2, nothing started; and a
/// person's word that goes on.
/// </summary>
public class RefusedStartTests
{
    private readonly DataDirectory _data = new(Directory.CreateTempSubdirectory("selfdev-refused-").FullName);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("engine/engine.db")]
    [InlineData("trust/ledger.db")]
    [InlineData("storage")]
    public async Task A_part_that_is_gone_is_named_and_whoever_accepts_it_is_in_the_ledger(string part)
    {
        await RunOnceAsync();
        Remove(part);

        using (var refused = SoakHost.Start(_data, Cancellation))
        {
            Assert.False(await refused.ListensAsync(Cancellation));
            var (exitCode, errors) = await refused.EndAsync(Cancellation);
            Assert.Equal(2, exitCode);
            Assert.Equal(1, errors.Count(letter => letter == '\n'));
            Assert.StartsWith("selfdev: The data folder", errors, StringComparison.Ordinal);
            Assert.Contains(part, errors, StringComparison.Ordinal);
            Assert.Contains("Restore", errors, StringComparison.Ordinal);
            Assert.Contains("--accept-loss", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }

        using (var accepted = SoakHost.Start(_data, Cancellation, "--accept-loss", "the disk died"))
        {
            Assert.True(await accepted.ListensAsync(Cancellation));
            await accepted.KillEverythingAsync(storageFirst: true);
        }

        await using var after = await RunningPipeline.StartAsync(folder: _data.Root);
        var entries = new List<JsonNode>();
        await foreach (var line in after.Host.Services.GetRequiredService<ILedgerStore>().ReadAsync(0, Cancellation))
        {
            entries.Add(JsonNode.Parse(line.Span)!);
        }

        var loss = Assert.Single(entries, entry => (string?)entry["type"] == LedgerEntryTypes.Loss);
        Assert.Equal("the disk died", (string?)loss["body"]!["why"]);
        Assert.Equal(part == "trust/ledger.db", (long)loss["index"]! == 0);
        Assert.True((await after.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task A_reason_in_no_words_is_refused()
    {
        using var host = SoakHost.Start(_data, Cancellation, "--accept-loss", " ");

        Assert.False(await host.ListensAsync(Cancellation));
        var (exitCode, errors) = await host.EndAsync(Cancellation);
        Assert.Equal(2, exitCode);
        Assert.Contains("needs the reason", errors, StringComparison.Ordinal);
    }

    // A run that is recorded, and a kill: nothing that follows may be mistaken for a crash.
    private async Task RunOnceAsync()
    {
        _data.Create();
        await File.WriteAllTextAsync(_data.Policy, Policies.Nothing(), Cancellation);
        using var host = SoakHost.Start(_data, Cancellation);
        Assert.True(await host.ListensAsync(Cancellation));
        using var client = host.Client(host.Address!.Key);
        using var dropped = await client.PutAsync(
            "api/intake/training/run7/train.log",
            new ByteArrayContent(Encoding.UTF8.GetBytes(TrainingLogs.LostNetwork())),
            Cancellation
        );
        Assert.Equal(HttpStatusCode.Accepted, dropped.StatusCode);
        while (
            !(await client.GetStringAsync("api/instances", Cancellation)).Contains(
                "completed",
                StringComparison.Ordinal
            )
        )
        {
            await Task.Delay(50, Cancellation);
        }

        await host.KillEverythingAsync(storageFirst: true);
    }

    private void Remove(string part)
    {
        var path = Path.Combine(_data.Root, part);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
            return;
        }

        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(path + suffix);
        }
    }
}
