using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>Crashes, restarts, and code that changed in between.</summary>
public abstract partial class EngineConformance
{
    private static readonly Activity<int, int> AddTwo = new("AddTwo");

    [Fact]
    public async Task Ids_and_times_are_the_same_at_every_replay()
    {
        // Values computed before an await must be what replay computes again after it.
        var catalog = Catalog()
            .Add(
                TextFlow,
                async (context, _) =>
                {
                    var (first, second, time) = (context.NewGuid(), context.NewGuid(), context.CurrentUtcDateTime);
                    await context.CallActivityAsync(AddOne, 0);
                    context.SetCustomStatus($"{first} {second} {time.Ticks}");
                    var told = await context.WaitForExternalEvent(Approval);
                    return told == $"{first} {second} {time.Ticks}" && first != second && time.Kind == DateTimeKind.Utc
                        ? "same"
                        : "different";
                }
            );
        await Engine.StartAsync(catalog);
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        var seen = await Engine.WaitUntilAsync("run", instance => instance.CustomStatus is not null);
        if (Engine.Abilities.HasFlag(EngineAbilities.Crash))
        {
            await Engine.CrashAsync();
            await Engine.StartAsync(catalog);
        }

        await Engine.AdvanceAsync(Tick);
        await Engine.Client.RaiseEventAsync(
            "run",
            Approval,
            Payload.Deserialize<string>(seen.CustomStatus)!,
            Cancellation
        );

        Assert.Equal("same", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_crash_repeats_no_recorded_step()
    {
        Need(EngineAbilities.Crash);
        var catalog = Catalog()
            .Add(
                TextFlow,
                async (context, _) =>
                {
                    var value = await context.CallActivityAsync(AddOne, 1);
                    value = await context.CallActivityAsync(AddOne, value);
                    context.SetCustomStatus("two steps");
                    await context.WaitForExternalEvent(Approval);
                    return "value " + await context.CallActivityAsync(AddOne, value);
                }
            );
        await Engine.StartAsync(catalog);
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "two steps");

        await Engine.CrashAsync();
        await Engine.StartAsync(catalog);
        await Engine.Client.RaiseEventAsync("run", Approval, "go", Cancellation);

        Assert.Equal("value 4", Output<string>(await FinishAsync("run")));
        Assert.Equal(3, Probe.Keys.Count);
        Assert.Equal(3, Probe.Keys.Distinct().Count());
    }

    [Fact]
    public async Task An_activity_that_a_crash_cut_off_runs_again_with_the_same_key()
    {
        Need(EngineAbilities.Crash);
        var runs = 0;
        var catalog = new WorkflowCatalog()
            .Add(
                Flaky,
                _ =>
                    Probe.Activity<int, int>(
                        async (value, call) =>
                        {
                            if (Interlocked.Increment(ref runs) == 1)
                            {
                                await Probe.HoldAsync("first", call.Cancellation);
                            }

                            return value + 1;
                        }
                    )
            )
            .Add(Flow, (context, input) => context.CallActivityAsync(Flaky, input));
        await Engine.StartAsync(catalog);
        await Engine.Client.StartAsync(Flow, 1, "run", Cancellation);
        await Probe.ArrivedAsync("first");

        await Engine.CrashAsync();
        await Engine.StartAsync(catalog);

        Assert.Equal(2, Output<int>(await FinishAsync("run")));
        Assert.Equal(2, Probe.Keys.Count);
        Assert.Single(Probe.Keys.Distinct());
    }

    [Fact]
    public async Task Timers_events_and_children_survive_a_crash()
    {
        Need(EngineAbilities.Crash);
        var catalog = new WorkflowCatalog()
            .Add(Waiter, WaitAsync)
            .Add(
                TextFlow,
                async (context, input) =>
                {
                    var child = context.CallWorkflowAsync(Waiter, input, "leaf");
                    await context.CreateTimer(Tick);
                    context.SetCustomStatus("timer fired");
                    return await child + await context.WaitForExternalEvent(Approval);
                }
            );
        await Engine.StartAsync(catalog);
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("leaf", "waiting");
        await Engine.Client.RaiseEventAsync("run", Approval, " and early event", Cancellation);

        await Engine.CrashAsync();
        await Engine.StartAsync(catalog);
        await Engine.AdvanceAsync(Tick);
        await ReachedAsync("run", "timer fired");
        await Engine.CrashAsync();
        await Engine.StartAsync(catalog);
        await Engine.Client.RaiseEventAsync("leaf", Approval, "child", Cancellation);

        Assert.Equal("child and early event", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_suspended_instance_stays_suspended_over_a_crash()
    {
        Need(EngineAbilities.Crash);
        var catalog = new WorkflowCatalog().Add(Waiter, WaitAsync);
        await Engine.StartAsync(catalog);
        await Engine.Client.StartAsync(Waiter, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");
        await Engine.Client.SuspendAsync("run", "maintenance", Cancellation);
        await Engine.Client.RaiseEventAsync("run", Approval, "kept", Cancellation);

        await Engine.CrashAsync();
        await Engine.StartAsync(catalog);

        Assert.Equal(WorkflowStatus.Suspended, (await Engine.Client.GetAsync("run", Cancellation))!.Status);
        await Engine.Client.ResumeAsync("run", "go on", Cancellation);
        Assert.Equal("kept", Output<string>(await FinishAsync("run")));
    }

    [Theory]
    [InlineData("another activity")]
    [InlineData("another kind")]
    [InlineData("a call too many")]
    [InlineData("a call too few")]
    [InlineData("another order")]
    public async Task Code_that_does_not_match_the_history_is_detected(string change)
    {
        Need(EngineAbilities.Crash);
        await Engine.StartAsync(Changed("none"));
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");
        await Engine.CrashAsync();

        await Engine.StartAsync(Changed(change));
        await Engine.Client.RaiseEventAsync("run", Approval, "go", Cancellation);

        if (!Engine.Abilities.HasFlag(EngineAbilities.Quarantine))
        {
            Assert.Equal(WorkflowStatus.Failed, (await FinishAsync("run")).Status);
            return;
        }

        var stuck = await StatusAsync("run", WorkflowStatus.Quarantined);
        Assert.Contains("Step ", stuck.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(2, Probe.Keys.Count);

        // With the code that matches it goes on, and the event is still there.
        await Engine.CrashAsync();
        await Engine.StartAsync(Changed("none"));
        Assert.Equal("done 3", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task Code_may_change_after_the_point_that_the_history_has_reached()
    {
        Need(EngineAbilities.Crash);
        await Engine.StartAsync(Changed("none"));
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");
        await Engine.CrashAsync();

        await Engine.StartAsync(Changed("afterwards"));
        await Engine.Client.RaiseEventAsync("run", Approval, "go", Cancellation);

        Assert.Equal("done 4", Output<string>(await FinishAsync("run")));
    }

    private WorkflowCatalog Changed(string change) =>
        Catalog()
            .Add(AddTwo, _ => Probe.Activity<int, int>(value => value + 2))
            .Add(
                TextFlow,
                async (context, input) =>
                {
                    var (first, second) = change == "another order" ? (AddTwo, AddOne) : (AddOne, AddTwo);
                    var value = input;
                    if (change == "another kind")
                    {
                        await context.CreateTimer(Tick);
                    }
                    else
                    {
                        value = await context.CallActivityAsync(first, value);
                    }

                    if (change != "a call too few")
                    {
                        value = await context.CallActivityAsync(change == "another activity" ? AddOne : second, value);
                    }

                    if (change == "a call too many")
                    {
                        _ = context.CallActivityAsync(AddOne, value);
                    }

                    context.SetCustomStatus("waiting");
                    await context.WaitForExternalEvent(Approval);
                    return "done " + (change == "afterwards" ? await context.CallActivityAsync(AddOne, value) : value);
                }
            );
}
