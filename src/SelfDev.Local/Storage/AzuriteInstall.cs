using System.Diagnostics;
using System.Security.Cryptography;

namespace SelfDev.Local.Storage;

/// <summary>
/// Installs the pinned npm package once a user and lock file. The result is a folder <c>azurite-{hash of the lock}</c>
/// that appears complete or not at all, whatever dies in between.
/// </summary>
internal static class AzuriteInstall
{
    public const string LaunchScript = "launch.cjs";

    private static readonly string[] Files = ["package.json", "package-lock.json", LaunchScript];

    /// <summary>Each platform's place for what can be fetched again: <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>,
    /// <c>~/Library/Caches</c>, <c>%LOCALAPPDATA%</c>.</summary>
    public static string DefaultCacheFolder()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
        {
            return Path.Combine(xdg, "selfdev");
        }

        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
                "selfdev",
                "cache"
            );
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsMacOS()
            ? Path.Combine(home, "Library", "Caches", "selfdev")
            : Path.Combine(home, ".cache", "selfdev");
    }

    /// <summary>The folder with the package in it, installed if need be. Safe to call from any number of processes at
    /// once: one installs, the others wait.</summary>
    /// <param name="searchPath">Where to look for npm; null: the PATH.</param>
    /// <exception cref="AzuriteException">No npm, or <c>npm ci</c> failed.</exception>
    public static async Task<string> EnsureAsync(
        string cacheFolder,
        Action<string>? progress,
        CancellationToken cancellation,
        string? searchPath = null
    )
    {
        var folder = Path.Combine(cacheFolder, "azurite-" + ContentHash());
        if (Directory.Exists(folder))
        {
            return folder;
        }

        var npm = NodeJs.FindNpm(searchPath);
        Directory.CreateDirectory(cacheFolder);
        await using var gate = await LockFile.WaitAsync(
            folder + ".lock",
            Timeout.InfiniteTimeSpan,
            () => progress?.Invoke("Another process installs Azurite; waiting for it."),
            cancellation
        );
        if (!Directory.Exists(folder))
        {
            await InstallAsync(npm, folder, progress, cancellation);
        }

        return folder;
    }

    private static async Task InstallAsync(
        string npm,
        string folder,
        Action<string>? progress,
        CancellationToken cancellation
    )
    {
        var watch = Stopwatch.StartNew();
        progress?.Invoke("Installing Azurite, the local storage (once a machine, about 20 s) ...");
        var draft = folder + ".draft";
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true); // Of an installer that died: we hold the lock.
        }

        Directory.CreateDirectory(draft);
        foreach (var file in Files)
        {
            await using var source = OpenResource(file);
            await using var target = File.Create(Path.Combine(draft, file));
            await source.CopyToAsync(target, cancellation);
        }

        // Scripts and optional packages: the blob service on its JSON index needs neither, and less code runs.
        var (exitCode, output) = await NodeJs.RunAsync(
            npm,
            ["ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund", "--prefer-offline"],
            draft,
            cancellation
        );
        if (exitCode != 0)
        {
            throw new AzuriteException(
                $"'npm ci' for Azurite ended with exit code {exitCode}. Check the network and npm's registry setting "
                    + $"('npm config get registry'), "
                    + $"or name a storage account by its connection string instead. npm "
                    + $"said:{Environment.NewLine}{output}"
            );
        }

        Directory.Move(draft, folder);
        progress?.Invoke(FormattableString.Invariant($"Azurite installed in {watch.Elapsed.TotalSeconds:F0} s."));
    }

    private static string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files)
        {
            using var source = OpenResource(file);
            using var copy = new MemoryStream();
            source.CopyTo(copy);
            hash.AppendData(copy.ToArray());
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static Stream OpenResource(string file) =>
        typeof(AzuriteInstall).Assembly.GetManifestResourceStream("azurite/" + file)
        ?? throw new InvalidOperationException($"The resource azurite/{file} is missing from this build.");
}
