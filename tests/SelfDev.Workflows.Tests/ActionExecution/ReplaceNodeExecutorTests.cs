using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.FleetScaling;

namespace SelfDev.Workflows.Tests.ActionExecution;

public class ReplaceNodeExecutorTests
{
    private const string Prefix =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/";

    [Theory]
    [InlineData("east2", Prefix + "east/virtualMachines/east2", null)]
    [InlineData("west1", Prefix + "west/virtualMachines/west1", null)]
    [InlineData("west9", "", "The fleet 'chat' has no instance named west9.")]
    public async Task The_node_is_looked_for_in_every_scale_set_of_the_fleet(
        string node,
        string resource,
        string? obstacle
    )
    {
        var time = new VirtualTime(new Random(1));
        var fleet = new FaultyFleet(
            time,
            new Random(1),
            [(new PolicyScaleSet(Prefix + "west", 2, 8, 10), 4), (new PolicyScaleSet(Prefix + "east", 0, 8, 10), 2)]
        );
        var executor = new ReplaceNodeExecutor(
            fleet,
            new TrustRoom(time, new FixedPolicySource(ApprovalPolicy.DenyAll)).Intents
        );

        var planned = await executor.PlanAsync(
            new ReplaceNode(NodeName.TryParse(node)!.Value, NodeReplacement.Delete),
            new PlanningFacts("chat", [.. fleet.Sets.Select(set => set.Set.ResourceId)], "training/run7"),
            TestContext.Current.CancellationToken
        );

        Assert.Equal((resource, obstacle), (planned.Resource, planned.Obstacle));
    }

    [Theory]
    [InlineData(NodeReplacement.Reimage, "reimage 1")]
    [InlineData(NodeReplacement.Delete, "delete 1")]
    public async Task A_node_is_replaced_as_planned(NodeReplacement mode, string write)
    {
        using var room = new Room();
        var plan = await room.PlanAsync(mode);
        Assert.Equal("vm b, provisioned 2026-01-01T00:00:00.0000000Z", plan.ETag);
        Assert.Equal(EffectStartKind.Started, (await room.StartAsync(plan)).Kind);
        Assert.Equal([write], room.Fleet.Writes);
    }

