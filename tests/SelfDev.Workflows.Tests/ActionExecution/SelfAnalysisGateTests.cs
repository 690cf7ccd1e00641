using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Analysts;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>Who may write to intake or evidence may ask for a second person, and never take one away.</summary>
public class SelfAnalysisGateTests
{
    private const string Self = "The checkpoint step-2 explains its own evaluation: a second person has to approve.";
    private const string Descendant =
        "The checkpoint step-3, which was trained on from step-2, explains its evaluation: a second person has to "
        + "approve.";
    private const string Unknown = "The policy file does not say which checkpoint the model explainer is";

    [Fact]
    public async Task Rules_explain_without_a_second_person_before_and_after()
    {
        var report = new ExplainedReport(new RulesAnalyst());
        Assert.Null(await report.SecondPersonAsync());
        await report.ExplainAsync();
        Assert.Null(await report.SecondPersonAsync());
    }

    [Fact]
    public async Task A_model_that_is_called_rules_is_a_model() =>
        Assert.Contains(
            "the model rules",
            await new ExplainedReport(new FakeModel("rules")).SecondPersonAsync(),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task A_model_that_nobody_vouches_for_counts_as_the_checkpoint_itself_before_and_after_it_explains()
    {
        var report = new ExplainedReport(new FakeModel());
        Assert.StartsWith(Unknown, await report.SecondPersonAsync(), StringComparison.Ordinal);
        await report.ExplainAsync();
        Assert.StartsWith(Unknown, await report.SecondPersonAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"schema":"selfdev.checkpoint/1"}""")]
    [InlineData("""{"schema":"selfdev.checkpoint/1","servedAs":["explainer"]}""")]
    [InlineData(
        """{"schema":"selfdev.checkpoint/1","parent":"elsewhere","servedAs":["explainer"],"promotedAt":"2026-01-31T12:00:00Z"}"""
    )]
    public async Task No_manifest_makes_an_unknown_model_harmless(string manifest)
    {
        var report = new ExplainedReport(new FakeModel()).Manifest("harmless", manifest);
        Assert.StartsWith(Unknown, await report.SecondPersonAsync(), StringComparison.Ordinal);
        Assert.StartsWith(
            Unknown,
            await report.Manifest("explainer", manifest).SecondPersonAsync(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_manifest_adds_what_the_policy_does_not_say()
    {
        var report = new ExplainedReport(new FakeModel()).Vouch("explainer", "step-3");
        Assert.Null(await report.SecondPersonAsync());
        report.Manifest("step-3", """{"schema":"selfdev.checkpoint/1","parent":"STEP-2"}""");
        Assert.Equal(Descendant, await report.SecondPersonAsync());

        var served = new ExplainedReport(new FakeModel())
            .Vouch("explainer", "outside")
            .Manifest("step-2", """{"schema":"selfdev.checkpoint/1","servedAs":["Explainer"]}""");
        Assert.Equal(Self, await served.SecondPersonAsync());
    }

    [Fact]
    public async Task What_the_policy_says_of_descent_needs_no_manifest_and_none_takes_it_back()
    {
        var report = new ExplainedReport(new FakeModel())
            .Vouch("explainer", "step-3", "Step-2", "step-1")
            .Manifest("step-3", """{"schema":"selfdev.checkpoint/1","parent":"elsewhere"}""");
        Assert.Equal(Descendant, await report.SecondPersonAsync());
        Assert.Equal(Self, await new ExplainedReport(new FakeModel()).Vouch("explainer", "step-2").SecondPersonAsync());
        Assert.Equal(
            "The checkpoint step-3, which was trained on from step-0, explains its evaluation: a second person has to "
                + "approve.",
            await report
                .Manifest("step-1", """{"schema":"selfdev.checkpoint/1","parent":"step-0"}""")
                .SecondPersonAsync("evals/step-0")
        );
    }

    [Fact]
    public async Task A_model_that_was_asked_before_counts_when_the_host_has_another_by_now()
    {
        var before = new ExplainedReport(new FakeModel("old-model")).Vouch("old-model", "outside");
        await before.ExplainAsync(group: 2);
        foreach (var now in new IAnalyst[] { new RulesAnalyst(), new FakeModel() })
        {
            var report = new ExplainedReport(now).Vouch("explainer", "outside");
            report.Store.Put(
                Containers.Evidence,
                DiagnosisBlobs.Diagnosis(ExplainedReport.Id, 2),
                before.Store.Text(Containers.Evidence, DiagnosisBlobs.Diagnosis(ExplainedReport.Id, 2))
            );
            Assert.Contains("the model old-model", await report.SecondPersonAsync(), StringComparison.Ordinal);
            Assert.Null(await report.Vouch("old-model", "outside").SecondPersonAsync());
        }
    }

    [Fact]
    public async Task The_rules_text_in_place_of_an_unusable_answer_asks_for_nobody_by_itself()
    {
        var broken = new ExplainedReport(
            new FakeModel(
                "broken",
                new AnalystAnswer("", [], 0, null, "it hangs", new AnalystUsage("broken", 0, 0, 0, default))
            )
        );
        await broken.ExplainAsync();
        Assert.NotNull(await broken.SecondPersonAsync());

        var report = new ExplainedReport(new RulesAnalyst());
        report.Store.Put(
            Containers.Evidence,
            DiagnosisBlobs.Diagnosis(ExplainedReport.Id, 1),
            broken.Store.Text(Containers.Evidence, DiagnosisBlobs.Diagnosis(ExplainedReport.Id, 1))
        );
        Assert.Null(await report.SecondPersonAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not json")]
    [InlineData("""{"explainedBy":"model"}""")]
    [InlineData("""{"explainedBy":"rules","analyst":"rules","cause":"x","citations":null,"findingIds":[null]}""")]
    [InlineData("""{"group":1,"findingIds":["F1"],"cause":"x","citations":[],"analyst":"rules"}""")]
    [InlineData("""{"explainedBy":17}""")]
    public async Task Nothing_written_into_evidence_takes_the_hosts_model_away(string forged)
    {
        var report = new ExplainedReport(new FakeModel());
        for (var group = 1; group <= AnalyzeArtifact.MaxGroups; group++)
        {
            report.Store.Put(Containers.Evidence, DiagnosisBlobs.Diagnosis(ExplainedReport.Id, group), forged);
        }

        Assert.Contains("a second person has to approve", await report.SecondPersonAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"group":1,"findingIds":["F1"],"cause":"x","citations":[],"analyst":"rules"}""")]
    [InlineData("not json")]
    public async Task A_stored_explanation_that_does_not_say_who_wrote_it_counts_as_a_models(string stored)
    {
        var report = new ExplainedReport(new RulesAnalyst());
        report.Store.Put(Containers.Evidence, DiagnosisBlobs.Diagnosis(ExplainedReport.Id, 8), stored);
        Assert.NotNull(await report.SecondPersonAsync());
    }

