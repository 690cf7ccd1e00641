using SelfDev.Testing;

namespace SelfDev.Core.Tests.Reports;

/// <summary>
/// Compares rendered text with an approved file. <c>SELFDEV_UPDATE_SNAPSHOTS=1</c> writes the approved files anew: look
/// at the diff before committing it.
/// </summary>
internal static class Snapshot
{
    private static readonly string Folder = Path.Combine(
        SharedData.RepositoryRoot(),
        "tests",
        "SelfDev.Core.Tests",
        "Reports",
        "Snapshots"
    );

    public static void Matches(string actual, string name) => MatchesFile(actual, Path.Combine(Folder, name));

    /// <param name="approvedPath">Full path; what came instead is written beside it.</param>
    public static void MatchesFile(string actual, string approvedPath)
    {
        var name = Path.GetFileName(approvedPath);
        if (Environment.GetEnvironmentVariable("SELFDEV_UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(approvedPath)!);
            File.WriteAllText(approvedPath, actual);
            return;
        }

        var approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        if (approved == actual)
        {
            return;
        }

        var received = Path.ChangeExtension(approvedPath, ".received" + Path.GetExtension(approvedPath));
        File.WriteAllText(received, actual);
        var (was, now) = (approved.Split('\n'), actual.Split('\n'));
        var line = Enumerable
            .Range(0, Math.Max(was.Length, now.Length))
            .First(index => was.ElementAtOrDefault(index) != now.ElementAtOrDefault(index));
        Assert.Fail(
            $"""
            {name} differs from line {line + 1}; what came is in {received}.
            approved: {was.ElementAtOrDefault(line)}
            received: {now.ElementAtOrDefault(line)}
            If the change is wanted, run the tests once with SELFDEV_UPDATE_SNAPSHOTS=1.
            """
        );
    }
}
