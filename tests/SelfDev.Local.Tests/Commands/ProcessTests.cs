using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

/// <summary>The built program as users and scripts start it.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Version_of_the_process()
    {
        var run = await ProcessRun.OfAsync("--version");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Output);
    }

    [Fact]
    public async Task A_missing_file_ends_the_process_with_2_and_one_line() =>
        (await ProcessRun.OfAsync("analyze", "no-such.log")).IsRefusedWith("There is no file or folder 'no-such.log'");
}
