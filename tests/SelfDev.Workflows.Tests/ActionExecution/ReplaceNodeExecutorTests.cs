using SelfDev.Testing;
using SelfDev.Core.Approvals;
using SelfDev.Core.Proposals;
using SelfDev.Workflows.ActionExecution;
using SelfDev.Workflows.Tests.FleetScaling;

namespace SelfDev.Workflows.Tests.ActionExecution;

public class ReplaceNodeExecutorTests
{
    private const string Prefix = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/";

    [Theory]
    [InlineData("east2", Prefix + "east/virtualMachines/east2", null)]
    [InlineData("west1", Prefix + "west/virtualMachines/west1", null)]
    [InlineData("west9", "", "The fleet 'chat' has no instance named west9.")]
    public async Task The_node_is_looked_for_in_every_scale_set_of_the_fleet(string node, string resource, string? obstacle)
    {
        var time = new VirtualTime(new Random(1));
        var fleet = new FaultyFleet(time, new Random(1), [(new PolicyScaleSet(Prefix + "west", 2, 8, 10), 4), (new PolicyScaleSet(Prefix + "east", 0, 8, 10), 2)]);
        var executor = new ReplaceNodeExecutor(fleet, new TrustRoom(time, new FixedPolicySource(ApprovalPolicy.DenyAll)).Intents);

        var planned = await executor.PlanAsync(
            new ReplaceNode(NodeName.TryParse(node)!.Value, NodeReplacement.Delete),
            new PlanningFacts("chat", [.. fleet.Sets.Select(set => set.Set.ResourceId)], "training/run7"),
            TestContext.Current.CancellationToken);

        Assert.Equal((resource, obstacle), (planned.Resource, planned.Obstacle));
    }
}
