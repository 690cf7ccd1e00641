using System.Text.Json;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;

namespace SelfDev.Core.Tests.Proposals;

public class ProposalTests
{
    [Fact]
    public void The_envelope_shows_action_parameters_and_why()
    {
        var proposal = new Proposal(new RollBackAndSkip(1500, 200) { Run = "run7" }, "Loss rose 4x at step 1,620.");

        var json = JsonSerializer.Serialize(proposal, ReportJson.Options);

        Assert.Equal(
            """{"action":"roll-back-and-skip","parameters":{"checkpointStep":1500,"skipBatches":200,"run":"run7"},"why":"Loss rose 4x at step 1,620."}""",
            json
        );
    }

    [Fact]
    public void Every_kind_survives_a_round_trip()
    {
        ProposedAction[] actions =
        [
            new ScaleFleet(5) { Fleet = "train" },
            new ScaleFleet(null, RestoreNodes: 1),
            new ReplaceNode(NodeName.TryParse("trainvm000002")!.Value, NodeReplacement.Reimage),
            new RollBackAndSkip(10, 20),
        ];

        foreach (var action in actions)
        {
            var proposal = new Proposal(action, "because") { Risk = "none", FindingIds = ["F1"] };
            var back = JsonSerializer.Deserialize<Proposal>(
                JsonSerializer.Serialize(proposal, ReportJson.Options),
                ReportJson.Options
            )!;
            Assert.Equal(proposal.Action, back.Action);
            Assert.Equal(proposal.FindingIds, back.FindingIds);
        }
    }

    [Fact]
    public void An_action_that_is_not_on_the_list_cannot_be_read() =>
        Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize<Proposal>(
                """{"action":"delete-everything","parameters":{},"why":"a log said so"}""",
                ReportJson.Options
            )
        );

    [Theory]
    [InlineData("trainvm000002", true)]
    [InlineData("node-3.cluster.example", true)]
    [InlineData("-rf", false)]
    [InlineData("a;reboot", false)]
    [InlineData("a b", false)]
    [InlineData("../x", false)]
    [InlineData("node\n", false)]
    [InlineData("", false)]
    public void Only_a_host_name_is_a_node(string text, bool isNode) =>
        Assert.Equal(isNode, NodeName.TryParse(text) is not null);

    [Fact]
    public void Equal_actions_become_one_that_names_all_findings()
    {
        var node = new ReplaceNode(NodeName.TryParse("n1")!.Value, NodeReplacement.Delete);

        var (proposals, leftOut) = ProposalMerging.Merge([
            Finding("F1", Severity.Warning, node),
            Finding("F2", Severity.Critical, node, new ScaleFleet(null, RestoreNodes: 1)),
            Finding("F3", Severity.Error, new ScaleFleet(null, RestoreNodes: 2)),
        ]);

        Assert.Equal(0, leftOut);
        Assert.Equal(2, proposals.Count);
        Assert.Equal(["F2", "F1"], proposals.Single(proposal => proposal.Action is ReplaceNode).FindingIds);
        Assert.Equal(2, ((ScaleFleet)proposals.Single(proposal => proposal.Action is ScaleFleet).Action).RestoreNodes);
    }

    [Fact]
    public void A_log_cannot_flood_people_with_approvals()
    {
        var findings = Enumerable
            .Range(1, 100)
            .Select(number => Finding($"F{number}", Severity.Error, new RollBackAndSkip(number, 1)))
            .ToList();

        var (proposals, leftOut) = ProposalMerging.Merge(findings);

        Assert.Equal(ProposalMerging.MaxProposals, proposals.Count);
        Assert.Equal(100 - ProposalMerging.MaxProposals, leftOut);
    }

    private static Finding Finding(string id, Severity severity, params ProposedAction[] actions) =>
        new()
        {
            Id = id,
            Kind = FindingKinds.LossSpike,
            Severity = severity,
            Role = FindingRole.Root,
            Title = "t",
            From = new Position(1, null, null),
            To = new Position(1, null, null),
            Evidence = [new Evidence(1, 0, "x")],
            Proposals = [.. actions.Select(action => new Proposal(action, "why"))],
        };
}
