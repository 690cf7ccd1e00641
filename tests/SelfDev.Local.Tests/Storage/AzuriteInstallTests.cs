using System.Text.Json;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Tests.Storage;

/// <summary>With a stand-in for npm, since what is tested is what happens around it; the real one installs for every
/// other storage test.</summary>
public sealed class AzuriteInstallTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-tests-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Many_callers_at_once_install_once_and_all_get_the_whole()
    {
        var bin = FakeNpm("echo run >> \"$0.runs\"; mkdir -p node_modules/azurite");
        var lines = new List<string>();

        var folders = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => AzuriteInstall.EnsureAsync(_folder, Keep, Cancellation, bin))
        );

        var folder = Assert.Single(folders.Distinct());
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules", "azurite")));
        Assert.True(File.Exists(Path.Combine(folder, AzuriteInstall.LaunchScript)));
        Assert.Equal("run", (await File.ReadAllTextAsync(Path.Combine(bin, "npm.runs"), Cancellation)).Trim());
        Assert.Contains(lines, line => line.StartsWith("Installing Azurite", StringComparison.Ordinal));

        void Keep(string line)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }

    [Fact]
    public async Task A_failed_installation_says_what_npm_said_and_the_next_one_starts_clean()
    {
        var failing = FakeNpm("mkdir -p node_modules/half; echo 'npm error 404 azurite' >&2; exit 7");

        var failure = await Assert.ThrowsAsync<AzuriteException>(() =>
            AzuriteInstall.EnsureAsync(_folder, null, Cancellation, failing)
        );

        Assert.Contains("exit code 7", failure.Message, StringComparison.Ordinal);
        Assert.Contains("npm error 404 azurite", failure.Message, StringComparison.Ordinal);
        Assert.Contains("connection string", failure.Message, StringComparison.Ordinal);
        var folder = await AzuriteInstall.EnsureAsync(
            _folder,
            null,
            Cancellation,
            FakeNpm("mkdir -p node_modules/azurite")
        );
        Assert.False(Directory.Exists(Path.Combine(folder, "node_modules", "half")));
    }

    [Fact]
    public async Task Without_Nodejs_or_npm_the_message_says_what_to_install()
    {
        var npm = await Assert.ThrowsAsync<AzuriteException>(() =>
            AzuriteInstall.EnsureAsync(_folder, null, Cancellation, _folder)
        );
        var node = Assert.Throws<AzuriteException>(() => NodeJs.Find(_folder));

        Assert.All(
            [npm, node],
            missing => Assert.Contains("Install Node.js", missing.Message, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_lock_pins_the_version_and_every_package_and_names_no_private_feed()
    {
        using var resource = typeof(AzuriteInstall).Assembly.GetManifestResourceStream("azurite/package-lock.json")!;
        using var lockFile = JsonDocument.Parse(resource);
        var packages = lockFile
            .RootElement.GetProperty("packages")
            .EnumerateObject()
            .Where(package => package.Name.Length > 0)
            .ToList();

        Assert.Equal(
            "3.35.0",
            packages.Single(package => package.Name == "node_modules/azurite").Value.GetProperty("version").GetString()
        );
        Assert.All(
            packages,
            package =>
            {
                Assert.StartsWith(
                    "sha512-",
                    package.Value.GetProperty("integrity").GetString(),
                    StringComparison.Ordinal
                );
                Assert.True(
                    !package.Value.TryGetProperty("resolved", out var resolved)
                        || resolved.GetString()!.StartsWith("https://registry.npmjs.org/", StringComparison.Ordinal)
                );
            }
        );
    }

    private string FakeNpm(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in for npm is a shell script.");
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin-" + Path.GetRandomFileName())).FullName;
        var npm = Path.Combine(bin, "npm");
        File.WriteAllText(npm, "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(npm, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return bin;
    }
}
