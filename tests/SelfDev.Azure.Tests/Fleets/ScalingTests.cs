using SelfDev.Local.ArmSimulator;
using SelfDev.Workflows.Ports;
using static SelfDev.Azure.Tests.Fleets.SimulatedArm;

namespace SelfDev.Azure.Tests.Fleets;

public sealed class ScalingTests
{
    [Fact]
    public async Task Reads_capacity_size_etag_and_what_really_runs()
    {
        await using var arm = await StartAsync();

        var state = await arm.GetAsync();

        Assert.Equal(arm.Set, state.ResourceId);
        Assert.Equal("Standard_ND96isr_H100_v5", state.Sku);
        Assert.Equal(4, state.Capacity);
        Assert.Equal(4, state.RunningInstances);
        Assert.Equal("1", state.ETag);
        Assert.Equal("Succeeded", state.ProvisioningState);
        Assert.Equal("eastus", state.Location);
        Assert.False(state.IsSpot);
        Assert.Empty(state.Zones);
    }

    [Fact]
    public async Task A_scale_out_runs_its_course_and_shows_every_step()
    {
        await using var arm = await StartAsync();

        var start = await arm.ScaleAsync(6);

        Assert.Equal(OperationStartKind.Accepted, start.Kind);
        Assert.Null(start.Code);
        Assert.Equal(TimeSpan.FromSeconds(1), start.RetryAfter);
        var patch = Assert.Single(arm.Server.Requests, request => request.Method == "PATCH");
        Assert.Equal("\"1\"", patch.IfMatch);
        Assert.Contains("api-version=2024-11-01", patch.Query, StringComparison.Ordinal);

        var early = await arm.PollAsync(start.OperationUri);
        Assert.Equal(OperationPhase.Running, early.Phase);
        Assert.Equal(TimeSpan.FromSeconds(1), early.RetryAfter);
        var underway = await arm.GetAsync();
        Assert.Equal(
            (6, 4, "Updating", "2"),
            (underway.Capacity, underway.RunningInstances, underway.ProvisioningState, underway.ETag)
        );
        Assert.Equal(2, (await arm.ListAsync()).Count(instance => instance.State == "Creating"));

        arm.Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(5, (await arm.GetAsync()).RunningInstances);
        arm.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(OperationPhase.Succeeded, (await arm.PollAsync(start.OperationUri)).Phase);
        var done = await arm.GetAsync();
        Assert.Equal((6, 6, "Succeeded"), (done.Capacity, done.RunningInstances, done.ProvisioningState));
    }

    [Fact]
    public async Task A_scale_in_removes_the_newest_instances()
    {
        await using var arm = await StartAsync();

        var start = await arm.ScaleAsync(2);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);

