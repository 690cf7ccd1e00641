using System.Globalization;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Sets;

namespace SelfDev.Mutation.Trials;

/// <summary>Which mutants each class of tests reaches, and how long it takes without any.</summary>
internal sealed class Coverage(Workspace workspace, TestEnvironment environment, TimeSpan classLimit)
{
    private static readonly TimeSpan ListLimit = TimeSpan.FromMinutes(1);

    /// <summary>The classes that a set asks for and that are not slow.</summary>
    public async Task<IReadOnlyList<TestClass>> ListAsync(
        TestSuite suite, string assembly, IReadOnlyList<SlowTests> slow, CancellationToken cancellation)
    {
        var result = await ChildProcess.RunAsync(
            "dotnet", [assembly, "-noLogo", "-list", "classes"], workspace.Root, new Dictionary<string, string>(), ListLimit, cancellation);
        if (result.ExitCode != 0)
        {
            throw new MutationException($"{assembly} does not list its tests: {result.Tail(5)}");
        }

        var ofProject = slow.Where(one => one.Project == suite.Project).ToList();
        return
        [
            .. from line in result.Output
               let name = line.Trim()
               where name.Length > 0 && suite.Holds(name)
               let rules = ofProject.Where(one => Wildcard.Matches(one.Class, name)).ToList()
               where rules.All(rule => rule.Methods is not null)
               select new TestClass(
                   suite.Project, assembly, name, [.. rules.SelectMany(rule => rule.Methods!).Select(method => $"{name}.{method}")]),
        ];
    }

    /// <summary>Runs one class by itself, with every mutant off.</summary>
    public async Task<ClassCoverage> MeasureAsync(TestClass test, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(workspace.Temporary, "coverage", test.Name)).FullName;
        var result = await ChildProcess.RunAsync(
            "dotnet", TestClass.Arguments([test]), workspace.Root, environment.Recording(folder), classLimit, cancellation);
        var problem = result switch
        {
            { ExitCode: null } => string.Create(CultureInfo.InvariantCulture, $"takes longer than {classLimit.TotalSeconds:0} s"),
            { ExitCode: not 0 } => $"fails with every mutant off: {RunnerOutput.FirstFailure(result.Output) ?? result.Tail(3)}",
            _ when RunnerOutput.Ran(result.Output) is null or 0 => "runs no test here (all skipped, or none found)",
            _ => null,
        };
        var ids = Directory.GetFiles(folder).SelectMany(File.ReadLines)
            .Select(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0);
        return new ClassCoverage(test, result.Elapsed, problem is null ? ids.ToHashSet() : [], problem);
    }
}

/// <param name="Elapsed">From start to end of the process.</param>
/// <param name="Problem">Why the class is set aside; null if it is not.</param>
internal sealed record ClassCoverage(TestClass Test, TimeSpan Elapsed, IReadOnlySet<int> Reached, string? Problem);
