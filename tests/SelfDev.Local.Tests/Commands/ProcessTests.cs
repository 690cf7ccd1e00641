using System.Diagnostics;
using SelfDev.Local.Commands;

namespace SelfDev.Local.Tests.Commands;

/// <summary>The built program as users and scripts start it.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Version_of_the_process()
    {
        var run = await RunAsync("--version");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Output);
    }

    [Fact]
    public async Task A_missing_file_ends_the_process_with_2_and_one_line() =>
        (await RunAsync("analyze", "no-such.log")).IsRefusedWith("There is no file or folder 'no-such.log'");

    private static async Task<CommandRun> RunAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "selfdev.dll") },
        };
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        var cancellation = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        await process.WaitForExitAsync(cancellation);
        return new CommandRun(process.ExitCode, await output, await error);
    }
}
