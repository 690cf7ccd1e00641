using System.Text.Json.Nodes;
using SelfDev.Local.ArmSimulator;

namespace SelfDev.Local.Tests.ArmSimulator;

/// <summary>What the simulated data centre does by itself.</summary>
public sealed class FleetLifeTests
{
    [Fact]
    public async Task Computer_names_count_in_base_36()
    {
        await using var arm = await RawArm.StartAsync(
            new ArmSimulatorOptions { ScaleSets = [new() { Capacity = 37, ComputerNamePrefix = "gpu" }] }
        );

        var names = await NamesAsync(arm);

        Assert.Equal("gpu000000", names[0]);
        Assert.Equal("gpu00000A", names[10]);
        Assert.Equal("gpu00000Z", names[35]);
        Assert.Equal("gpu000010", names[36]);
    }

    [Fact]
    public async Task Instance_ids_are_not_used_again()
    {
        await using var arm = await RawArm.StartAsync();
        await ScaleAsync(arm, 3);
        await ScaleAsync(arm, 4);

        Assert.Equal(["trainvm000000", "trainvm000001", "trainvm000002", "trainvm000004"], await NamesAsync(arm));
    }

    [Fact]
    public async Task Zones_are_kept_in_balance_both_ways()
    {
        await using var arm = await RawArm.StartAsync(
            new ArmSimulatorOptions { ScaleSets = [new() { Capacity = 5, Zones = ["1", "2", "3"] }] }
        );
        Assert.Equal(["1", "2", "3", "1", "2"], await ZonesAsync(arm));

        await ScaleAsync(arm, 3);
        Assert.Equal(["1", "2", "3"], await ZonesAsync(arm));
        await ScaleAsync(arm, 4);
        Assert.Equal(["1", "2", "3", "1"], await ZonesAsync(arm));
    }

    [Fact]
    public async Task Scale_in_passes_protected_instances_over()
    {
        await using var arm = await RawArm.StartAsync();
        await ExampleShapeTests.ProtectAsync(arm, "3");
        await ExampleShapeTests.ProtectAsync(arm, "2");

        await ScaleAsync(arm, 2);
        Assert.Equal(["trainvm000002", "trainvm000003"], await NamesAsync(arm));

        Assert.Equal(
            (409, "OperationNotAllowed"),
            await arm.RefusalAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(1))
        );
        Assert.Equal(2, (await NamesAsync(arm)).Count);
    }

    [Fact]
    public async Task Several_instances_go_at_once_or_none_does()
    {
        await using var arm = await RawArm.StartAsync();
        var unknown = new JsonObject { ["instanceIds"] = new JsonArray("1", "99") };
        var known = new JsonObject { ["instanceIds"] = new JsonArray("1", "2") };

        Assert.Equal(
            (400, "InvalidParameter"),
            await arm.RefusalAsync(HttpMethod.Post, $"{arm.Set}/delete?{RawArm.Version}", unknown)
        );
        using var accepted = await arm.SendAsync(HttpMethod.Post, $"{arm.Set}/delete?{RawArm.Version}", known);
        Assert.Equal(202, (int)accepted.StatusCode);
        arm.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["trainvm000000", "trainvm000003"], await NamesAsync(arm));
        Assert.Equal(2, (await arm.GetAsync($"{arm.Set}?{RawArm.Version}"))["sku"]!["capacity"]!.GetValue<int>());
    }

    [Fact]
    public async Task Only_spot_instances_can_be_evicted()
    {
        await using var arm = await RawArm.StartAsync();

        Assert.Equal(
            (409, "OperationNotAllowed"),
            await arm.RefusalAsync(HttpMethod.Post, $"{arm.Set}/virtualMachines/0/simulateEviction?{RawArm.Version}")
        );
    }

    [Fact]
    public async Task Evicted_instances_free_their_quota()
    {
        await using var arm = await RawArm.StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { Spot = true }] });
        Assert.Equal(384, await SpotCoresAsync());

        arm.Server.Evict(arm.Set, "0");
        Assert.Equal(288, await SpotCoresAsync());

        async Task<int> SpotCoresAsync() =>
            (
                await arm.GetAsync(
                    $"{arm.Subscription}/providers/Microsoft.Compute/locations/eastus/usages?{RawArm.Version}"
                )
            )["value"]!
                .AsArray()
                .Single(usage => usage!["name"]!["value"]!.GetValue<string>() == "lowPriorityCores")![
                "currentValue"
            ]!.GetValue<int>();
    }

    [Fact]
    public async Task Slow_provisioning_takes_its_multiple()
    {
        await using var arm = await RawArm.StartAsync();
        arm.Server.Faults.Slow(1, factor: 100);
        using var start = await arm.SendAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(5));
        var operation = Assert.Single(start.Headers.GetValues("Azure-AsyncOperation"));

        arm.Clock.Advance(TimeSpan.FromSeconds(399));
        Assert.Equal("InProgress", (await arm.GetAsync(operation))["status"]!.GetValue<string>());
        arm.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Succeeded", (await arm.GetAsync(operation))["status"]!.GetValue<string>());
    }

    internal static async Task ScaleAsync(RawArm arm, int capacity)
    {
        using var response = await arm.SendAsync(
            HttpMethod.Patch,
            $"{arm.Set}?{RawArm.Version}",
            RawArm.Capacity(capacity)
        );
        Assert.Equal(200, (int)response.StatusCode);
        arm.Clock.Advance(TimeSpan.FromMinutes(1));
    }

    internal static async Task<List<string>> NamesAsync(RawArm arm) =>
        [
            .. (await InstancesAsync(arm)).Select(instance =>
                instance!["properties"]!["osProfile"]!["computerName"]!.GetValue<string>()
            ),
        ];

    private static async Task<List<string>> ZonesAsync(RawArm arm) =>
        [.. (await InstancesAsync(arm)).Select(instance => instance!["zones"]![0]!.GetValue<string>())];

    private static async Task<JsonArray> InstancesAsync(RawArm arm) =>
        (await arm.GetAsync($"{arm.Set}/virtualMachines?{RawArm.Version}"))["value"]!.AsArray();
}
