using System.Globalization;
using System.Text.Json;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Sets;

namespace SelfDev.Mutation.Trials;

/// <summary>Which mutants each class of tests reaches, and how long it takes without any.</summary>
/// <param name="limit">What takes longer by itself is set aside.</param>
internal sealed class Coverage(TestProcess process, TimeSpan limit)
{
    private static readonly TimeSpan ListLimit = TimeSpan.FromMinutes(2);

    /// <summary>What a set asks for and is not slow.</summary>
    public async Task<IReadOnlyList<TestUnit>> ListAsync(
        TestSuite suite,
        string assembly,
        IReadOnlyList<SlowTests> slow,
        CancellationToken cancellation
    )
    {
        var result = await process.ListAsync(assembly, suite.PerMethod, ListLimit, cancellation);
        // One line of JSON, whatever else is printed.
        var json = result.Output.LastOrDefault(line => line.StartsWith('['));
        if (result.ExitCode != 0 || json is null)
        {
            throw new MutationException($"{assembly} does not list its tests: {result.Tail(5)}");
        }

        var ofProject = slow.Where(one => one.Project == suite.Project).ToList();
        List<TestUnit> units =
        [
            .. from name in JsonSerializer.Deserialize<string[]>(json)!.Distinct()
            let className = suite.PerMethod ? name[..name.LastIndexOf('.')] : name
            where suite.Holds(className)
            let rules = ofProject.Where(one => Wildcard.Matches(one.Class, className)).ToList()
            where rules.All(rule => rule.Methods is not null)
            let leftOut = rules.SelectMany(rule => rule.Methods!).Select(method => $"{className}.{method}").ToList()
            where !suite.PerMethod || !leftOut.Contains(name)
            select new TestUnit(suite.Project, assembly, name, suite.PerMethod, suite.PerMethod ? [] : leftOut),
        ];
        return units.Count > 0
            ? units
            : throw new MutationException(
                $"{suite.Project} has no class like {string.Join(", ", suite.Classes ?? ["*"])} that is not slow."
            );
    }

    /// <summary>Runs one class or method by itself, with every mutant off.</summary>
    public async Task<UnitCoverage> MeasureAsync(TestUnit unit, CancellationToken cancellation)
    {
        // A second chance: a moment's load must not take tests away from the whole run.
        var first = await OnceAsync(unit, cancellation);
        return first.Problem is null ? first : await OnceAsync(unit, cancellation);
    }

    private async Task<UnitCoverage> OnceAsync(TestUnit unit, CancellationToken cancellation)
    {
        var (result, reached) = await process.RecordAsync(unit, limit, cancellation);
        var problem = result switch
        {
            { ExitCode: null } => string.Create(
                CultureInfo.InvariantCulture,
                $"takes longer than {limit.TotalSeconds:0} s"
            ),
            { ExitCode: not 0 } =>
                $"fails with every mutant off: {RunnerOutput.FirstFailure(result.Output) ?? result.Tail(3)}",
            _ when RunnerOutput.Ran(result.Output) is null or 0 => "runs no test here (all skipped, or none found)",
            _ => null,
        };
        return new UnitCoverage(unit, result.Elapsed, problem is null ? reached : new HashSet<int>(), problem);
    }
}

/// <param name="Elapsed">From start to end of the process.</param>
/// <param name="Problem">Why it is set aside; null if it is not.</param>
internal sealed record UnitCoverage(TestUnit Unit, TimeSpan Elapsed, IReadOnlySet<int> Reached, string? Problem);
