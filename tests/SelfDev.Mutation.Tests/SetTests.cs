using SelfDev.Mutation.Building;
using SelfDev.Mutation.Reporting;
using SelfDev.Mutation.Sets;

namespace SelfDev.Mutation.Tests;

public sealed class SetTests
{
    private static readonly MutationSets Sets = new(
        new Dictionary<string, MutationSet>
        {
            ["one"] = new(["src/One"], [new("tests/A", ["*.One"]), new("tests/B")]),
            ["two"] = new(
                ["src/Two", "src/One"],
                [new("tests/A", ["*.Two"]), new("tests/B", ["*.Two"], LastResort: true)]
            ),
        },
        []
    );

    [Fact]
    public void Several_sets_are_one_and_name_no_file_or_class_twice()
    {
        var set = Sets.Choose(["one", "two"], []);

        Assert.Equal(["src/One", "src/Two"], set.Files);
        Assert.Equal(["tests/A", "tests/B", "tests/B"], set.Tests.Select(suite => suite.Project));
        Assert.Equal(["*.One", "*.Two"], set.Tests[0].Classes);
        Assert.Null(set.Tests[1].Classes);
        Assert.True(set.Tests[2].LastResort);
    }

    [Fact]
    public void Files_of_no_set_come_with_their_tests()
    {
        var set = Sets.Choose(["src/Three/**"], ["tests/C=*.Three,D.Tests"]);

        Assert.Equal(["src/Three/**"], set.Files);
        Assert.Equal(["*.Three", "D.Tests"], Assert.Single(set.Tests).Classes);
        Assert.Throws<MutationException>(() => Sets.Choose(["src/Three/**"], []));
    }

    [Fact]
    public void A_misspelt_set_is_no_empty_run() =>
        Assert.Contains(
            "one, two",
            Assert.Throws<MutationException>(() => Sets.Choose(["oen"], ["tests/C"])).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("A.Ledger.MerkleTests", true)]
    [InlineData("A.Serving.LedgerTests", false)]
    public void A_class_is_named_with_wildcards(string className, bool isHeld) =>
        Assert.Equal(isHeld, new TestSuite("tests/A", ["*.Ledger.*"]).Holds(className));

    [Fact]
    public async Task The_sets_of_the_repository_can_be_read_and_their_tests_exist()
    {
        var root = RepositoryRoot();
        var stop = TestContext.Current.CancellationToken;
        var sets = await MutationSets.ReadAsync(Path.Combine(root, "eng/mutation/sets.json"), stop);
        await AcceptedSurvivors.ReadAsync(Path.Combine(root, "eng/mutation/accepted.json"), stop);

        Assert.Superset(new HashSet<string> { "approvals", "ledger", "actions", "web" }, sets.Sets.Keys.ToHashSet());
        Assert.All(
            sets.Sets.Values.SelectMany(set => set.Tests),
            suite => Assert.True(Directory.Exists(Path.Combine(root, suite.Project)), suite.Project)
        );
        Assert.All(sets.Slow, slow => Assert.False(string.IsNullOrWhiteSpace(slow.Reason)));
    }

    [Fact]
    public async Task A_process_that_takes_too_long_is_killed_and_says_so()
    {
        var result = await Run("sleep 600", TimeSpan.FromMilliseconds(300));

        Assert.Null(result.ExitCode);
    }

    [Fact]
    public async Task A_grandchild_that_holds_the_output_open_holds_nobody_up()
    {
        var result = await Run("sleep 600 & echo $!; exit 3", TimeSpan.FromMinutes(1));

        Assert.Equal(3, result.ExitCode);
        var id = int.Parse(Assert.Single(result.Output), System.Globalization.CultureInfo.InvariantCulture);
        using var sleeper = System.Diagnostics.Process.GetProcessById(id);
        sleeper.Kill();
    }

    private static Task<ProcessResult> Run(string script, TimeSpan limit)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a POSIX shell.");
        return ChildProcess.RunAsync(
            "sh",
            ["-c", script],
            Path.GetTempPath(),
            new Dictionary<string, string>(),
            limit,
            TestContext.Current.CancellationToken
        );
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SelfDev.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