        Assert.Equal(
            ["trainvm000000", "trainvm000001"],
            (await arm.ListAsync()).Select(instance => instance.ComputerName)
        );
    }

    [Fact]
    public async Task A_set_that_changed_since_it_was_read_is_left_alone()
    {
        await using var arm = await StartAsync();
        var read = await arm.GetAsync();
        arm.Server.ChangeByOthers(arm.Set, capacity: 3);

        var start = await arm.Fleet.StartScaleAsync(arm.Set, 6, read.ETag, Cancellation);

        Assert.Equal(OperationStartKind.Drifted, start.Kind);
        Assert.Contains("capacity 3", start.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task A_change_in_the_last_moment_is_drift_too()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.ChangeUnderway(1);

        Assert.Equal(OperationStartKind.Drifted, (await arm.ScaleAsync(6)).Kind);
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task After_a_429_no_call_goes_out_before_the_time_that_ARM_named()
    {
        await using var arm = await StartAsync();
        var etag = (await arm.GetAsync()).ETag;
        arm.Server.Faults.Throttle(1, TimeSpan.FromSeconds(30), "PATCH");

        var first = await Scale();
        Assert.Equal((OperationStartKind.Throttled, TimeSpan.FromSeconds(30)), (first.Kind, first.RetryAfter));
        arm.Clock.Advance(TimeSpan.FromSeconds(10));
        var tooEarly = await Scale();
        Assert.Equal((OperationStartKind.Throttled, TimeSpan.FromSeconds(20)), (tooEarly.Kind, tooEarly.RetryAfter));
        arm.Clock.Advance(TimeSpan.FromSeconds(19.9));
        Assert.Equal(OperationStartKind.Throttled, (await Scale()).Kind);
        Assert.Equal(1, arm.Count("PATCH"));

        arm.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(OperationStartKind.Accepted, (await Scale()).Kind);
        var patches = arm.Server.Requests.Where(request => request.Method == "PATCH").ToList();
        Assert.Equal([429, 200], patches.Select(request => request.Status));
        Assert.Equal(TimeSpan.FromSeconds(30), patches[1].Time - patches[0].Time);

        Task<OperationStart> Scale() => arm.Fleet.StartScaleAsync(arm.Set, 6, etag, Cancellation);
    }

    [Fact]
    public async Task A_throttled_read_says_when_to_come_back_and_is_not_repeated_inside()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.Throttle(1, TimeSpan.FromMinutes(2), "GET");

        var failure = await Assert.ThrowsAsync<FleetException>(arm.GetAsync);

        Assert.Equal(FleetCodes.TooManyRequests, failure.Code);
        Assert.True(failure.IsTransient);
        Assert.Equal(TimeSpan.FromMinutes(2), failure.RetryAfter);
        Assert.Single(arm.Server.Requests);
    }

    [Fact]
    public async Task Request_limits_of_ARM_itself_are_met_with_the_same_patience()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { RequestLimits = { ["GetVMScaleSet3Min"] = 2 } }
        );
        await arm.GetAsync();
        arm.Clock.Advance(TimeSpan.FromMinutes(1));

        var failure = await Assert.ThrowsAsync<FleetException>(arm.GetAsync);
        Assert.Equal(TimeSpan.FromMinutes(2), failure.RetryAfter);

        arm.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task A_lost_answer_is_found_out_by_reading_and_nothing_is_added_twice()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseResponse(1, "PATCH");

        var start = await arm.ScaleAsync(6);

        Assert.Equal((OperationStartKind.Accepted, FleetCodes.AlreadyDone), (start.Kind, start.Code));
        Assert.Equal(1, arm.Count("PATCH"));
        Assert.Equal(OperationPhase.Running, (await arm.PollAsync(start.OperationUri)).Phase);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
        Assert.Equal(6, (await arm.ListAsync()).Count);
    }

    [Fact]
    public async Task A_call_that_never_arrived_may_be_repeated_with_the_same_etag()
    {
        await using var arm = await StartAsync();
        var etag = (await arm.GetAsync()).ETag;
        arm.Server.Faults.LoseRequest(1, "PATCH");

        var failure = await Assert.ThrowsAsync<FleetException>(() =>
            arm.Fleet.StartScaleAsync(arm.Set, 6, etag, Cancellation)
        );
        Assert.Equal((FleetCodes.ConnectionLost, true), (failure.Code, failure.IsTransient));

        Assert.Equal(
            OperationStartKind.Accepted,
            (await arm.Fleet.StartScaleAsync(arm.Set, 6, etag, Cancellation)).Kind
        );
        Assert.Equal(6, (await arm.ListAsync()).Count);
    }

    [Fact]
    public async Task A_repeated_start_after_a_crash_finds_its_own_work_and_adds_nothing()
    {
        await using var arm = await StartAsync();
        var etag = (await arm.GetAsync()).ETag;
        await arm.Fleet.StartScaleAsync(arm.Set, 6, etag, Cancellation);

        var again = await arm.NewFleet().StartScaleAsync(arm.Set, 6, etag, Cancellation);

        Assert.Equal((OperationStartKind.Accepted, FleetCodes.AlreadyDone), (again.Kind, again.Code));
        Assert.Equal(412, arm.Server.Requests.Last(request => request.Method == "PATCH").Status);
        Assert.Equal(6, (await arm.ListAsync()).Count);
    }

    [Fact]
    public async Task A_server_error_on_a_write_is_not_repeated_blindly()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.ServerError(1, 503, "PATCH");

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.ScaleAsync(6));

        Assert.True(failure.IsTransient);
        Assert.Equal(1, arm.Count("PATCH"));
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
    }

    [Fact]
    public async Task Server_errors_on_reads_are_ridden_out()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseRequest(1, "GET");
        arm.Server.Faults.ServerError(2, 500, "GET");

        Assert.Equal(4, (await arm.GetAsync()).Capacity);
        Assert.Equal([0, 500, 500, 200, 200], arm.Server.Requests.Select(request => request.Status));
    }

    [Fact]
    public async Task A_connection_that_stays_broken_ends_in_a_transient_failure()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.LoseResponse(4, "GET");

        var failure = await Assert.ThrowsAsync<FleetException>(arm.GetAsync);

        Assert.Equal((FleetCodes.ConnectionLost, true), (failure.Code, failure.IsTransient));
        Assert.Equal(4, arm.Server.Requests.Count);
    }

    [Fact]
    public async Task Over_the_quota_ARM_refuses_at_once_and_says_which()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { Quotas = { ["standardNDSH100v5Family"] = 480 } }
        );

        var start = await arm.ScaleAsync(6);

        Assert.Equal((OperationStartKind.Refused, FleetCodes.QuotaExceeded), (start.Kind, start.Code));
        Assert.Contains("Current Limit: 480", start.Message, StringComparison.Ordinal);
        Assert.Equal(1, arm.Count("PATCH"));
        Assert.Equal(4, (await arm.GetAsync()).Capacity);
        Assert.Equal(OperationStartKind.Accepted, (await arm.ScaleAsync(5)).Kind);
    }

    [Theory]
    [InlineData("AllocationFailed")]
    [InlineData("OverconstrainedAllocationRequest")]
    [InlineData("ZonalAllocationFailed")]
    public async Task Partial_success_fails_with_ARMs_code_and_the_real_capacity_shows(string code)
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.FailAllocation(granted: 1, code: code);

        var start = await arm.ScaleAsync(7);
        var end = await arm.FinishAsync(start.OperationUri);

        Assert.Equal((OperationPhase.Failed, code), (end.Phase, end.Code));
        Assert.True(FleetCodes.IsAllocation(end.Code));
        var state = await arm.GetAsync();
        Assert.Equal((7, 5, "Failed"), (state.Capacity, state.RunningInstances, state.ProvisioningState));
    }

    [Fact]
    public async Task The_cause_is_dug_out_of_a_general_failure()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.FailAllocation(code: "OverconstrainedZonalAllocationRequest", wrapped: true);

        var end = await arm.FinishAsync((await arm.ScaleAsync(6)).OperationUri);

        Assert.Equal("OverconstrainedZonalAllocationRequest", end.Code);
        Assert.Contains("too restrictive", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_429_that_names_no_time_means_the_default_pause()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.Throttle(1, retryAfter: null, "PATCH");

        Assert.Equal(TimeSpan.FromSeconds(30), (await arm.ScaleAsync(6)).RetryAfter);
        arm.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(OperationStartKind.Throttled, (await arm.ScaleAsync(6)).Kind);
        arm.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(OperationStartKind.Accepted, (await arm.ScaleAsync(6)).Kind);
        Assert.Equal(2, arm.Count("PATCH"));
    }

    [Fact]
    public async Task A_full_data_centre_gives_what_it_has()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { DataCentreLimit = 6 }] });

        var end = await arm.FinishAsync((await arm.ScaleAsync(9)).OperationUri);

        Assert.Equal("AllocationFailed", end.Code);
        Assert.Equal(6, (await arm.GetAsync()).RunningInstances);
    }

    [Fact]
    public async Task An_operation_that_never_ends_stays_running_until_a_newer_one_preempts_it()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.NeverFinish();

        var stuck = await arm.ScaleAsync(6);
        arm.Clock.Advance(TimeSpan.FromHours(10));
        Assert.Equal(OperationPhase.Running, (await arm.PollAsync(stuck.OperationUri)).Phase);
        Assert.Equal(4, (await arm.GetAsync()).RunningInstances);

        var back = await arm.ScaleAsync(4);
        Assert.Equal("OperationPreempted", (await arm.PollAsync(stuck.OperationUri)).Code);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(back.OperationUri)).Phase);
        Assert.Equal((4, 4), ((await arm.GetAsync()).Capacity, (await arm.ListAsync()).Count));
    }

    [Fact]
    public async Task Throttled_polling_means_still_running_and_names_the_pause()
    {
        await using var arm = await StartAsync();
        var start = await arm.ScaleAsync(5);
        arm.Server.Faults.Throttle(1, TimeSpan.FromSeconds(17), "GET");

        var state = await arm.PollAsync(start.OperationUri);

        Assert.Equal((OperationPhase.Running, TimeSpan.FromSeconds(17)), (state.Phase, state.RetryAfter));
    }

    [Fact]
    public async Task A_restarted_simulator_finishes_what_it_had_begun_under_the_same_address()
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-arm-").FullName;
        try
        {
            var clock = new SelfDev.Testing.FakeClock();
            var options = new ArmSimulatorOptions { DataDirectory = folder };
            string? operationUri;
            string thumbprint;
            await using (var before = await StartAsync(options, clock))
            {
                operationUri = (await before.ScaleAsync(6)).OperationUri;
                thumbprint = before.Server.Thumbprint;
            }

            clock.Advance(TimeSpan.FromSeconds(4));
            await using var after = await StartAsync(options, clock);
            Assert.Equal(thumbprint, after.Server.Thumbprint);
            Assert.Equal(OperationPhase.Running, (await after.PollAsync(operationUri)).Phase);
            Assert.Equal(5, (await after.GetAsync()).RunningInstances);
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(OperationPhase.Succeeded, (await after.PollAsync(operationUri)).Phase);
            Assert.Equal(6, (await after.GetAsync()).RunningInstances);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
