using SelfDev.Local.ArmSimulator;
using SelfDev.Workflows.Ports;
using static SelfDev.Azure.Tests.Fleets.SimulatedArm;

namespace SelfDev.Azure.Tests.Fleets;

public sealed class InstanceTests
{
    [Fact]
    public async Task Lists_every_page_of_instances_with_what_a_plan_needs_to_know()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { PageSize = 2, ScaleSets = [new() { Capacity = 5, Zones = ["1", "2"] }] }
        );

        var instances = await arm.ListAsync();

        Assert.Equal(["0", "1", "2", "3", "4"], instances.Select(instance => instance.InstanceId));
        Assert.Equal("trainvm000004", instances[4].ComputerName);
        Assert.Equal(["1", "2", "1", "2", "1"], instances.Select(instance => instance.Zone));
        Assert.All(
            instances,
            instance =>
                Assert.Equal(
                    ("Succeeded", "running", false),
                    (instance.State, instance.PowerState, instance.IsProtected)
                )
        );
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

        var failure = await Assert.ThrowsAsync<FleetException>(() =>
            arm.Fleet.StartReimageAsync(arm.Set, "77", Cancellation)
        );

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

        var failure = await Assert.ThrowsAsync<FleetException>(() =>
            arm.Fleet.StartDeleteAsync(arm.Set, instanceId, Cancellation)
        );

        Assert.Equal(FleetCodes.ResourceIdRefused, failure.Code);
        Assert.Empty(arm.Server.Requests);
    }

    [Fact]
    public async Task An_evicted_spot_instance_counts_as_capacity_but_not_as_running()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { Spot = true }] });
        var before = await arm.GetAsync();
        Assert.Equal((true, 4, 0), (before.IsSpot, before.RunningInstances, before.EvictedInstances));

        arm.Server.Evict(arm.Set, "3");

        var after = await arm.GetAsync();
        Assert.Equal((4, 3, 1), (after.Capacity, after.RunningInstances, after.EvictedInstances));
        Assert.Equal("deallocated", (await arm.ListAsync())[3].PowerState);
    }

    [Fact]
    public async Task The_idle_instances_go_and_the_busy_ones_stay()
    {
        await using var arm = await StartAsync();
        var idle = (await arm.ListAsync()).Where(instance => instance.InstanceId is "0" or "2").ToList();

        var start = await arm.Fleet.StartDeleteInstancesAsync(arm.Set, idle, Cancellation);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        var again = await arm.Fleet.StartDeleteInstancesAsync(arm.Set, idle, Cancellation);

        Assert.Equal((OperationStartKind.Accepted, FleetCodes.AlreadyDone), (again.Kind, again.Code));
        Assert.Equal(["1", "3"], (await arm.ListAsync()).Select(instance => instance.InstanceId));
        Assert.Equal(2, (await arm.GetAsync()).Capacity);
        Assert.Equal(1, arm.Count("POST"));
    }

    [Fact]
    public async Task An_instance_id_that_is_another_machine_by_now_is_left_alone()
    {
        await using var arm = await StartAsync();
        var chosen = (await arm.ListAsync())[1] with { VmId = Guid.NewGuid().ToString() };

        var start = await arm.Fleet.StartDeleteInstancesAsync(arm.Set, [chosen], Cancellation);

        Assert.Equal(FleetCodes.AlreadyDone, start.Code);
        Assert.Equal(4, (await arm.ListAsync()).Count);
    }

    [Fact]
    public async Task A_lost_answer_to_the_deletion_of_several_deletes_no_more()
    {
        await using var arm = await StartAsync();
        var idle = (await arm.ListAsync()).Take(2).ToList();
        arm.Server.Faults.LoseResponse(1, "POST");

        var start = await arm.Fleet.StartDeleteInstancesAsync(arm.Set, idle, Cancellation);

        Assert.Equal(FleetCodes.AlreadyDone, start.Code);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        Assert.Equal((2, 2), ((await arm.GetAsync()).Capacity, (await arm.ListAsync()).Count));
    }

    [Fact]
    public async Task Protection_keeps_an_instance_from_scale_in_until_it_is_lifted()
    {
        await using var arm = await StartAsync();
        var listed = await arm.ListAsync();

        var protection = await arm.Fleet.StartProtectAsync(arm.Set, "3", isProtected: true, Cancellation);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(protection.OperationUri)).Phase);
        Assert.True((await arm.ListAsync())[3].IsProtected);
        Assert.Equal(
            FleetCodes.InstanceProtected,
            (await arm.Fleet.StartDeleteInstancesAsync(arm.Set, listed, Cancellation)).Code
        );
        await arm.FinishAsync((await arm.ScaleAsync(1)).OperationUri);
        Assert.Equal("3", Assert.Single(await arm.ListAsync()).InstanceId);

        var lifting = await arm.Fleet.StartProtectAsync(arm.Set, "3", isProtected: false, Cancellation);
        await arm.FinishAsync(lifting.OperationUri);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync((await arm.ScaleAsync(0)).OperationUri)).Phase);
        Assert.Empty(await arm.ListAsync());
    }

    [Fact]
    public async Task Whoever_knows_of_the_protection_may_delete_by_name()
    {
        await using var arm = await StartAsync();
        await arm.FinishAsync(
            (await arm.Fleet.StartProtectAsync(arm.Set, "3", isProtected: true, Cancellation)).OperationUri
        );

        var start = await arm.Fleet.StartDeleteInstancesAsync(arm.Set, [(await arm.ListAsync())[3]], Cancellation);

        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        Assert.DoesNotContain(await arm.ListAsync(), instance => instance.InstanceId == "3");
    }

    [Fact]
    public async Task A_lost_answer_to_a_protection_is_found_out_by_reading()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseResponse(1, "PUT");

        var start = await arm.Fleet.StartProtectAsync(arm.Set, "3", isProtected: true, Cancellation);

        Assert.Equal(FleetCodes.AlreadyDone, start.Code);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
    }

    [Fact]
    public async Task An_eviction_that_deletes_lowers_the_capacity_and_changes_the_etag()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { ScaleSets = [new() { Spot = true, EvictionPolicy = "Delete" }] }
        );
        var before = await arm.GetAsync();

        arm.Server.Evict(arm.Set, "3");

        var start = await arm.Fleet.StartScaleAsync(arm.Set, 5, before.ETag, Cancellation);
        Assert.Equal(OperationStartKind.Drifted, start.Kind);
        Assert.Equal(3, (await arm.GetAsync()).RunningInstances);
    }
}