    [Theory]
    [InlineData("c", 0, "it is vm c, provisioned 2026-01-01T00:00:00.0000000Z by now")]
    [InlineData("b", 60, "it is vm b, provisioned 2026-01-01T00:01:00.0000000Z by now")]
    public async Task A_node_that_another_plan_has_replaced_meanwhile_is_left_alone(string vm, int seconds, string what)
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Delete);
        room.Fleet.Instances[1] = room.Fleet.Instances[1] with
        {
            VmId = vm,
            ProvisionedAt = Room.Provisioned.AddSeconds(seconds),
        };
        var start = await room.StartAsync(plan);
        Assert.Equal(EffectStartKind.Drifted, start.Kind);
        Assert.Contains(what, start.Message, StringComparison.Ordinal);
        Assert.Empty(room.Fleet.Writes);
        Assert.False(await room.IsMarkedAsync(plan));
    }

    [Fact]
    public async Task An_instance_of_another_name_or_none_is_left_alone_and_no_mark_is_set()
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Delete);
        room.Fleet.Instances[1] = room.Fleet.Instances[1] with { ComputerName = "node7" };
        Assert.Equal("Instance 1 is node7 by now.", (await room.StartAsync(plan)).Message);
        room.Fleet.Instances.RemoveAt(1);
        Assert.Equal(
            (EffectStartKind.Drifted, "The instance is gone."),
            await room.StartAsync(plan) is var start ? (start.Kind, start.Message) : default
        );
        Assert.Empty(room.Fleet.Writes);
        Assert.False(await room.IsMarkedAsync(plan));
    }

    [Theory]
    [InlineData(NodeReplacement.Delete, EffectStartKind.Started)]
    [InlineData(NodeReplacement.Reimage, EffectStartKind.Drifted)]
    public async Task With_our_mark_an_instance_that_is_gone_is_our_deletion(NodeReplacement mode, EffectStartKind kind)
    {
        using var room = new Room();
        var plan = await room.PlanAsync(mode);
        await room.MarkAsync(plan);
        room.Fleet.Instances.RemoveAt(1);
        Assert.Equal(kind, (await room.StartAsync(plan)).Kind);
    }

    [Theory]
    [InlineData("Updating", 0, 0)]
    [InlineData("Succeeded", 120, 0)]
    [InlineData("Succeeded", 0, 1)]
    public async Task With_our_mark_what_is_under_way_or_done_since_is_not_asked_for_again(
        string state,
        int seconds,
        int writes
    )
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Reimage);
        await room.MarkAsync(plan);
        room.Fleet.Instances[1] = room.Fleet.Instances[1] with
        {
            State = state,
            ProvisionedAt = Room.Provisioned.AddSeconds(seconds),
        };
        Assert.Equal(EffectStartKind.Started, (await room.StartAsync(plan)).Kind);
        Assert.Equal(writes, room.Fleet.Writes.Count);
    }

    [Theory]
    [InlineData("Updating")]
    [InlineData("Succeeded")]
    public async Task Without_our_mark_what_others_are_doing_is_not_ours(string state)
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Reimage);
        room.Fleet.Instances[1] = room.Fleet.Instances[1] with { State = state };
        Assert.Equal(EffectStartKind.Started, (await room.StartAsync(plan)).Kind);
        Assert.Equal(["reimage 1"], room.Fleet.Writes);
    }

    [Fact]
    public async Task After_a_pause_that_ARM_asked_for_there_is_no_mark()
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Delete);
        room.Fleet.Refusal = OperationStartKind.Throttled;
        Assert.Equal(EffectStartKind.Throttled, (await room.StartAsync(plan)).Kind);
        Assert.False(await room.IsMarkedAsync(plan));
    }

    [Fact]
    public async Task What_is_observed_is_what_the_instance_shows()
    {
        using var room = new Room();
        var plan = await room.PlanAsync(NodeReplacement.Reimage);
        Assert.Equal("in use", (await room.ObserveAsync(plan))["state"]);
        Assert.False(await room.IsMarkedAsync(plan));
        await room.MarkAsync(plan);
        Assert.Equal("in use", (await room.ObserveAsync(plan))["state"]);
        room.Fleet.Instances[1] = room.Fleet.Instances[1] with { ProvisionedAt = Room.Now };
        Assert.Equal("reimaged", (await room.ObserveAsync(plan))["state"]);
        room.Fleet.Instances.RemoveAt(1);
        Assert.Equal(
            ("node1", "deleted"),
            await room.ObserveAsync(plan) is var gone ? (gone["node"], gone["state"]) : default
        );
    }

    private sealed class Room : IDisposable
    {
        public static readonly DateTimeOffset Provisioned = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        public static readonly DateTimeOffset Now = Provisioned.AddMinutes(1);
        private readonly TrustRoom _trust = new(new FakeClock(Now), new FixedPolicySource(ApprovalPolicy.DenyAll));
        private readonly ReplaceNodeExecutor _executor;

        public Room()
        {
            Fleet.Instances.Clear();
            Fleet.Instances.Add(
                new FleetInstance("0", "node0", "Succeeded") { VmId = "a", ProvisionedAt = Provisioned }
            );
            Fleet.Instances.Add(
                new FleetInstance("1", "node1", "Succeeded") { VmId = "b", ProvisionedAt = Provisioned }
            );
            _executor = new ReplaceNodeExecutor(Fleet, _trust.Intents);
        }

        public ScriptedFleet Fleet { get; } = new();

        private static CancellationToken Cancel => TestContext.Current.CancellationToken;

        public void Dispose() => _trust.Dispose();

        public async Task<EffectPlan> PlanAsync(NodeReplacement mode)
        {
            var planned = await _executor.PlanAsync(
                new ReplaceNode(NodeName.TryParse("NODE1")!.Value, mode),
                new PlanningFacts("chat", [Prefix + "west"], "training/run7"),
                Cancel
            );
            return Approval.Asked.Plan with
            {
                Action = ReplaceNode.KindName,
                Resource = planned.Resource,
                From = planned.From,
                To = planned.To,
                ETag = planned.ETag,
            };
        }

        public Task<EffectStart> StartAsync(EffectPlan plan) => _executor.StartAsync(plan, PlanHash.Of(plan), Cancel);

        public Task<IReadOnlyDictionary<string, string>> ObserveAsync(EffectPlan plan) =>
            _executor.ObserveAsync(plan, PlanHash.Of(plan), Cancel);

        public Task MarkAsync(EffectPlan plan) => _trust.Intents.SetAsync(PlanHash.Of(plan), Cancel);

        public Task<bool> IsMarkedAsync(EffectPlan plan) => _trust.Intents.IsSetAsync(PlanHash.Of(plan), Cancel);
    }
}
