using System.Diagnostics;

namespace SelfDev.Local.Tests.Commands;

/// <summary>The built program as users and scripts start it, until it ends by itself.</summary>
internal static class ProcessRun
{
    public static Task<CommandRun> OfAsync(params string[] args) => OfAsync(storage: null, args);

    /// <param name="storage">Connection string of an account that it may use; null: it names none.</param>
    public static async Task<CommandRun> OfAsync(string? storage, string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "selfdev.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (storage is not null)
        {
            start.Environment["SELFDEV_STORAGE"] = storage;
        }

        var cancellation = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(cancellation),
            process.StandardError.ReadToEndAsync(cancellation)
        );
        await process.WaitForExitAsync(cancellation);
        return new CommandRun(process.ExitCode, await output, await error);
    }
}
