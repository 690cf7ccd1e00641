using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Trials;

/// <summary>What test processes are given.</summary>
internal sealed class TestEnvironment(Workspace workspace)
{
    // A fault may allocate without end; the limit is far above what any test needs.
    private const string HeapLimit = "0xC0000000";

    private readonly string _sharedData = Path.GetFullPath(Path.Combine(workspace.Repository, "..", "shared", "data"));

    /// <summary>No mutant is on, and every one that is reached is noted in <paramref name="folder"/>.</summary>
    public IReadOnlyDictionary<string, string> Recording(string folder) => With(SwitchSource.CoverageVariable, folder);

    /// <summary>One mutant is on.</summary>
    public IReadOnlyDictionary<string, string> WithMutant(int id) =>
        With(SwitchSource.ActiveVariable, id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private Dictionary<string, string> With(string name, string value)
    {
        var variables = new Dictionary<string, string>
        {
            [name] = value,
            ["DOTNET_GCHeapHardLimit"] = HeapLimit,
            ["TMPDIR"] = workspace.Temporary,
        };
        // Tests look for it beside the checkout, which the copy is not.
        if (Environment.GetEnvironmentVariable("SELFDEV_SHARED_DATA") is null && Directory.Exists(_sharedData))
        {
            variables["SELFDEV_SHARED_DATA"] = _sharedData;
        }

        return variables;
    }
}
