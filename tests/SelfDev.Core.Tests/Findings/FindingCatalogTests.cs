using System.Reflection;
using System.Text.Json.Serialization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Serving;
using SelfDev.Core.Tests.Reports;
using SelfDev.Core.Traffic;
using SelfDev.Core.Training;
using SelfDev.Core.Training.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Findings;

public class FindingCatalogTests
{
    private static readonly string Root = SharedData.RepositoryRoot();

    public static TheoryData<string> Kinds => [.. FindingKinds.All.Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_kind_has_one_row_and_every_row_a_kind()
    {
        var rows = FindingCatalog.Chapters.SelectMany(chapter => chapter.Rows).Select(row => row.Kind).ToList();

        Assert.Empty(FindingKinds.All.Except(rows));
        Assert.Empty(rows.Except(FindingKinds.All));
        Assert.Equal(rows.Count, rows.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_row_says_what_it_has_to_in_sentences(string kind)
    {
        var row = FindingCatalog.Require(kind);

        Assert.Matches("^[A-Z][^.|]{3,44}$", row.Title);
        Assert.Matches(@"^[A-Z][^|\n]{30,}\.$", row.Means);
        Assert.Matches(@"^[^|\n]{20,}\.$", row.CheckFirst);
        Assert.True(row.DefaultSeverity is not null || row.SeverityNote is not null);
        Assert.DoesNotMatch(@"[|\n]|\.$", row.SeverityNote ?? "");
    }

    [Fact]
    public void Titles_are_told_apart() =>
        Assert.Equal(FindingCatalog.Rows.Count, FindingCatalog.Rows.Select(row => row.Title).Distinct().Count());

    [Fact]
    public void Rows_allow_only_actions_that_there_are()
    {
        var actions = typeof(ProposedAction)
            .GetCustomAttributes<JsonDerivedTypeAttribute>()
            .Select(action => (string)action.TypeDiscriminator!)
            .ToHashSet();

        Assert.Empty(FindingCatalog.Rows.SelectMany(row => row.Proposals).Except(actions));
        Assert.Empty(actions.Except(FindingCatalog.Rows.SelectMany(row => row.Proposals)));
        Assert.All(FindingCatalog.Rows, row => Assert.Equal(row.Proposals.Distinct(), row.Proposals));
    }

    /// <summary>A row that code cannot report would promise readers what never comes.</summary>
    [Fact]
    public void Every_kind_is_reported_by_code_or_by_a_signature()
    {
        var code = Directory
            .EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) != "Catalog")
            .Select(File.ReadAllText)
            .ToList();
        var signed = SignatureTable.Default.Signatures.Select(signature => signature.Kind).ToHashSet();

        Assert.Empty(
            from field in typeof(FindingKinds).GetFields()
            where field.IsLiteral && !signed.Contains((string)field.GetRawConstantValue()!)
            let name = $"{nameof(FindingKinds)}.{field.Name}"
            where !code.Exists(text => text.Contains(name, StringComparison.Ordinal))
            select name
        );
    }

    [Fact]
    public void Signatures_are_as_bad_as_their_rows_say_and_the_usual_severity_occurs()
    {
        foreach (var signatures in SignatureTable.Default.Signatures.GroupBy(signature => signature.Kind))
        {
            var row = FindingCatalog.Require(signatures.Key);
            Assert.All(
                signatures,
                signature =>
                    Assert.Contains(
                        CatalogChecks.Word(signature.Severity),
                        $"{row.DefaultSeverity} {row.SeverityNote}",
                        StringComparison.OrdinalIgnoreCase
                    )
            );
            Assert.True(
                signatures.Any(signature => signature.Severity == row.DefaultSeverity)
                    || row.Kind == FindingKinds.LossScaleCollapse,
                $"No signature of {row.Kind} is {row.DefaultSeverity}."
            );
            Assert.Empty(signatures.Select(signature => signature.Remedy).OfType<string>().Except(row.Proposals));
        }
    }

    [Fact]
    public void Rendering_faults_have_one_severity_and_mend_the_prompt() =>
        Assert.All(
            FindingCatalog.Rows.Where(row => row.Proposals.Contains(FixPrompt.KindName)),
            row =>
            {
                Assert.NotNull(row.DefaultSeverity);
                Assert.Null(row.SeverityNote);
            }
        );

    [Fact]
    public void The_samples_keep_to_the_catalog()
    {
        Assert.NotEmpty(Analyze(new TrainingCapability(), "samples/training/pretrain-13b").Findings);
        Assert.NotEmpty(Analyze(new ServingCapability(), "samples/serving/chat").Findings);
        Assert.NotEmpty(Analyze(new TrafficCapability(), "samples/traffic/code").Findings);
    }

    [Fact]
    public void A_finding_of_a_kind_without_a_row_is_not_reported()
    {
        var fault = Assert.Throws<InvalidOperationException>(() =>
            new CatalogedCapability(new Reporting("made-up")).Analyze(
                new AnalysisRequest([]),
                TestContext.Current.CancellationToken
            )
        );

        Assert.Contains("'made-up'", fault.Message, StringComparison.Ordinal);
        Assert.Single(
            new CatalogedCapability(new Reporting(FindingKinds.Plateau))
                .Analyze(new AnalysisRequest([]), TestContext.Current.CancellationToken)
                .Findings
        );
    }

    [Fact]
    public void The_page_of_the_documentation_is_the_catalog() =>
        Snapshot.MatchesFile(FindingCatalogPage.Print(), Path.Combine(Root, "docs", "findings.md"));

    private static Analysis Analyze(ICapability room, string path)
    {
        using var artifact = LocalArtifact.Open(Path.Combine(Root, path), ReadLimits.Default);
        return room.Analyze(new AnalysisRequest(artifact.Files), TestContext.Current.CancellationToken)
            .KeepingToTheCatalog();
    }

    private sealed class Reporting(string kind) : ICapability
    {
        public string Kind => "training";

        public IReadOnlyList<string> Formats => [];

        public FormatMatch? Sniff(ArtifactHead head) => null;

        public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
        {
            var at = new Position(1, null, null);
            return new Analysis(
                new ArtifactSummary("run.log", Kind, "none", 0, 0, 0, ""),
                [
                    new Finding
                    {
                        Id = "F1",
                        Kind = kind,
                        Severity = Severity.Warning,
                        Role = FindingRole.Root,
                        Title = "Something",
                        From = at,
                        To = at,
                        Evidence = [],
                    },
                ],
                "",
                new ReportDocument("", "", [])
            );
        }
    }
}
