using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Tests.Training;

public class SignatureTests
{
    public static TheoryData<string> Ids => [.. SignatureTable.Default.Signatures.Select(signature => signature.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_signature_matches_its_example_and_not_its_near_miss(string id)
    {
        var signature = SignatureTable.Default.Signatures.Single(known => known.Id == id);

        Assert.True(signature.Matches(signature.Example), "example");
        Assert.False(signature.Matches(signature.NearMiss), "near miss");
        Assert.Contains(signature.Kind, SelfDev.Core.Findings.FindingKinds.All);
        Assert.NotEmpty(signature.Source);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_example_becomes_a_finding_and_no_near_miss_does(string id)
    {
        var signature = SignatureTable.Default.Signatures.Single(known => known.Id == id);
        const string Head = "Traceback (most recent call last):\n";

        Assert.Contains(
            TrainingRoom.Analyze(Head + signature.Example + "\n").Findings,
            finding => finding.Kind == signature.Kind
        );
        Assert.DoesNotContain(
            TrainingRoom.Analyze(Head + signature.NearMiss + "\n").Findings,
            finding => finding.Metrics.TryGetValue("signature", out var found) && found.ToString() == id
        );
    }

    [Fact]
    public void There_are_at_least_forty() => Assert.True(SignatureTable.Default.Signatures.Count >= 40);
}
