using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

public sealed class HelpTests
{
    [Fact]
    public async Task Help_lists_the_verbs()
    {
        var run = await CommandRun.OfAsync("--help");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.All(
            ["analyze", "backtest", "drop", "status", "approvals", "approve", "reject", "ledger"],
            verb => Assert.Contains($"  {verb} ", run.Output, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("analyze")]
    [InlineData("backtest")]
    [InlineData("drop")]
    [InlineData("status")]
    [InlineData("approvals")]
    [InlineData("approve")]
    [InlineData("reject")]
    [InlineData("ledger")]
    public async Task Help_of_a_verb_ends_with_examples(string verb)
    {
        var run = await CommandRun.OfAsync(verb, "--help");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains("Examples:", run.Output, StringComparison.Ordinal);
        Assert.Contains($"selfdev {verb}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_analyze_names_the_kinds() =>
        Assert.Contains(
            "training, evals",
            (await CommandRun.OfAsync("analyze", "--help")).Output,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Version_is_a_version()
    {
        var run = await CommandRun.OfAsync("--version");

        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Output);
    }
}
