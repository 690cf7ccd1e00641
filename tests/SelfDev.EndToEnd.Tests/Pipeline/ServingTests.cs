using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>Request logs dropped under <c>serving/&lt;service&gt;/</c>, from the blob to the approved effect.</summary>
public class ServingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clock_in_the_system_prompt_becomes_an_approved_command_to_fix_the_prompt()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Serving("fix-prompt"));
        var instance = await pipeline.DropAsync("serving/chat/requests.jsonl", RequestLogs.ClockInTheSystemPrompt());

        await pipeline.DecideAsync(await pipeline.NextLinkAsync("fix-prompt"), "approve");
        var output = await pipeline.FinishAsync(instance);

        Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        var report = await pipeline.ReportAsync(instance);
        var finding = Assert.Single(
            report["findings"]!.AsArray(),
            finding => (string?)finding!["kind"] == "volatile-clock"
        )!;
        Assert.Equal("system", (string?)finding["metrics"]!["component"]);
        var parameters = (await CommandAsync(pipeline))["parameters"]!;
        Assert.Equal(
            ("volatile-clock", "system", "chat"),
            ((string?)parameters["fault"], (string?)parameters["component"], (string?)parameters["service"])
        );
        Assert.Equal(finding["metrics"]!["spanStart"]!.ToString(), parameters["spanStart"]!.ToString());
        Assert.True(
            long.Parse(parameters["tokens"]!.ToString(), System.Globalization.CultureInfo.InvariantCulture) > 10_000
        );
        Assert.True((await pipeline.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task No_secret_of_the_log_and_no_text_beyond_short_spans_leaves_it()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var instance = await pipeline.DropAsync("serving/chat/requests.jsonl", RequestLogs.ClockInTheSystemPrompt());
        await pipeline.FinishAsync(instance);

        foreach (var form in new[] { "json", "html", "md" })
        {
            var report = await ReadAsync(pipeline, Containers.Reports, DiagnosisBlobs.Report(instance, form));
            Assert.DoesNotContain(RequestLogs.Secret, report, StringComparison.Ordinal);
            Assert.DoesNotContain("cite the ledger. You are a careful assistant", report, StringComparison.Ordinal);
            Assert.DoesNotContain("papers are in order", report, StringComparison.Ordinal);
            Assert.Contains("volatile-clock", report, StringComparison.Ordinal);
        }

        foreach (var name in await NamesAsync(pipeline, Containers.Evidence))
        {
            Assert.DoesNotContain(
                RequestLogs.Secret,
                await ReadAsync(pipeline, Containers.Evidence, name),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task Prefixes_that_another_replica_knows_become_a_command_to_pin_the_routing()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Serving("pin-routing"));
        var instance = await pipeline.DropAsync("serving/chat/requests.jsonl", RequestLogs.TwoReplicas());

        await pipeline.DecideAsync(await pipeline.NextLinkAsync("pin-routing"), "approve");
        var output = await pipeline.FinishAsync(instance);

        Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        var report = await pipeline.ReportAsync(instance);
        var parameters = (await CommandAsync(pipeline))["parameters"]!;
        Assert.Equal(
            ("session", "2", report["summary"]!["ledger"]!["routing"]!.ToString()),
            (parameters["by"]!.ToString(), parameters["backends"]!.ToString(), parameters["tokens"]!.ToString())
        );
        Assert.DoesNotContain(
            report["findings"]!.AsArray().SelectMany(finding => finding!["proposals"]!.AsArray()),
            proposal => (string?)proposal!["action"] == "scale-fleet"
        );
    }

    [Fact]
    public async Task Only_a_cache_that_is_too_small_scales_the_fleet()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Serving("scale-fleet"));
        var instance = await pipeline.DropAsync("serving/chat/requests.jsonl", RequestLogs.TooManyConversations());

        Assert.Equal(
            HttpStatusCode.OK,
            await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "approve")
        );
        await pipeline.FinishAsync(instance);

        var report = await pipeline.ReportAsync(instance);
        var eviction = Assert.Single(
            report["findings"]!.AsArray(),
            finding => (string?)finding!["kind"] == "cache-eviction"
        )!;
        var proposals = eviction["proposals"]!.AsArray();
        Assert.Equal(
            ["raise-cache-capacity", "scale-fleet"],
            proposals.Select(proposal => (string?)proposal!["action"])
        );
        var blocks = (long)proposals[0]!["parameters"]!["blocks"]!;
        Assert.InRange(blocks, 1, 200_000);
        Assert.Equal(eviction["metrics"]!["tokens"]!.ToString(), proposals[0]!["parameters"]!["tokens"]!.ToString());
        var more = (int)proposals[1]!["parameters"]!["restoreNodes"]!;
        Assert.Equal(4 + more, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
    }

    [Fact]
    public async Task A_log_of_hashes_alone_is_diagnosed()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var instance = await pipeline.DropAsync(
            "serving/agents/calls.jsonl",
            await File.ReadAllBytesAsync(SharedData.Require("openhands/calls_metadata.jsonl"), Cancellation)
        );
        await pipeline.FinishAsync(instance);

        var summary = (await pipeline.ReportAsync(instance))["summary"]!;
        Assert.Equal(
            (651, 0.3681, "routing"),
            ((int)summary["requests"]!, Math.Round((double)summary["hitRate"]!, 4), (string?)summary["dominantCause"])
        );
    }

    private static async Task<JsonNode> CommandAsync(RunningPipeline pipeline) =>
        JsonNode.Parse(
            await ReadAsync(
                pipeline,
                Containers.Commands,
                Assert.Single(await NamesAsync(pipeline, Containers.Commands))
            )
        )!;

    private static async Task<List<string>> NamesAsync(RunningPipeline pipeline, string container)
    {
        var names = new List<string>();
        await foreach (var blob in pipeline.Store.ListAsync(container, "", Cancellation))
        {
            names.Add(blob.Blob.Name);
        }

        return names;
    }

    private static async Task<string> ReadAsync(RunningPipeline pipeline, string container, string name)
    {
        await using var stream = await pipeline.Store.OpenReadAsync(new BlobRef(container, name, null), Cancellation);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancellation);
    }
}
