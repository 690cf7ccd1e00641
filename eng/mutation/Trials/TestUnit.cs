using System.Globalization;

namespace SelfDev.Mutation.Trials;

/// <summary>Tests that are run together: a class, or one method.</summary>
/// <param name="Suite">Folder of the test project, relative to the root.</param>
/// <param name="Assembly">Path of the built test assembly.</param>
/// <param name="Name">Full name of the class or of the method.</param>
/// <param name="LeftOut">Full names of methods that are not run.</param>
internal sealed record TestUnit(
    string Suite,
    string Assembly,
    string Name,
    bool IsMethod,
    IReadOnlyList<string> LeftOut
)
{
    /// <summary>The same for units that can share a process: the runner takes classes or methods, not both.</summary>
    public (string Assembly, bool IsMethod) Process => (Assembly, IsMethod);

    /// <summary>Arguments of the test assembly's own runner.</summary>
    /// <param name="units">At least one; all of one <see cref="Process"/>.</param>
    public static IReadOnlyList<string> Arguments(IReadOnlyList<TestUnit> units) =>
        [
            units[0].Assembly,
            "-noLogo",
            "-noColor",
            "-parallel",
            "none",
            "-stopOnFail",
            .. units.SelectMany(unit => new[] { unit.IsMethod ? "-method" : "-class", unit.Name }),
            .. units.SelectMany(unit => unit.LeftOut).SelectMany(method => new[] { "-method-", method }),
        ];
}

/// <summary>What a runner printed at its end.</summary>
internal static class RunnerOutput
{
    /// <summary>How many tests ran and were not skipped; null where there is no summary.</summary>
    public static int? Ran(IEnumerable<string> output)
    {
        var summary = output.LastOrDefault(line => line.Contains(" Total: ", StringComparison.Ordinal));
        return summary is null
            ? null
            : Number(summary, "Total: ") - Number(summary, "Skipped: ") - Number(summary, "Not Run: ");
    }

    /// <summary>Name of the first test that failed; null if none did.</summary>
    public static string? FirstFailure(IEnumerable<string> output) =>
        output.FirstOrDefault(line => line.EndsWith(" [FAIL]", StringComparison.Ordinal))?.Trim()[..^" [FAIL]".Length];

    private static int Number(string line, string name)
    {
        var at = line.IndexOf(name, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }

        var digits = line[(at + name.Length)..].TakeWhile(char.IsAsciiDigit).ToArray();
        return int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
