using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

public class PlannedFieldsTests
{
    private static readonly IReadOnlyDictionary<string, string> Before = Asked.Plan.From;

    [Fact]
    public void A_drift_names_each_field_that_changed()
    {
        var now = new Dictionary<string, string> { ["capacity"] = "5" };

        Assert.Equal(
            "Changed since the approval: capacity was 3 and is 5, sku was ND96 and is gone.",
            PlannedFields.DescribeDrift(Asked.Plan, now, "0x2")
        );
    }

    [Theory]
    [InlineData("0x2", "Changed since the approval: the resource was changed (its ETag differs).")]
    [InlineData("0x1", "Changed since the approval: .")]
    public void The_etag_is_named_where_no_field_tells(string etag, string expected) =>
        Assert.Equal(expected, PlannedFields.DescribeDrift(Asked.Plan, Before, etag));

    [Theory]
    [InlineData("capacity", "3", true)]
    [InlineData("capacity", "4", false)]
    [InlineData("size", "3", false)]
    public void Fields_are_equal_by_name_and_value(string name, string value, bool expected) =>
        Assert.Equal(
            expected,
            PlannedFields.Equal(
                new Dictionary<string, string> { ["capacity"] = "3" },
                new Dictionary<string, string> { [name] = value }
            )
        );

    [Fact]
    public void One_field_more_or_less_is_another_plan()
    {
        var more = new Dictionary<string, string>(Before) { ["priority"] = "Spot" };

        Assert.True(PlannedFields.Equal(Before, new Dictionary<string, string>(Before)));
        Assert.False(PlannedFields.Equal(Before, more));
        Assert.False(PlannedFields.Equal(more, Before));
    }

    [Theory]
    [InlineData("Succeeded", OperationPhase.Succeeded)]
    [InlineData("Failed", OperationPhase.Failed)]
    [InlineData("Canceled", OperationPhase.Failed)]
    [InlineData("Updating", OperationPhase.Running)]
    public void A_provisioning_state_is_a_phase(string state, OperationPhase expected)
    {
        var read = FleetOperations.FromProvisioningState(state);

        Assert.Equal((expected, $"The resource's provisioning state is {state}."), (read.Phase, read.Message));
    }

    [Theory]
    [InlineData(OperationStartKind.Accepted, EffectStartKind.Started)]
    [InlineData(OperationStartKind.Drifted, EffectStartKind.Drifted)]
    [InlineData(OperationStartKind.Throttled, EffectStartKind.Throttled)]
    [InlineData(OperationStartKind.Refused, EffectStartKind.Refused)]
    public void An_answer_of_arm_is_the_start_of_an_effect(OperationStartKind answer, EffectStartKind expected)
    {
        var start = FleetOperations.ToEffectStart(
            new OperationStart(answer, "https://arm.example/op", TimeSpan.FromSeconds(7), "Quota", "No more."),
            Before
        );

        Assert.Equal(
            (expected, "Quota: No more.", TimeSpan.FromSeconds(7)),
            (start.Kind, start.Message, start.RetryAfter!.Value)
        );
        Assert.Same(Before, start.Before);
        Assert.Null(FleetOperations.ToEffectStart(new OperationStart(answer, null, null, null, null), Before).Message);
    }
}
