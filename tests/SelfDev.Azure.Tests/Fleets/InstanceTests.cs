using SelfDev.Local.ArmSimulator;
using SelfDev.Workflows.Ports;
using static SelfDev.Azure.Tests.Fleets.SimulatedArm;

namespace SelfDev.Azure.Tests.Fleets;

public sealed class InstanceTests
{
    [Fact]
    public async Task Lists_every_page_of_instances_with_what_a_plan_needs_to_know()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { PageSize = 2, ScaleSets = [new() { Capacity = 5, Zones = ["1", "2"] }] });

        var instances = await arm.ListAsync();

        Assert.Equal(["0", "1", "2", "3", "4"], instances.Select(instance => instance.InstanceId));
        Assert.Equal("trainvm000004", instances[4].ComputerName);
        Assert.Equal(["1", "2", "1", "2", "1"], instances.Select(instance => instance.Zone));
        Assert.All(instances, instance => Assert.Equal(("Succeeded", "running", false), (instance.State, instance.PowerState, instance.IsProtected)));
        Assert.Equal(5, instances.Select(instance => instance.VmId).Distinct().Count());
        Assert.Equal(3, arm.Count("GET"));
    }

    [Fact]
    public async Task Reimaging_takes_an_instance_down_and_brings_it_back_newer()
    {
        await using var arm = await StartAsync();
        var before = (await arm.ListAsync())[2];
        arm.Clock.Advance(TimeSpan.FromMinutes(1));

        var start = await arm.Fleet.StartReimageAsync(arm.Set, "2", Cancellation);
        Assert.Equal(OperationStartKind.Accepted, start.Kind);
        Assert.Equal("Creating", (await arm.ListAsync())[2].State);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);

        var after = (await arm.ListAsync())[2];
        Assert.Equal((before.VmId, "Succeeded"), (after.VmId, after.State));
        Assert.True(after.ProvisionedAt > before.ProvisionedAt);
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task A_lost_answer_to_a_reimage_does_not_start_another()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseResponse(1, "POST");

        var start = await arm.Fleet.StartReimageAsync(arm.Set, "2", Cancellation);

        Assert.Equal((OperationStartKind.Accepted, FleetCodes.AlreadyDone), (start.Kind, start.Code));
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        Assert.Equal(1, arm.Count("POST"));
    }

    [Fact]
    public async Task Deleting_takes_one_instance_and_one_of_the_capacity_however_often_it_is_asked()
    {
        await using var arm = await StartAsync();

        var start = await arm.Fleet.StartDeleteAsync(arm.Set, "1", Cancellation);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        var again = await arm.Fleet.StartDeleteAsync(arm.Set, "1", Cancellation);

        Assert.Equal(OperationStartKind.Accepted, again.Kind);
        Assert.Null(again.OperationUri);
        Assert.Equal(3, (await arm.GetAsync()).Capacity);
        Assert.Equal(["0", "2", "3"], (await arm.ListAsync()).Select(instance => instance.InstanceId));
    }

    [Fact]
    public async Task A_lost_answer_to_a_deletion_is_followed_until_the_instance_is_gone()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseResponse(1, "DELETE");

        var start = await arm.Fleet.StartDeleteAsync(arm.Set, "1", Cancellation);

        Assert.Equal((OperationStartKind.Accepted, FleetCodes.AlreadyDone), (start.Kind, start.Code));
        Assert.Equal(OperationPhase.Running, (await arm.PollAsync(start.OperationUri)).Phase);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        Assert.Equal((3, 3), ((await arm.GetAsync()).Capacity, (await arm.ListAsync()).Count));
    }

    [Fact]
    public async Task An_unknown_instance_cannot_be_reimaged()
    {
        await using var arm = await StartAsync();

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.Fleet.StartReimageAsync(arm.Set, "77", Cancellation));

        Assert.Equal(("NotFound", false), (failure.Code, failure.IsTransient));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../0")]
    [InlineData("0?force=true")]
    [InlineData("0/reimage")]
    public async Task An_instance_id_from_outside_cannot_reach_beyond_its_set(string instanceId)
    {
        await using var arm = await StartAsync();

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.Fleet.StartDeleteAsync(arm.Set, instanceId, Cancellation));

        Assert.Equal(FleetCodes.ResourceIdRefused, failure.Code);
        Assert.Empty(arm.Server.Requests);
    }

    [Fact]
    public async Task An_evicted_spot_instance_shows_as_deallocated_and_no_longer_counts_as_protected_capacity()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { Spot = true }] });
        Assert.True((await arm.GetAsync()).IsSpot);

        arm.Server.Evict(arm.Set, "3");

        Assert.Equal("deallocated", (await arm.ListAsync())[3].PowerState);
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task An_eviction_that_deletes_lowers_the_capacity_and_changes_the_etag()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { Spot = true, EvictionPolicy = "Delete" }] });
        var before = await arm.GetAsync();

        arm.Server.Evict(arm.Set, "3");

        var start = await arm.Fleet.StartScaleAsync(arm.Set, 5, before.ETag, Cancellation);
        Assert.Equal(OperationStartKind.Drifted, start.Kind);
        Assert.Equal(3, (await arm.GetAsync()).RunningInstances);
    }
}
