using System.Text.RegularExpressions;
using SelfDev.Testing;

namespace SelfDev.Functions.Tests;

/// <summary>docs/security.md names for each "cannot" the test that proves it: a renamed or deleted test must not stay
/// there.</summary>
public partial class SecurityDocumentTests
{
    [Fact]
    public void Every_test_that_the_document_names_exists()
    {
        var document = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot(), "docs", "security.md"));
        var tests = Directory
            .EnumerateFiles(
                Path.Combine(SharedData.RepositoryRoot(), "tests"),
                "*Tests*.cs",
                SearchOption.AllDirectories
            )
            .Where(file =>
                !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
            )
            .GroupBy(file => Path.GetFileName(file).Split('.')[0], StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                group => string.Concat(group.Select(File.ReadAllText)),
                StringComparer.Ordinal
            );
        var named = TestName().Matches(document);

        Assert.True(named.Count > 20);
        Assert.All(
            named,
            name =>
            {
                Assert.Contains(name.Groups["class"].Value, tests.Keys);
                var method = name.Groups["method"].Value;
                Assert.True(
                    method.Length == 0
                        || tests[name.Groups["class"].Value].Contains($" {method}(", StringComparison.Ordinal),
                    $"There is no test {name.Value}."
                );
            }
        );
    }

    [GeneratedRegex("`(?<class>[A-Z][A-Za-z]+Tests)(\\.(?<method>[A-Za-z0-9_]+))?`", RegexOptions.ExplicitCapture)]
    private static partial Regex TestName();
}
