using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Tests;

public sealed class TrialTests
{
    private static readonly Mutant Seven =
        new(7, "a.cs", 1, "Code.Run", "relation", "a < b", "a > b", new MutationPoint(null!, "relation", null!, null!, default, ""));

    private readonly List<(string Names, TimeSpan Limit)> _processes = [];

    [Fact]
    public async Task Tests_that_do_not_reach_it_are_not_run()
    {
        var result = await Try(_ => 0, Unit("A.Near", 1, 7), Unit("A.Far", 1, 8));

        Assert.Equal(["A.Near"], _processes.Select(process => process.Names));
        Assert.Equal(Outcome.Survived, result.Outcome);
    }

    [Fact]
    public async Task What_nothing_reaches_starts_no_process()
    {
        var result = await Try(_ => 0, Unit("A.Far", 1, 8));

        Assert.Empty(_processes);
        Assert.Equal(Outcome.NotCovered, result.Outcome);
    }

    [Fact]
    public async Task The_first_failure_ends_it_and_the_quickest_tests_come_first()
    {
        var result = await Try(
            names => names.Contains("A.Middle", StringComparison.Ordinal) ? 1 : 0,
            Unit("A.Slow", 20, 7), Unit("A.Middle", 10, 7), Unit("A.Quick", 1, 7));

        Assert.Equal(["A.Quick", "A.Middle"], _processes.Select(process => process.Names));
        Assert.Equal((Outcome.Killed, "A.Middle.Fails"), (result.Outcome, result.KilledBy));
    }

    [Fact]
    public async Task Quick_tests_of_one_assembly_share_a_process_and_a_method_none_with_classes()
    {
        await Try(_ => 0, Unit("A.One", 1, 7), Unit("A.Two", 2, 7), Unit("A.Three", 3.5, 7), Unit("B.One", 1, 7), Unit("A.One.Method", 1, 7, isMethod: true));

        Assert.Equal(
            ["A.One,A.Two", "A.One.Method", "A.Three", "B.One"],
            _processes.Select(process => process.Names).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_process_may_take_five_times_as_long_as_its_tests_do_and_five_seconds()
    {
        var result = await Try(_ => null, Unit("A.One", 1, 7), Unit("A.Two", 2, 7));

        Assert.Equal(TimeSpan.FromSeconds((5 * 3) + 5), Assert.Single(_processes).Limit);
        Assert.Equal(Outcome.TimedOut, result.Outcome);
    }

    [Fact]
    public void The_runner_is_asked_for_exactly_these_tests()
    {
        var units = new[] { new TestUnit("tests/A", "A.dll", "A.One", false, ["A.One.Slow"]), new TestUnit("tests/A", "A.dll", "A.Two", false, []) };

        Assert.Equal(
            "A.dll -noLogo -noColor -parallel none -stopOnFail -class A.One -class A.Two -method- A.One.Slow",
            string.Join(' ', TestUnit.Arguments(units)));
        Assert.EndsWith("-method A.One.Method", string.Join(' ', TestUnit.Arguments([new TestUnit("tests/A", "A.dll", "A.One.Method", true, [])])), StringComparison.Ordinal);
    }

    private Task<TrialResult> Try(Func<string, int?> exitCode, params UnitCoverage[] units) =>
        new MutantTrial(
            (tests, _, limit, _) =>
            {
                var names = string.Join(',', tests.Select(test => test.Name));
                _processes.Add((names, limit));
                return Task.FromResult(new ProcessResult(exitCode(names), [$"    {names}.Fails [FAIL]"], TimeSpan.FromSeconds(1)));
            },
            units).RunAsync(Seven, TestContext.Current.CancellationToken);

    private static UnitCoverage Unit(string name, double seconds, int reaches, bool isMethod = false) =>
        new(new TestUnit("tests/" + name[0], name[0] + ".dll", name, isMethod, []), TimeSpan.FromSeconds(seconds), new HashSet<int> { reaches }, null);
}
