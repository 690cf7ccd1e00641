using System.Text.Json.Nodes;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>A log that is dropped again and again under one name while its run goes on.</summary>
public class LiveRunTests
{
    private const string Log = "training/run7/train.log";

    [Fact]
    public async Task What_was_reported_once_is_not_asked_again_when_the_log_grows()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var first = await pipeline.DropAsync(Log, TrainingLogs.LostGpu());
        await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "reject");
        await pipeline.FinishAsync(first);

        var second = await pipeline.DropAsync(Log, TrainingLogs.LostGpu() + "a line more\n");
        var output = await pipeline.FinishAsync(second);

        Assert.Empty(output.Actions);
        var known = (await pipeline.ReportAsync(second))["findings"]!
            .AsArray()
            .Single(finding => (string?)finding!["kind"] == "gpu-xid")!;
        Assert.Equal(first, (string?)known["metrics"]!["reportedIn"]);
    }

    [Fact]
    public async Task The_third_time_on_one_node_the_proposal_is_to_delete_it()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var modes = new List<string?>();
        for (var run = 1; run <= 3; run++)
        {
            var instance = await pipeline.DropAsync($"training/run{run}/train.log", TrainingLogs.LostGpu(second: run));
            await pipeline.FinishAsync(instance);
            modes.Add(Mode(await pipeline.ReportAsync(instance)));
        }

        Assert.Equal(["reimage", "reimage", "delete"], modes);
    }

    [Fact]
    public async Task A_live_run_that_goes_silent_is_a_stall_and_a_log_dropped_once_is_not()
    {
        var clock = new FakeClock();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing(), clock: clock);
        var once = await pipeline.DropAsync("training/archived/train.log", TrainingLogs.Healthy(400));
        Assert.Empty((await pipeline.FinishAsync(once)).Actions);

        var early = await pipeline.DropAsync(Log, TrainingLogs.Healthy(300));
        await pipeline.FinishAsync(early);
        var late = await pipeline.DropAsync(Log, TrainingLogs.Healthy(400));
        await pipeline.ReachPhaseAsync(late, "done");
        Assert.Equal(
            WorkflowStatus.Running,
            (await pipeline.Host.Workflows.GetAsync(late, TestContext.Current.CancellationToken))!.Status
        );
        // More than three times what passed between the two versions while the intake looked for them.
        clock.Advance(TimeSpan.FromDays(2));
        await pipeline.FinishAsync(late);

        var stall = (await pipeline.ReportAsync($"{late}:silence"))["findings"]!
            .AsArray()
            .Single(finding => (string?)finding!["kind"] == "stall")!;
        Assert.Equal("critical", (string?)stall["severity"]);
    }

    [Fact]
    public async Task A_newer_version_ends_the_watch()
    {
        var clock = new FakeClock();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing(), clock: clock);
        await pipeline.FinishAsync(await pipeline.DropAsync(Log, TrainingLogs.Healthy(300)));
        var second = await pipeline.DropAsync(Log, TrainingLogs.Healthy(400));
        await pipeline.ReachPhaseAsync(second, "done");
        await pipeline.DropAsync(Log, TrainingLogs.Healthy(410));

        clock.Advance(TimeSpan.FromDays(2));
        await pipeline.FinishAsync(second);

        Assert.Equal("gone", (await pipeline.FinishAsync($"{second}:silence")).Outcome);
    }

    private static string? Mode(JsonNode report) =>
        report["actions"]!
            .AsArray()
            .Select(action => action!["proposal"]!)
            .Where(proposal => (string?)proposal["action"] == "replace-node")
            .Select(proposal => (string?)proposal["parameters"]!["mode"])
            .Single();
}
