using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>External events and timers, and the races between them.</summary>
public abstract partial class EngineConformance
{
    private static readonly WorkflowEvent<string> Approval = new("approval:abc:1");
    private static readonly Workflow<int, int> Counter = new("Counter");

    [Fact]
    public async Task An_event_reaches_the_workflow_that_waits()
    {
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                TextFlow,
                async (context, _) =>
                {
                    context.SetCustomStatus("waiting");
                    return await context.WaitForExternalEvent(Approval);
                }
            )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");

        Assert.Equal(SignalOutcome.Accepted, await Engine.Client.RaiseEventAsync("run", Approval, "yes", Cancellation));

        Assert.Equal("yes", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task Events_that_come_before_the_wait_are_kept_in_order()
    {
        var held = new Activity<string, string>("Held");
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    held,
                    _ =>
                        Probe.Activity<string, string>(
                            async (name, call) =>
                            {
                                await Probe.HoldAsync(name, call.Cancellation);
                                return name;
                            }
                        )
                )
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        await context.CallActivityAsync(held, "work");
                        return await context.WaitForExternalEvent(Approval)
                            + await context.WaitForExternalEvent(Approval);
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await Probe.ArrivedAsync("work");

        await Engine.Client.RaiseEventAsync("run", Approval, "1", Cancellation);
        await Engine.Client.RaiseEventAsync("run", Approval, "2", Cancellation);
        Probe.Release("work");

        Assert.Equal("12", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task Events_of_other_names_do_not_disturb_a_wait()
    {
        var other = new WorkflowEvent<string>("approval:abc:2");
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                TextFlow,
                async (context, _) =>
                    await context.WaitForExternalEvent(Approval) + await context.WaitForExternalEvent(other)
            )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);

        await Engine.Client.RaiseEventAsync("run", other, "b", Cancellation);
        await Engine.Client.RaiseEventAsync("run", Approval, "a", Cancellation);

        Assert.Equal("ab", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_timer_fires_at_its_time_and_not_before()
    {
        var delay = Tick * 3;
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                Flow,
                async (context, _) =>
                {
                    var due = context.CurrentUtcDateTime + delay;
                    context.SetCustomStatus("sleeping");
                    await context.CreateTimer(due, CancellationToken.None);
                    return context.CurrentUtcDateTime >= due ? 1 : 0;
                }
            )
        );
        await Engine.Client.StartAsync(Flow, 0, "run", Cancellation);
        await ReachedAsync("run", "sleeping");

        await Engine.AdvanceAsync(delay);

        Assert.Equal(1, Output<int>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_timer_in_the_past_fires_at_once()
    {
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                Flow,
                async (context, _) =>
                {
                    await context.CreateTimer(context.CurrentUtcDateTime.AddHours(-1), CancellationToken.None);
                    return 1;
                }
            )
        );

        Assert.Equal(1, Output<int>(await RunAsync(Flow, 0)));
    }

