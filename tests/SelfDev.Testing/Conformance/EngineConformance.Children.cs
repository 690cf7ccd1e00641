using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>Child workflows, and what ends or halts a whole tree of them.</summary>
public abstract partial class EngineConformance
{
    private static readonly Workflow<int, int> Child = new("Child");
    private static readonly Workflow<int, string> Waiter = new("Waiter");

    [Fact]
    public async Task A_child_returns_its_output_to_its_parent()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    Child,
                    async (context, input) =>
                        await context.CallActivityAsync(AddOne, input) * (context.ParentInstanceId == "run" ? 10 : 0)
                )
                .Add(
                    Flow,
                    async (context, input) =>
                    {
                        var children = Enumerable
                            .Range(0, 3)
                            .Select(branch => context.CallWorkflowAsync(Child, input + branch))
                            .ToList();
                        return (await Task.WhenAll(children)).Sum();
                    }
                )
        );

        Assert.Equal(60, Output<int>(await RunAsync(Flow, 0)));
    }

    [Fact]
    public async Task A_child_can_be_given_an_id()
    {
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(Child, (context, input) => Task.FromResult(input + context.InstanceId.Length))
                .Add(Flow, (context, input) => context.CallWorkflowAsync(Child, input, "child/7"))
        );

        Assert.Equal(8, Output<int>(await RunAsync(Flow, 1)));
        Assert.Equal(WorkflowStatus.Completed, (await Engine.Client.GetAsync("child/7", Cancellation))!.Status);
    }

    [Fact]
    public async Task A_child_failure_reaches_the_parent_with_its_root_cause()
    {
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(Flaky, _ => Probe.Activity<int, int>(int (_) => throw new TimeoutException("deep down")))
                .Add(Child, (context, input) => context.CallActivityAsync(Flaky, input))
                .Add(
                    TextFlow,
                    async (context, input) =>
                    {
                        try
                        {
                            await context.CallWorkflowAsync(Child, input);
                            return "no failure";
                        }
                        catch (WorkflowTaskFailedException failed)
                        {
                            return $"{failed.TaskName}: {Root(failed.Failure).Message}";
                        }
                    }
                )
        );

        Assert.Equal("Child: deep down", Output<string>(await RunAsync(TextFlow, 0)));

        static FailureDetails Root(FailureDetails failure) => failure.InnerFailure is { } inner ? Root(inner) : failure;
    }

    [Fact]
    public async Task A_child_is_retried_under_its_own_id()
    {
        Need(EngineAbilities.ReusesFinishedChildIds);
        var runs = 0;
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    Flaky,
                    _ =>
                        Probe.Activity<int, int>(_ =>
                            Interlocked.Increment(ref runs) is var run && run < 3
                                ? throw new TimeoutException("run " + run)
                                : run
                        )
                )
                .Add(Child, (context, input) => context.CallActivityAsync(Flaky, input))
                .Add(
                    Flow,
                    (context, input) =>
                        context.CallWorkflowAsync(Child, input, "the-child", new RetryPolicy(3, TimeSpan.Zero))
                )
        );

        Assert.Equal(3, Output<int>(await RunAsync(Flow, 0)));

        // Each run of the child is a run of its own: its calls are other calls.
        Assert.Equal(3, Probe.Keys.Distinct().Count());
    }

    [Fact]
    public async Task Terminate_ends_an_instance_with_all_its_descendants()
    {
        var middle = new Workflow<int, string>("Middle");
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(Waiter, WaitAsync)
                .Add(middle, (context, input) => context.CallWorkflowAsync(Waiter, input, "leaf"))
                .Add(TextFlow, (context, input) => context.CallWorkflowAsync(middle, input, "middle"))
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("leaf", "waiting");

        Assert.Equal(SignalOutcome.Accepted, await Engine.Client.TerminateAsync("run", "kill switch", Cancellation));

        foreach (var id in new[] { "run", "middle", "leaf" })
        {
            Assert.Equal(WorkflowStatus.Terminated, (await FinishAsync(id)).Status);
        }

        Assert.Equal(SignalOutcome.Finished, await Engine.Client.TerminateAsync("run", "again", Cancellation));
        Assert.Equal(
            SignalOutcome.Finished,
            await Engine.Client.RaiseEventAsync("leaf", Approval, "late", Cancellation)
        );
        Assert.Equal(SignalOutcome.Unknown, await Engine.Client.TerminateAsync("nobody", "kill switch", Cancellation));
    }

    [Fact]
    public async Task A_terminated_child_fails_its_parents_call()
    {
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(Waiter, WaitAsync)
                .Add(
                    TextFlow,
                    async (context, input) =>
                    {
                        try
                        {
                            return await context.CallWorkflowAsync(Waiter, input, "leaf");
                        }
                        catch (WorkflowTaskFailedException failed)
                        {
                            return failed.TaskName + " failed";
                        }
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("leaf", "waiting");

        await Engine.Client.TerminateAsync("leaf", "stuck", Cancellation);

        Assert.Equal("Waiter failed", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_child_cannot_take_the_id_of_a_live_instance()
    {
        Need(EngineAbilities.RefusesLiveChildIds);
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(Waiter, WaitAsync)
                .Add(
                    TextFlow,
                    async (context, input) =>
                    {
                        try
                        {
                            return await context.CallWorkflowAsync(Waiter, input, "taken");
                        }
                        catch (WorkflowTaskFailedException)
                        {
                            return "refused";
                        }
                    }
                )
        );
        await Engine.Client.StartAsync(Waiter, 0, "taken", Cancellation);
        await ReachedAsync("taken", "waiting");

        Assert.Equal("refused", Output<string>(await RunAsync(TextFlow, 0)));
        Assert.Equal(WorkflowStatus.Running, (await Engine.Client.GetAsync("taken", Cancellation))!.Status);
    }

    [Fact]
    public async Task Suspend_halts_an_instance_and_resume_loses_nothing()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        context.SetCustomStatus("waiting");
                        var first = await context.WaitForExternalEvent(Approval);
                        context.SetCustomStatus("second");
                        return first + await context.WaitForExternalEvent(Approval);
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await ReachedAsync("run", "waiting");

        Assert.Equal(SignalOutcome.Accepted, await Engine.Client.SuspendAsync("run", "maintenance", Cancellation));
        await StatusAsync("run", WorkflowStatus.Suspended);
        await Engine.Client.RaiseEventAsync("run", Approval, "1", Cancellation);
        await Engine.Client.RaiseEventAsync("run", Approval, "2", Cancellation);
        var halted = await Engine.Client.GetAsync("run", Cancellation);
        Assert.Equal(WorkflowStatus.Suspended, halted!.Status);
        Assert.Equal(Payload.Serialize("waiting"), halted.CustomStatus);

        Assert.Equal(SignalOutcome.Accepted, await Engine.Client.ResumeAsync("run", "done", Cancellation));
        Assert.Equal("12", Output<string>(await FinishAsync("run")));
    }

    private static async Task<string> WaitAsync(IWorkflowContext context, int input)
    {
        context.SetCustomStatus("waiting");
        return await context.WaitForExternalEvent(Approval);
    }
}
