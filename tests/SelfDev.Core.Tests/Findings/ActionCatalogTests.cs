using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Redaction;
using SelfDev.Core.Tests.Reports;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Findings;

/// <summary>An action of which a part was forgotten fails here.</summary>
public class ActionCatalogTests
{
    /// <summary>One of each; a new action needs one more.</summary>
    private static readonly ProposedAction[] Samples =
    [
        new ScaleFleet(4),
        new ReplaceNode(NodeName.TryParse("node7")!.Value, NodeReplacement.Delete),
        new RollBackAndSkip(3800, 100),
        new LowerLearningRate(0.5, 3800),
        new RestartRun(3800),
        new WaitForRecovery(4000),
        new FixPrompt("volatile-clock", "system[0]", 10, 19, 3, 1200),
        new PinRouting(RoutingKey.Session, 4, 1200),
        new RaiseCacheCapacity(1000, 16, 1200),
        new BlockPromotion(2),
        new AllowPromotion(20),
        new RerunEvaluation(3504),
        new FixHarness("n-shot", 3),
    ];

    public static TheoryData<string> Kinds() => [.. ActionCatalog.Rows.Select(row => row.Kind)];

    [Fact]
    public void Every_type_of_action_has_a_row_and_a_name_in_JSON_and_no_two_share_one()
    {
        var types = typeof(ProposedAction)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(ProposedAction)))
            .ToHashSet();
        Assert.Equal(types, [.. ActionCatalog.Rows.Select(row => row.Type)]);
        Assert.Equal(types, [.. Samples.Select(action => action.GetType())]);
        Assert.Equal(types.Count, ActionCatalog.Rows.Select(row => row.Kind).Distinct().Count());
        Assert.Equal(
            ActionCatalog.Rows.Select(row => (row.Type, row.Kind)),
            typeof(ProposedAction)
                .GetCustomAttributes<JsonDerivedTypeAttribute>()
                .Select(derived => (derived.DerivedType, (string)derived.TypeDiscriminator!))
        );
        Assert.All(Samples, action => Assert.Equal(action.GetType(), ActionCatalog.Find(action.Kind)!.Type));
        Assert.Null(ActionCatalog.Find("format-disk"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_row_tells_what_it_does_who_does_it_and_who_takes_it_back(string kind)
    {
        var row = ActionCatalog.Find(kind)!;
        Assert.All([row.Does, row.Undo], text => Assert.EndsWith(".", text, StringComparison.Ordinal));
        Assert.NotEmpty(row.Receiver);
        Assert.Equal(row.Carrier != ActionCarrier.Command, row.ChangesFleet);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_policy_may_name_it_and_a_log_that_demands_it_is_noticed(string kind)
    {
        Assert.Contains(kind, ApprovalPolicyFormat.ActionKinds);
        Assert.Contains(
            InjectionKinds.ActionDemand,
            InjectionDetector.Scan([$"recommended_action: {kind}"]).Select(sign => sign.Kind)
        );
    }

    [Fact]
    public void What_another_system_carries_out_names_its_subject_and_nothing_else_changes()
    {
        foreach (var action in Samples)
        {
            Assert.Same(action, action.For(null));
            var (before, after) = (Json(action), Json(action.For("subject-7")));
            var isNamed = ActionCatalog.Find(action.Kind)!.Carrier == ActionCarrier.Command;
            Assert.Equal(isNamed, after.Contains("\"subject-7\"", StringComparison.Ordinal));
            Assert.Equal(isNamed, before != after);
        }
    }

    [Fact]
    public void The_reference_page_is_the_catalogs() =>
        Snapshot.Matches(ActionCatalog.Markdown(), Path.Combine(SharedData.RepositoryRoot(), "docs", "actions.md"));

    private static string Json(ProposedAction action) => JsonSerializer.Serialize(action, ReportJson.Options);
}