    [Fact]
    public async Task A_cancelled_timer_does_not_keep_the_instance_running()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        using var cancel = new CancellationTokenSource();
                        var timer = context.CreateTimer(context.CurrentUtcDateTime.AddDays(30), cancel.Token);
                        await context.CallActivityAsync(AddOne, 1);
                        cancel.Cancel();
                        try
                        {
                            await timer;
                            return "fired";
                        }
                        catch (TaskCanceledException)
                        {
                            return "cancelled";
                        }
                    }
                )
        );

        Assert.Equal("cancelled", Output<string>(await RunAsync(TextFlow, 0)));
    }

    [Fact]
    public async Task In_a_race_the_event_wins_when_it_comes_first()
    {
        await Engine.StartAsync(RaceCatalog(Tick * 1000));
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "racing");

        await Engine.Client.RaiseEventAsync("run", Approval, "yes", Cancellation);

        Assert.Equal("event yes", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task In_a_race_the_timer_wins_when_no_event_comes()
    {
        await Engine.StartAsync(RaceCatalog(Tick));
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "racing");

        await Engine.AdvanceAsync(Tick);

        Assert.Equal("timer", Output<string>(await FinishAsync("run")));
        Assert.Equal(
            SignalOutcome.Finished,
            await Engine.Client.RaiseEventAsync("run", Approval, "late", Cancellation)
        );
    }

    [Fact]
    public async Task A_wait_with_a_time_out_ends_in_a_cancellation_or_the_event()
    {
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                TextFlow,
                async (context, _) =>
                {
                    context.SetCustomStatus("waiting");
                    var first = "event";
                    try
                    {
                        await context.WaitForExternalEvent(Approval, Tick);
                    }
                    catch (TaskCanceledException)
                    {
                        first = "none";
                    }

                    context.SetCustomStatus("again");
                    return first + "," + await context.WaitForExternalEvent(Approval, Tick * 1000);
                }
            )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");

        await Engine.AdvanceAsync(Tick);
        await ReachedAsync("run", "again");
        await Engine.Client.RaiseEventAsync("run", Approval, "late", Cancellation);

        // The wait that timed out must not have taken the event.
        Assert.Equal("none,late", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_slow_branch_can_be_left_behind_at_a_deadline()
    {
        Need(EngineAbilities.EndsWithOpenCalls);
        var held = new Activity<string, string>("Held");
        await Engine.StartAsync(
            Catalog()
                .Add(
                    held,
                    _ =>
                        Probe.Activity<string, string>(
                            async (name, call) =>
                            {
                                await Probe.HoldAsync(name, call.Cancellation);
                                return name;
                            }
                        )
                )
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        using var cancel = new CancellationTokenSource();
                        var deadline = context.CreateTimer(context.CurrentUtcDateTime + Tick, cancel.Token);
                        var hanging = context.CallActivityAsync(held, "hangs");
                        var quick = await context.CallActivityAsync(AddOne, 1);
                        context.SetCustomStatus("partial");
                        return await Task.WhenAny(hanging, deadline) == deadline
                            ? $"{quick}, one branch missing"
                            : "all";
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "partial");

        await Engine.AdvanceAsync(Tick);

        Assert.Equal("2, one branch missing", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task Continue_as_new_starts_over_with_the_next_input()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    Counter,
                    async (context, count) =>
                    {
                        var next = await context.CallActivityAsync(AddOne, count);
                        if (next < 5)
                        {
                            context.ContinueAsNew(next);
                            return 0;
                        }

                        return next;
                    }
                )
        );

        Assert.Equal(5, Output<int>(await RunAsync(Counter, 0)));
        Assert.Equal(5, Probe.Keys.Distinct().Count());
    }

    [Fact]
    public async Task Continue_as_new_carries_events_that_nobody_consumed()
    {
        var held = new Activity<string, string>("Held");
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    held,
                    _ =>
                        Probe.Activity<string, string>(
                            async (name, call) =>
                            {
                                await Probe.HoldAsync(name, call.Cancellation);
                                return name;
                            }
                        )
                )
                .Add(
                    TextFlow,
                    async (context, round) =>
                    {
                        if (round == 0)
                        {
                            await context.CallActivityAsync(held, "round 0");
                            await context.WaitForExternalEvent(Approval);
                            context.ContinueAsNew(1);
                            return "";
                        }

                        return await context.WaitForExternalEvent(Approval)
                            + await context.WaitForExternalEvent(Approval);
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await Probe.ArrivedAsync("round 0");
        foreach (var payload in new[] { "1", "2", "3" })
        {
            await Engine.Client.RaiseEventAsync("run", Approval, payload, Cancellation);
        }

        Probe.Release("round 0");

        Assert.Equal("23", Output<string>(await FinishAsync("run")));
    }

    private static WorkflowCatalog RaceCatalog(TimeSpan time) =>
        new WorkflowCatalog().Add(
            TextFlow,
            async (context, _) =>
            {
                using var cancel = new CancellationTokenSource();
                var timer = context.CreateTimer(context.CurrentUtcDateTime + time, cancel.Token);
                var approval = context.WaitForExternalEvent(Approval);
                context.SetCustomStatus("racing");
                if (await Task.WhenAny(timer, approval) == timer)
                {
                    return "timer";
                }

                cancel.Cancel();
                return "event " + await approval;
            }
        );
}
