using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class PolicyAnalystTests
{
    private const string Sample = """
        {
          "schema": "selfdev.policy/1",
          "rules": [ { "action": "*", "approvers": ["ana@example.com"], "expiresAfter": "4h" } ],
          "analysts": {
            "gpt-4.1-mini": { "checkpoint": "gpt-4.1-mini" },
            "team/assistant": { "checkpoint": "step-3000", "trainedFrom": ["step-2000", "step 1000"] }
          }
        }
        """;

    [Fact]
    public void The_models_that_explain_are_read_and_found_in_any_case()
    {
        var analysts = Read(Sample).Policy!.Analysts;

        Assert.Equal("step-3000", analysts["Team/ASSISTANT"].Checkpoint);
        Assert.Equal(["step-2000", "step 1000"], analysts["team/assistant"].TrainedFrom);
        Assert.Empty(analysts["gpt-4.1-mini"].TrainedFrom);
        Assert.False(analysts.ContainsKey("gpt-4.1-mini-2025-04-14"));
    }

    [Fact]
    public void Without_the_part_nobody_is_known()
    {
        var text = Sample[..Sample.IndexOf("\"analysts\"", StringComparison.Ordinal)].TrimEnd().TrimEnd(',') + "}";
        Assert.Empty(Read(text).Policy!.Analysts);
        Assert.Empty(ApprovalPolicy.DenyAll.Analysts);
    }

    [Theory]
    [InlineData("\"gpt-4.1-mini\": {", "\"gpt 4\": {", "$.analysts.gpt?4: the name of a model has")]
    [InlineData("\"gpt-4.1-mini\": {", "\"TEAM/assistant\": {", "$.analysts.team/assistant: stands there twice")]
    [InlineData(
        "{ \"checkpoint\": \"gpt-4.1-mini\" }",
        "\"gpt-4.1-mini\"",
        "$.analysts.gpt-4.1-mini: expected an object"
    )]
    [InlineData("{ \"checkpoint\": \"gpt-4.1-mini\" }", "{ }", "$.analysts.gpt-4.1-mini: 'checkpoint' is missing")]
    [InlineData("trainedFrom", "trainedOn", "$.analysts.team/assistant.trainedOn: unknown")]
    [InlineData(
        "[\"step-2000\", \"step 1000\"]",
        "[]",
        "$.analysts.team/assistant.trainedFrom: expected a list of at least one"
    )]
    [InlineData("step-2000", "step\\u202e2000", "$.analysts.team/assistant: 'step?2000' is no name of a checkpoint")]
    [InlineData("\"step-3000\"", "\"\"", "$.analysts.team/assistant: '?' is no name of a checkpoint")]
    [InlineData(
        "\"step-3000\"",
        "\"step\\n3000\"",
        "$.analysts.team/assistant: 'step?3000' is no name of a checkpoint"
    )]
    [InlineData("\"step 1000\"", "7", "$.analysts.team/assistant.trainedFrom: expected texts only")]
    public void A_mistake_is_named_with_its_place(string find, string replace, string expected)
    {
        var reading = Read(Sample.Replace(find, replace, StringComparison.Ordinal));
        Assert.Null(reading.Policy);
        Assert.Contains(reading.Errors, error => error.StartsWith(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void A_checkpoint_has_a_name_of_1_to_200_characters(int length, bool expected)
    {
        var name = new string('x', length);
        Assert.Equal(expected, Read(Sample.Replace("step-3000", name, StringComparison.Ordinal)).Errors.Count == 0);
        Assert.Equal(expected, Read(Sample.Replace("step-2000", name, StringComparison.Ordinal)).Errors.Count == 0);
    }

    private static PolicyReading Read(string text) => ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(text));
}
