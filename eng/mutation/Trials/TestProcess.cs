using System.Globalization;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Trials;

/// <summary>
/// Runs tests of the mutated copy, each time in a process of its own with a temporary folder of its own.
/// </summary>
internal sealed class TestProcess(Workspace workspace)
{
    // A fault may allocate without end; the limit is far above what any test needs.
    private const string HeapLimit = "0xC0000000";

    private readonly string _sharedData = Path.GetFullPath(Path.Combine(workspace.Repository, "..", "shared", "data"));
    private int _number;

    /// <summary>With every mutant off; notes which are reached.</summary>
    public async Task<(ProcessResult Result, IReadOnlySet<int> Reached)> RecordAsync(
        TestUnit unit,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        var folder = NewFolder();
        var result = await RunAsync(
            TestUnit.Arguments([unit]),
            (SwitchSource.CoverageVariable, folder),
            limit,
            cancellation
        );
        var ids = Directory
            .GetFiles(folder)
            .SelectMany(File.ReadLines)
            .Select(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .ToHashSet();
        return (result, ids);
    }

    /// <summary>With one mutant on, or none; stops at the first test that fails.</summary>
    public Task<ProcessResult> RunAsync(
        IReadOnlyList<TestUnit> units,
        Mutant? mutant,
        TimeSpan limit,
        CancellationToken cancellation
    ) =>
        RunAsync(
            TestUnit.Arguments(units),
            (SwitchSource.ActiveVariable, (mutant?.Id ?? 0).ToString(CultureInfo.InvariantCulture)),
            limit,
            cancellation
        );

    public Task<ProcessResult> ListAsync(
        string assembly,
        bool methods,
        TimeSpan limit,
        CancellationToken cancellation
    ) =>
        RunAsync(
            [assembly, "-noLogo", "-noColor", "-list", methods ? "methods/json" : "classes/json"],
            (SwitchSource.ActiveVariable, ""),
            limit,
            cancellation
        );

    private async Task<ProcessResult> RunAsync(
        IReadOnlyList<string> arguments,
        (string Name, string Value) variable,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        var temporary = NewFolder();
        var environment = new Dictionary<string, string>
        {
            [variable.Name] = variable.Value,
            ["DOTNET_GCHeapHardLimit"] = HeapLimit,
            ["TMPDIR"] = temporary,
        };
        // Tests look for it beside the checkout, which the copy is not.
        if (Environment.GetEnvironmentVariable("SELFDEV_SHARED_DATA") is null && Directory.Exists(_sharedData))
        {
            environment["SELFDEV_SHARED_DATA"] = _sharedData;
        }

        var result = await ChildProcess.RunAsync("dotnet", arguments, workspace.Root, environment, limit, cancellation);
        try
        {
            Directory.Delete(temporary, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just dying may still write into it; it goes with the workspace.
        }

        return result;
    }

    private string NewFolder()
    {
        var name = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        return Directory.CreateDirectory(Path.Combine(workspace.Temporary, name)).FullName;
    }
}
