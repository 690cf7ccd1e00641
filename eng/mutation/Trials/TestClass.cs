using System.Globalization;

namespace SelfDev.Mutation.Trials;

/// <summary>A class of tests that is run in a process of its own, or together with others of its project.</summary>
/// <param name="Project">Folder, relative to the root.</param>
/// <param name="Assembly">Path of the built test assembly.</param>
/// <param name="LeftOut">Full names of methods that are not run.</param>
internal sealed record TestClass(string Project, string Assembly, string Name, IReadOnlyList<string> LeftOut)
{
    /// <summary>Arguments of the test assembly's own runner.</summary>
    public static IEnumerable<string> Arguments(IReadOnlyList<TestClass> classes) =>
    [
        classes[0].Assembly, "-noLogo", "-noColor", "-parallel", "none", "-stopOnFail",
        .. classes.SelectMany(one => new[] { "-class", one.Name }),
        .. classes.SelectMany(one => one.LeftOut).SelectMany(method => new[] { "-method-", method }),
    ];
}

/// <summary>What a runner printed at its end.</summary>
internal static class RunnerOutput
{
    /// <summary>How many tests ran and were not skipped; null where there is no summary.</summary>
    public static int? Ran(IEnumerable<string> output)
    {
        var summary = output.LastOrDefault(line => line.Contains(" Total: ", StringComparison.Ordinal));
        return summary is null ? null : Number(summary, "Total: ") - Number(summary, "Skipped: ") - Number(summary, "Not Run: ");
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
