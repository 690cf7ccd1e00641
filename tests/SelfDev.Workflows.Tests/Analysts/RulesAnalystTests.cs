using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Analysts;

public class RulesAnalystTests
{
    private static readonly AnalystQuestion LostGpu = new(
        "run",
        "key",
        [
            Questions.Finding(
                "F1",
                FindingKinds.GpuXid,
                40,
                "NVRM: Xid 79",
                null,
                new Proposal(new ScaleFleet(null, 1), "one node lost"),
                new Proposal(
                    new ReplaceNode(NodeName.TryParse("gpu-7")!.Value, NodeReplacement.Reimage),
                    "it has a fault"
                )
            ) with
            {
                Title = "GPU fell off the bus on gpu-7.",
            },
            Questions.Finding(
                "F2",
                FindingKinds.NcclTimeout,
                90,
                "Watchdog caught collective operation timeout",
                "F1"
            ) with
            {
                Title = "7 ranks waited 600 s in ALLREDUCE",
            },
            Questions.Finding("F3", FindingKinds.ProcessExit, 99, "exitcode: -6", "F2") with
            {
                Title = "torchrun ended with code 1",
                Role = FindingRole.Symptom,
            },
        ],
        [new EvidenceWindow(null, 40, ["NVRM: Xid 79"])],
        [ReplaceNode.KindName]
    );

    [Fact]
    public async Task It_reads_as_an_engineer_would_tell_it()
    {
        var answer = await new RulesAnalyst().ExplainAsync(LostGpu, CancellationToken.None);

        Assert.Equal(
            "GPU fell off the bus on gpu-7 (line 40, step 400). The driver reported a GPU fault. The process on that "
                + "GPU is lost, every other rank then waits for it in vain, and time-outs on the others are its echo. "
                + "What follows from it: 7 ranks waited 600 s in ALLREDUCE (line 90, step 900); torchrun ended with "
                + "code 1 (line 99, step 990). Treat these as consequences: mending the first one should end them. "
                + "Check first: the Xid code in the catalogue, then drain the node and run its diagnostics before it "
                + "takes work again. "
                + "Proposed by code: replace-node.",
            answer.Cause
        );
        Assert.Equal("replace-node", answer.RecommendedAction);
        Assert.Equal([40L, 90L, 99L], answer.Citations.Select(citation => citation.Line));
        Assert.Equal(("rules", (string?)null), (answer.Usage.Analyst, answer.Unavailable));
    }

    [Fact]
    public void It_quotes_no_secret()
    {
        var question = Questions.Of("got AKIAIOS", "FODNN7EXAMPLE");

        Assert.Equal("got [redacted:aws-key]", Assert.Single(RulesAnalyst.Explain(question).Citations).Text);
    }

    [Fact]
    public void An_action_that_code_did_not_propose_is_not_recommended() =>
        Assert.Null(
            RulesAnalyst.Explain(LostGpu with { AllowedActions = [RollBackAndSkip.KindName] }).RecommendedAction
        );

    [Fact]
    public void It_has_the_catalogs_words_for_every_kind() =>
        Assert.All(
            FindingKinds.All,
            kind =>
            {
                var row = FindingCatalog.Require(kind);
                var question = LostGpu with { Findings = [LostGpu.Findings[0] with { Kind = kind, Proposals = [] }] };
                Assert.EndsWith(
                    $"(line 40, step 400). {row.Means} Check first: {row.CheckFirst}",
                    RulesAnalyst.Explain(question).Cause,
                    StringComparison.Ordinal
                );
            }
        );

    [Fact]
    public void A_kind_of_another_version_is_explained_without_its_meaning()
    {
        var question = LostGpu with { Findings = [LostGpu.Findings[0] with { Kind = "made-up", Proposals = [] }] };

        Assert.EndsWith(
            "The artifacts show nothing that explains it. Check first: the cited lines and what changed just before them.",
            RulesAnalyst.Explain(question).Cause,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void No_findings_have_no_explanation() =>
        Assert.NotNull(RulesAnalyst.Explain(LostGpu with { Findings = [] }).Unavailable);
}