    [Fact]
    public async Task An_evaluation_of_nobody_knows_what_needs_a_second_person_whoever_the_model_is() =>
        Assert.StartsWith(
            "Nobody knows which checkpoint",
            await new ExplainedReport(new FakeModel()).Vouch("explainer", "outside").SecondPersonAsync("evals/unnamed"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(1, 3, 2)]
    [InlineData(2, 3, 2)]
    [InlineData(3, 3, 3)]
    public void The_reason_asks_for_two_and_never_for_fewer_than_the_policy(int quorum, int approvers, int expected)
    {
        var answer = SelfAnalysisGate.Require(Answer(quorum, approvers), "because");
        Assert.Equal((expected, "because"), (answer.Requirement!.Quorum, answer.Requirement.Because));
        Assert.Equal(quorum, SelfAnalysisGate.Require(Answer(quorum, approvers), null).Requirement!.Quorum);
    }

    [Fact]
    public void With_one_approver_it_is_refused() =>
        Assert.StartsWith(
            "because The policy file names 1 approver",
            SelfAnalysisGate.Require(Answer(1, 1), "because").Refusal,
            StringComparison.Ordinal
        );

    private static PolicyAnswer Answer(int quorum, int approvers) =>
        new(
            new ApprovalRequirement(
                [.. Enumerable.Range(0, approvers).Select(person => $"p{person}")],
                quorum,
                TimeSpan.FromHours(1),
                null
            ),
            null
        );
}
