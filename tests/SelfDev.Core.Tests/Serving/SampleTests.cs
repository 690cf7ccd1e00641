using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Serving;

public class SampleTests
{
    [Fact]
    public void The_sample_shows_what_its_documentation_says()
    {
        var analysis = ServingRoom.AnalyzePath(
            Path.Combine(SharedData.RepositoryRoot(), "samples/serving/chat/requests.jsonl")
        );

        var finding = Assert.Single(analysis.Findings);
        Assert.Equal(
            (FindingKinds.VolatileClock, 62, "system"),
            (finding.Kind, finding.From.Line, finding.Metrics["component"].ToString())
        );
        Assert.IsType<FixPrompt>(Assert.Single(finding.Proposals).Action);
        Assert.Equal((99_094, 47_431), (analysis.Summary().PromptTokens, analysis.Summary().Ledger.Divergence));
    }
}
