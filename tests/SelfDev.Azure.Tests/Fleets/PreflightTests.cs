using SelfDev.Local.ArmSimulator;
using SelfDev.Workflows.Ports;
using static SelfDev.Azure.Tests.Fleets.SimulatedArm;

namespace SelfDev.Azure.Tests.Fleets;

public sealed class PreflightTests
{
    private const string Size = "Standard_ND96isr_H100_v5";

    [Fact]
    public async Task Finds_nothing_where_nothing_is_in_the_way()
    {
        await using var arm = await StartAsync();

        Assert.Empty(await arm.Fleet.PreflightAsync(arm.Set, 8, Cancellation));
    }

    [Fact]
    public async Task Names_the_family_quota_and_the_limit_that_would_do()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { Quotas = { ["standardNDSH100v5Family"] = 500 } }
        );

        Assert.Empty(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation));
        var obstacle = Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 6, Cancellation));
        Assert.Equal(
            $"Quota 'standardNDSH100v5Family' in eastus: 384 of 500 vCPUs are in use, 2 more {Size} need 192. Ask for "
                + $"a limit of at least 576.",
            obstacle
        );
    }

    [Fact]
    public async Task Counts_spot_against_its_own_bucket()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions
            {
                ScaleSets = [new() { Spot = true }],
                Quotas = { ["lowPriorityCores"] = 400, ["standardNDSH100v5Family"] = 0 },
            }
        );

        Assert.Contains(
            "lowPriorityCores",
            Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Counts_the_region_as_a_whole()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { Quotas = { ["cores"] = 400 } });

        Assert.Contains(
            "Quota 'cores'",
            Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Does_not_ask_for_quota_when_shrinking()
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { Quotas = { ["cores"] = 1 } });

        Assert.Empty(await arm.Fleet.PreflightAsync(arm.Set, 2, Cancellation));
    }

    [Fact]
    public async Task Sees_a_size_that_the_subscription_may_not_have()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions
            {
                Skus = [new SimulatedSku(Size, "standardNDSH100v5Family", 96, 8, 1900) { Available = false }],
            }
        );

        Assert.Contains(
            "NotAvailableForSubscription",
            Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Tells_how_far_two_sets_could_grow_and_what_they_share()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions
            {
                ScaleSets =
                [
                    new(),
                    new()
                    {
                        Name = "spotvm",
                        Spot = true,
                        Capacity = 1,
                    },
                ],
                Quotas =
                {
                    ["standardNDSH100v5Family"] = 960,
                    ["lowPriorityCores"] = 1000,
                    ["cores"] = 800,
                },
            }
        );

        var regular = await arm.Fleet.GetHeadroomAsync(arm.Server.ScaleSetIds[0], Cancellation);
        var spot = await arm.Fleet.GetHeadroomAsync(arm.Server.ScaleSetIds[1], Cancellation);

        Assert.Equal((96, 3, null), (regular.VCpusPerInstance, regular.Instances, regular.Obstacle));
        Assert.Equal(3, spot.Instances);
        Assert.Equal(
            [
                new FleetQuota("eastus", "cores", 480, 800),
                new FleetQuota("eastus", "standardNDSH100v5Family", 384, 960),
            ],
            regular.Quotas
        );
        Assert.Equal(
            [new FleetQuota("eastus", "cores", 480, 800), new FleetQuota("eastus", "lowPriorityCores", 96, 1000)],
            spot.Quotas
        );
    }

    [Fact]
    public async Task A_restricted_size_has_no_room_at_all()
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions
            {
                Skus = [new SimulatedSku(Size, "standardNDSH100v5Family", 96, 8, 1900) { Available = false }],
            }
        );

        var headroom = await arm.Fleet.GetHeadroomAsync(arm.Set, Cancellation);

        Assert.Equal(0, headroom.Instances);
        Assert.NotNull(headroom.Obstacle);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Refuses_only_an_enabled_autoscale_setting_of_the_same_set(bool enabled)
    {
        var set = new SimulatedScaleSet();
        await using var arm = await StartAsync(
            new ArmSimulatorOptions
            {
                AutoscaleSettings =
                [
                    new SimulatedAutoscaleSetting("selfdev", "night-shift", set.ResourceId.ToUpperInvariant(), enabled),
                    new SimulatedAutoscaleSetting("selfdev", "another", set.ResourceId + "2", true),
                ],
            }
        );

        var obstacles = await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation);

        if (enabled)
        {
            Assert.Contains("'night-shift'", Assert.Single(obstacles), StringComparison.Ordinal);
        }
        else
        {
            Assert.Empty(obstacles);
        }
    }

    [Theory]
    [InlineData("*", "Microsoft.Compute/virtualMachineScaleSets/write")]
    [InlineData("*", "Microsoft.Compute/*/write")]
    [InlineData("*/read", null)]
    public async Task Sees_that_the_identity_may_not_write(string action, string? notAction)
    {
        await using var arm = await StartAsync(
            new ArmSimulatorOptions { Actions = [action], NotActions = notAction is null ? [] : [notAction] }
        );

        var obstacle = Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation));

        Assert.Contains(
            "Microsoft.Compute/virtualMachineScaleSets/write is not granted on trainvm",
            obstacle,
            StringComparison.Ordinal
        );
        var start = await arm.ScaleAsync(5);
        Assert.Equal("AuthorizationFailed", start.Code);
    }

    [Theory]
    [InlineData("Microsoft.Authorization/*", "permissions")]
    [InlineData("Microsoft.Insights/*", "autoscale settings")]
    [InlineData("Microsoft.Compute/locations/usages/read", "quota")]
    [InlineData("Microsoft.Compute/skus/read", "quota")]
    public async Task Says_plainly_what_it_may_not_check(string notAction, string what)
    {
        await using var arm = await StartAsync(new ArmSimulatorOptions { NotActions = [notAction] });

        var obstacle = Assert.Single(await arm.Fleet.PreflightAsync(arm.Set, 5, Cancellation));

        Assert.StartsWith($"The {what} could not be checked", obstacle, StringComparison.Ordinal);
    }
}
