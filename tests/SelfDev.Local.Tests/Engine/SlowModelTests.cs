using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>
/// A model that hangs, on the embedded engine with four activities at a time: through restarts, and in instances that
/// older code began.
/// </summary>
public sealed class SlowModelTests : DiagnosisConformance
{
    private string _version = WorkflowCatalog.DefaultVersion;

    protected override IEngineUnderTest Create() =>
        new EmbeddedEngineUnderTest(options => options with { MaxConcurrentActivities = 4, Version = _version });

    [Fact]
    public async Task However_many_runs_wait_for_the_model_there_is_room_to_ask_people()
    {
        string[] runs = ["a", "b", "c", "d", "e", "f", "g", "h"];
        foreach (var run in runs)
        {
            Probe.Release($"act {run}:action:1");
            await StartAsync(run);
        }

        foreach (var run in runs)
        {
            await Engine.WaitUntilAsync(run, _ => Steps.Contains($"act {run}:action:1"));
        }

        Assert.DoesNotContain(Steps, step => step.StartsWith("explained", StringComparison.Ordinal));
        Answer();
        foreach (var run in runs)
        {
            await AdvanceUntilFinishedAsync(run);
            Assert.Equal(["model", "model"], await AuthorsAsync(run));
        }
    }

    [Fact]
    public async Task After_a_quarter_of_an_hour_the_rules_explain_and_the_run_ends()
    {
        Assert.True(Places.TryTake() && Places.TryTake());
        Probe.Release("act a:action:1");
        await StartAsync("a");

        await AdvanceUntilFinishedAsync("a");

        Assert.Equal(2 * 20, Questions);
        Assert.Equal(["rules", "rules"], await AuthorsAsync("a"));
        Assert.Contains(
            "busy with other runs",
            (await new Explanations(Store).ReadAsync("a", 1, Cancellation))!.Unavailable,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_in_between_repeats_nothing_that_is_done_and_goes_on(bool crash)
    {
        await StartAsync("a");
        await Probe.ArrivedAsync("act a:action:1");
        await Probe.ArrivedAsync("model");
        await RestartAsync(crash ? Engine.CrashAsync : Engine.StopAsync);
        Probe.Release("act a:action:1");
        await Engine.WaitUntilAsync("a", _ => Steps.Contains("report a"));
        await RestartAsync(crash ? Engine.CrashAsync : Engine.StopAsync);
        Answer();

        Assert.Equal("diagnosed", (await FinishAsync("a")).Outcome);
        Assert.Single(Steps, step => step == "act a:action:1");
        Assert.Equal("report a", Steps.Last());
    }

    [Fact]
    public async Task An_instance_of_before_goes_on_in_its_order_under_the_new_code()
    {
        _version = "1.0";
        await StartAsync("a");
        await Probe.ArrivedAsync("model");
        Assert.False(Probe.HasArrived("act a:action:1"));
        _version = WorkflowCatalog.DefaultVersion;
        await RestartAsync(Engine.StopAsync);
        Probe.Release("act a:action:1");
        Answer();

        Assert.Equal("diagnosed", (await FinishAsync("a")).Outcome);
        Assert.Equal(["explained a", "explained a", "report a", "act a:action:1", "report a"], Steps);
    }

    private async Task AdvanceUntilFinishedAsync(string run)
    {
        var finished = FinishAsync(run);
        while (!finished.IsCompleted)
        {
            await Engine.AdvanceAsync(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        await finished;
    }

    private async Task<IReadOnlyList<string>> AuthorsAsync(string run)
    {
        var authors = new List<string>();
        for (var group = 1; group <= ExplainedReport.Groups; group++)
        {
            authors.Add(
                (await new Explanations(Store).ReadAsync(run, group, Cancellation))!.ExplainedBy == Explainer.Rules
                    ? "rules"
                    : "model"
            );
        }

        return authors;
    }
}
