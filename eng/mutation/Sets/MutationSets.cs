using System.Text.Json;

namespace SelfDev.Mutation.Sets;

/// <summary>What <c>sets.json</c> holds: which files are mutated, and which tests have to notice.</summary>
/// <param name="Sets">By name.</param>
/// <param name="Slow">Tests that no run takes, whatever set asks for them, by project; each with a reason.</param>
internal sealed record MutationSets(IReadOnlyDictionary<string, MutationSet> Sets, IReadOnlyList<SlowTests> Slow)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    public static async Task<MutationSets> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<MutationSets>(file, Json, cancellation)
                ?? throw new MutationException($"{path} holds null.");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException)
        {
            throw new MutationException($"{path}: {wrong.Message}");
        }
    }

    /// <summary>
    /// What was asked for on the command line: names of sets, or globs of files with the tests for them.
    /// </summary>
    /// <param name="targets">Names of sets, or globs.</param>
    /// <param name="tests">Each <c>folder</c> or <c>folder=class,class</c>; added to those of the sets.</param>
    public MutationSet Choose(IReadOnlyList<string> targets, IReadOnlyList<string> tests)
    {
        var named = targets.Where(Sets.ContainsKey).Select(name => Sets[name]).ToList();
        var globs = targets.Where(target => !Sets.ContainsKey(target)).ToList();
        var wrong = globs.FirstOrDefault(glob => !glob.Contains('/', StringComparison.Ordinal));
        if (wrong is not null)
        {
            throw new MutationException(
                $"'{wrong}' is no set and no path; the sets are {string.Join(", ", Sets.Keys)}."
            );
        }

        var suites = named.SelectMany(set => set.Tests).Concat(tests.Select(TestSuite.Parse)).ToList();
        if (suites.Count == 0)
        {
            throw new MutationException(
                "Files without a set need the tests that have to notice: --tests tests/X.Tests[=class,class]."
            );
        }

        var merged = suites
            .GroupBy(suite => (suite.Project, suite.PerMethod, suite.LastResort))
            .Select(group => group.First() with { Classes = Classes(group) });
        return new MutationSet([.. named.SelectMany(set => set.Files).Concat(globs).Distinct()], [.. merged]);
    }

    private static List<string>? Classes(IEnumerable<TestSuite> suites) =>
        suites.Any(suite => suite.Classes is null) ? null : [.. suites.SelectMany(suite => suite.Classes!).Distinct()];
}

/// <param name="Files">Folders or globs relative to the root, e.g. <c>src/SelfDev.Core/Ledger</c>.</param>
internal sealed record MutationSet(IReadOnlyList<string> Files, IReadOnlyList<TestSuite> Tests);

/// <param name="Project">Folder of the test project, relative to the root.</param>
/// <param name="Classes">Full class names, <c>*</c> stands for anything; null for all of the project.</param>
/// <param name="PerMethod">Tests are run by method and not by class: for few tests of seconds each.</param>
/// <param name="LastResort">Its tests are run only for mutants that no other suite reaches.</param>
internal sealed record TestSuite(
    string Project,
    IReadOnlyList<string>? Classes = null,
    bool PerMethod = false,
    bool LastResort = false
)
{
    public static TestSuite Parse(string text) =>
        text.Split('=', 2) is [var project, var classes]
            ? new TestSuite(project, classes.Split(',', StringSplitOptions.RemoveEmptyEntries))
            : new TestSuite(text, null);

    public bool Holds(string className) =>
        Classes is null || Classes.Any(pattern => Wildcard.Matches(pattern, className));
}

/// <param name="Class">Full class name, <c>*</c> stands for anything.</param>
/// <param name="Methods">Names of the slow methods; null for the whole class.</param>
internal sealed record SlowTests(string Project, string Class, string Reason, IReadOnlyList<string>? Methods = null);

internal static class Wildcard
{
    /// <summary>
    /// Whether <paramref name="text"/> is what <paramref name="pattern"/> says, where <c>*</c> stands for anything.
    /// </summary>
    public static bool Matches(string pattern, string text) =>
        System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);
}
