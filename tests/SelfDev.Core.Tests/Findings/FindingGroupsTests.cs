using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Tests.Findings;

public class FindingGroupsTests
{
    [Fact]
    public void Findings_stand_under_the_root_of_their_chain_and_the_worst_group_comes_first()
    {
        var groups = FindingGroups.Of([
            New("F1", 1, null, Severity.Warning),
            New("F2", 5, null, Severity.Error),
            New("F3", 9, "F4", Severity.Critical),
            New("F4", 7, "F2", Severity.Error),
            New("F5", 2, "F1", Severity.Info),
            New("F6", 3, "F99", Severity.Warning),
        ]);

        Assert.Equal(["F2 F4 F3", "F1 F5", "F6"], Text(groups));
    }

    [Fact]
    public void Findings_that_cause_each_other_still_have_one_root()
    {
        var groups = FindingGroups.Of([New("F1", 1, "F2"), New("F2", 2, "F3"), New("F3", 3, "F2"), New("F4", 4, "F4")]);

        Assert.Equal(["F2 F1 F3", "F4"], Text(groups));
    }

    [Fact]
    public void Whatever_the_causes_every_finding_is_in_exactly_one_group()
    {
        var causes = ArbMap.Default.ArbFor<byte[]>();
        Prop.ForAll(
                causes,
                bytes =>
                {
                    Finding[] findings =
                    [
                        .. bytes.Select(
                            (cause, index) =>
                                New($"F{index}", cause, $"F{cause % (bytes.Length + 1)}", (Severity)(cause % 4))
                        ),
                    ];
                    var groups = FindingGroups.Of(findings);
                    return groups
                            .SelectMany(group => group)
                            .Select(finding => finding.Id)
                            .Order()
                            .SequenceEqual(findings.Select(finding => finding.Id).Order())
                        && Text(groups).SequenceEqual(Text(FindingGroups.Of(findings)))
                        && groups
                            .Select(group => group.Max(finding => finding.Severity))
                            .SequenceEqual(
                                groups.Select(group => group.Max(finding => finding.Severity)).OrderDescending()
                            );
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static IEnumerable<string> Text(IReadOnlyList<IReadOnlyList<Finding>> groups) =>
        groups.Select(group => string.Join(' ', group.Select(finding => finding.Id)));

    private static Finding New(string id, long line, string? causedBy, Severity severity = Severity.Warning) =>
        new()
        {
            Id = id,
            Kind = FindingKinds.LossSpike,
            Severity = severity,
            Role = causedBy is null ? FindingRole.Root : FindingRole.Cascade,
            Title = id,
            From = new Position(line, null, null),
            To = new Position(line, null, null),
            Evidence = [new Evidence(line, 0, "x")],
            CausedBy = causedBy,
        };
}
