using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Tests;

public sealed class TrialTests
{
    private static readonly Mutant Seven = new(
        7,
        "a.cs",
        1,
        "Code.Run",
        "relation",
        "a < b",
        "a > b",
        new MutationPoint(null!, "relation", null!, null!, default, "")
    );

    private double _seconds = 1;
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
            Unit("A.Slow", 20, 7),
            Unit("A.Middle", 10, 7),
            Unit("A.Quick", 1, 7)
        );

        Assert.Equal(["A.Quick", "A.Middle"], _processes.Select(process => process.Names));
        Assert.Equal((Outcome.Killed, "A.Middle.Fails"), (result.Outcome, result.KilledBy));
    }

    [Fact]
    public async Task Quick_tests_of_one_assembly_share_a_process_and_a_method_none_with_classes()
    {
        await Try(
            _ => 0,
            Unit("A.One", 1, 7),
            Unit("A.Two", 2, 7),
            Unit("A.Three", 3.5, 7),
            Unit("B.One", 1, 7),
            Unit("A.One.Method", 1, 7, isMethod: true)
        );

        Assert.Equal(
            ["A.One,A.Two", "A.One.Method", "A.Three", "B.One"],
            _processes.Select(process => process.Names).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_process_may_take_five_times_as_long_as_its_tests_do_and_five_seconds()
    {
        await Try(_ => 0, Unit("A.One", 1, 7), Unit("A.Two", 2, 7));

        Assert.Equal(TimeSpan.FromSeconds((5 * 3) + 5), Assert.Single(_processes).Limit);
    }

    [Fact]
    public async Task What_hangs_twice_and_not_without_the_mutant_is_killed()
    {
        var result = await Try(process => IsWithout(process) ? 0 : null, Unit("A.One", 1, 7));

        Assert.Equal(["A.One", "A.One without", "A.One"], _processes.Select(process => process.Names));
        Assert.Equal(Outcome.TimedOut, result.Outcome);
    }

    [Fact]
    public async Task What_hangs_once_on_a_machine_that_is_busy_is_not_killed()
    {
        var result = await Try(_ => _processes.Count == 1 ? null : 0, Unit("A.One", 1, 7));

        Assert.Equal(["A.One", "A.One without", "A.One"], _processes.Select(process => process.Names));
        Assert.Equal(Outcome.Survived, result.Outcome);
    }

    [Fact]
    public async Task What_hangs_without_the_mutant_as_well_says_nothing_about_it()
    {
        var result = await Try(_ => null, Unit("A.One", 1, 7));

        Assert.Equal(Outcome.Undecided, result.Outcome);
        Assert.Equal(6, _processes.Count);
    }

    [Theory]
    [InlineData(4.0, 1)]
    [InlineData(4.1, 3)]
    public async Task A_failure_that_took_much_longer_than_usual_is_looked_at_again(double seconds, int processes)
    {
        _seconds = seconds;

        var result = await Try(process => IsWithout(process) ? 0 : 1, Unit("A.One", 1, 7));

        Assert.Equal(processes, _processes.Count);
        Assert.Equal(Outcome.Killed, result.Outcome);
    }

    [Fact]
    public void The_runner_is_asked_for_exactly_these_tests()
    {
        TestUnit[] units =
        [
            new("tests/A", "A.dll", "A.One", false, ["A.One.Slow"]),
            new("tests/A", "A.dll", "A.Two", false, []),
        ];
        var method = new TestUnit("tests/A", "A.dll", "A.One.Method", true, []);

        Assert.Equal(
            "A.dll -noLogo -noColor -parallel none -stopOnFail -class A.One -class A.Two -method- A.One.Slow",
            string.Join(' ', TestUnit.Arguments(units))
        );
        Assert.Equal(["-method", "A.One.Method"], TestUnit.Arguments([method]).TakeLast(2));
    }

    // The exit code is that of a process: the names of its tests, and "without" if no mutant is on.
    private Task<TrialResult> Try(Func<string, int?> exitCode, params UnitCoverage[] units) =>
        new MutantTrial(
            (tests, mutant, limit, _) =>
            {
                var names = string.Join(',', tests.Select(test => test.Name)) + (mutant is null ? " without" : "");
                _processes.Add((names, limit));
                var output = new[] { $"    {names}.Fails [FAIL]" };
                return Task.FromResult(new ProcessResult(exitCode(names), output, TimeSpan.FromSeconds(_seconds)));
            },
            units
        ).RunAsync(Seven, TestContext.Current.CancellationToken);

    private static bool IsWithout(string process) => process.EndsWith(" without", StringComparison.Ordinal);

    private static UnitCoverage Unit(string name, double seconds, int reaches, bool isMethod = false) =>
        new(
            new TestUnit("tests/" + name[0], name[0] + ".dll", name, isMethod, []),
            TimeSpan.FromSeconds(seconds),
            new HashSet<int> { reaches },
            null
        );
}
