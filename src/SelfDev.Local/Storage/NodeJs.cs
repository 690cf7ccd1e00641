using System.Diagnostics;

namespace SelfDev.Local.Storage;

/// <summary>Finds Node.js and npm on the PATH.</summary>
internal static class NodeJs
{
    private const string Remedy =
        "Install Node.js 18 or later (https://nodejs.org), or name a storage account or a running Azurite by its "
        + "connection string instead.";

    /// <exception cref="AzuriteException">There is none.</exception>
    public static string Find(string? searchPath = null) =>
        OnPath("node", searchPath)
        ?? throw new AzuriteException($"Local storage needs Node.js, and 'node' is not on the PATH. {Remedy}");

    /// <exception cref="AzuriteException">There is none.</exception>
    public static string FindNpm(string? searchPath = null) =>
        OnPath("npm", searchPath)
        ?? throw new AzuriteException($"Installing local storage needs npm, and 'npm' is not on the PATH. {Remedy}");

    /// <summary>Runs to the end and returns exit code and the last lines of what it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string executable,
        IReadOnlyList<string> arguments,
        string folder,
        CancellationToken cancellation
    )
    {
        var start = new ProcessStartInfo(executable, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start) ?? throw new AzuriteException($"'{executable}' could not be started.");
        process.StandardInput.Close();
        var output = new OutputTail(process);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, output.ToString());
    }

    private static string? OnPath(string name, string? searchPath)
    {
        searchPath ??= Environment.GetEnvironmentVariable("PATH") ?? "";
        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];
        return searchPath
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending)))
            .FirstOrDefault(File.Exists);
    }
}
