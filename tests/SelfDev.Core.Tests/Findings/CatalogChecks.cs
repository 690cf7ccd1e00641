using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;

namespace SelfDev.Core.Tests.Findings;

/// <summary>What every finding of every test's analysis is held to.</summary>
internal static class CatalogChecks
{
    /// <returns>The same analysis; its findings are as bad as their rows say, and propose what their rows
    /// allow.</returns>
    public static Analysis KeepingToTheCatalog(this Analysis analysis)
    {
        foreach (var finding in analysis.Findings)
        {
            var row = FindingCatalog.Require(finding.Kind);
            Assert.True(
                finding.Severity == row.DefaultSeverity
                    || row.SeverityNote?.Contains(Word(finding.Severity), StringComparison.Ordinal) == true,
                $"A finding of the kind {row.Kind} is {Word(finding.Severity)}; its row does not say when: "
                    + finding.Title
            );
            foreach (var proposal in finding.Proposals)
            {
                Assert.True(
                    row.Proposals.Contains(proposal.Action.Kind, StringComparer.Ordinal),
                    $"A finding of the kind {row.Kind} proposes {proposal.Action.Kind}; its row does not allow it: "
                        + finding.Title
                );
            }
        }

        return analysis;
    }

    public static string Word(Severity severity) => severity.ToString().ToLowerInvariant();
}
