using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Diagnosis;

namespace SelfDev.Workflows.Tests.Diagnosis;

public class CapabilitiesTests
{
    [Fact]
    public void No_room_reports_a_kind_that_the_catalog_does_not_have()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Analyze(new OneFinding("made-up")));

        Assert.Contains("'made-up'", fault.Message, StringComparison.Ordinal);
        Assert.Equal(FindingKinds.GpuXid, Assert.Single(Analyze(new OneFinding()).Findings).Kind);
    }

    private static Analysis Analyze(ICapability room) =>
        new Capabilities([room])
            .Find(room.Kind)
            .Analyze(
                new AnalysisRequest([
                    new ArtifactFile("run.log", () => new MemoryStream(Encoding.UTF8.GetBytes("one")), 3),
                ]),
                TestContext.Current.CancellationToken
            );
}
