using Xunit;

namespace SelfDev.Testing;

/// <summary>Finds the public data sets that the project reads but does not ship; tests that need them are skipped
/// without.</summary>
public static class SharedData
{
    /// <summary>Full path of a file or folder of the shared data; skips the running test when it is not
    /// there.</summary>
    public static string Require(string relativePath)
    {
        var path = Find(relativePath);
        Assert.SkipWhen(
            path is null,
            $"No shared data: '{relativePath}' not found beside the checkout; set SELFDEV_SHARED_DATA to its folder."
        );
        return path!;
    }

    public static string? Find(string relativePath)
    {
        var root = Environment.GetEnvironmentVariable("SELFDEV_SHARED_DATA") ?? BesideTheCheckout();
        if (root is null)
        {
            return null;
        }

        var path = Path.Combine(root, relativePath);
        return File.Exists(path) || Directory.Exists(path) ? path : null;
    }

    /// <summary>The checkout's root: the folder of <c>SelfDev.sln</c>.</summary>
    public static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SelfDev.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            "The tests run outside a checkout: no SelfDev.sln above " + AppContext.BaseDirectory
        );
    }

    private static string? BesideTheCheckout()
    {
        var candidate = Path.GetFullPath(Path.Combine(RepositoryRoot(), "..", "shared", "data"));
        return Directory.Exists(candidate) ? candidate : null;
    }
}
