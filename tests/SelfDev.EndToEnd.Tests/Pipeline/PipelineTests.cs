using System.Net;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>The main job through every real part: storage, engine, HTTP, ARM.</summary>
public class PipelineTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dropped_log_becomes_an_approved_executed_recorded_scale_out()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());

        Assert.Equal(
            HttpStatusCode.OK,
            await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "approve")
        );
        var output = await pipeline.FinishAsync(instance);

        Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        var fleet = await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation);
        Assert.Equal((5, 5), (fleet.Capacity, fleet.RunningInstances));
        var report = await pipeline.ReportAsync(instance);
        Assert.Contains(
            report["findings"]!.AsArray(),
            finding => (string?)finding!["kind"] == "gpu-xid" && (string?)finding["role"] == "root"
        );
        Assert.Contains(
            report["findings"]!.AsArray(),
            finding => (string?)finding!["kind"] == "nccl-timeout" && (string?)finding["role"] == "cascade"
        );
        var ledger = await pipeline.VerifyLedgerAsync();
        Assert.True(ledger.IsIntact);
        Assert.True(
            ledger.Entries >= 6,
            $"artifact, findings, diagnosis, proposal, decision and effect are {ledger.Entries} entries"
        );
    }

    [Fact]
    public async Task A_rejected_proposal_changes_nothing()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());

        await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "reject");
        var output = await pipeline.FinishAsync(instance);

        Assert.DoesNotContain(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        Assert.Equal(4, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
        Assert.DoesNotContain(pipeline.Simulator.Requests, request => request.Method == "PATCH");
    }

    [Fact]
    public async Task Nobody_answering_means_no_action()
    {
        var clock = new FakeClock();
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.ScaleOutOnly(expiresAfter: "1h"),
            clock: clock
        );
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        await pipeline.ReachPhaseAsync(instance, "acting");
        var link = await pipeline.NextLinkAsync("scale-fleet");
        clock.Advance(TimeSpan.FromHours(1));

        var output = await pipeline.FinishAsync(instance);

        Assert.Contains(output.Actions, action => action.Outcome == EffectOutcome.NotApproved);
        Assert.Equal(HttpStatusCode.Unauthorized, await pipeline.DecideAsync(link, "approve"));
        Assert.Equal(4, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
    }

    [Fact]
    public async Task A_hundred_clicks_on_one_link_are_one_decision_and_one_effect()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => pipeline.DecideAsync(link, "approve")));
        await pipeline.FinishAsync(instance);

        Assert.Equal(1, answers.Count(answer => answer == HttpStatusCode.OK));
        Assert.Equal(99, answers.Count(answer => answer == HttpStatusCode.Conflict));
        Assert.Single(pipeline.Simulator.Requests, request => request.Method == "PATCH");
    }

    [Fact]
    public async Task A_fleet_that_changed_after_the_approval_is_planned_and_approved_anew()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var first = await pipeline.NextLinkAsync("scale-fleet");
        pipeline.Simulator.ChangeByOthers(pipeline.FleetId, capacity: 7);
        await pipeline.RunningInstancesAsync(7);

        await pipeline.DecideAsync(first, "approve");
        var second = await pipeline.NextLinkAsync("scale-fleet");
        Assert.DoesNotContain(pipeline.Simulator.Requests, request => request.Method == "PATCH");
        Assert.Equal(HttpStatusCode.Conflict, await pipeline.DecideAsync(first, "approve"));
        await pipeline.DecideAsync(second, "approve");
        await pipeline.FinishAsync(instance);

        Assert.Equal(8, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
        var rounds = (await pipeline.ReportAsync(instance))["actions"]!
            .AsArray()
            .Single(action => (string?)action!["proposal"]!["action"] == "scale-fleet")!["rounds"]!.AsArray();
        Assert.Equal(["refused-drift", "applied"], rounds.Select(round => (string?)round!["effect"]!["outcome"]));
    }

    [Fact]
    public async Task The_kill_switch_stops_an_approved_effect()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");
        await pipeline.EngageKillSwitchAsync();

        await pipeline.DecideAsync(link, "approve");
        var output = await pipeline.FinishAsync(instance);

        Assert.Contains(output.Actions, action => action.Outcome == EffectOutcome.RefusedKillSwitch);
        Assert.DoesNotContain(pipeline.Simulator.Requests, request => request.Method == "PATCH");
    }

    [Fact]
    public async Task What_cannot_be_read_is_set_aside_with_its_reason_and_the_rest_goes_on()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var bad = await pipeline.DropAsync("training/run7/broken.log.gz", [0x1f, 0x8b, 0x08, 0x00, 0x01]);
        var good = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());

        var rejected = await pipeline.FinishAsync(bad);

        Assert.Equal("rejected", rejected.Outcome);
        var reason = await pipeline.Store.TryReadJsonAsync<JsonObject>(
            Containers.Rejected,
            "training/run7/broken.log.gz.reason.json",
            Cancellation
        );
        Assert.Contains("cut off", (string?)reason!["reason"], StringComparison.OrdinalIgnoreCase);
        await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "approve");
        Assert.Equal("diagnosed", (await pipeline.FinishAsync(good)).Outcome);
    }

    [Fact]
    public async Task After_a_restart_the_old_link_still_works_once()
    {
        var before = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await before.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await before.NextLinkAsync("scale-fleet");
        await before.StopAsync();

        await using var after = await RunningPipeline.StartAsync(folder: before.Folder, port: link.Port);
        Assert.Equal(HttpStatusCode.OK, await after.DecideAsync(link, "approve"));
        Assert.Equal(HttpStatusCode.Conflict, await after.DecideAsync(link, "approve"));
        await after.FinishAsync(instance);

        Assert.Equal(5, (await after.Fleet.GetAsync(after.FleetId, Cancellation)).Capacity);
        Assert.True((await after.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task An_action_that_the_policy_does_not_cover_is_not_even_asked_for()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());

        var output = await pipeline.FinishAsync(instance);

        Assert.NotEmpty(output.Actions);
        Assert.All(output.Actions, action => Assert.Equal(EffectOutcome.Refused, action.Outcome));
    }
}
