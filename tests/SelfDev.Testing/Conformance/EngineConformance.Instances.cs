using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>What a client sees of instances: ids, queries, status, purge; and what a workflow sees of itself.</summary>
public abstract partial class EngineConformance
{
    [Fact]
    public async Task An_id_starts_once_whatever_became_of_it()
    {
        await Engine.StartAsync(Catalog().Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input)));

        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(input => Engine.Client.StartAsync(Flow, input, "same", Cancellation))
        );
        Assert.Single(outcomes, StartOutcome.Started);
        await FinishAsync("same");

        Assert.Equal(StartOutcome.AlreadyExists, await Engine.Client.StartAsync(Flow, 0, "same", Cancellation));
        Assert.Single(Probe.Keys);
    }

    [Fact]
    public async Task Unknown_ids_are_told_apart()
    {
        await Engine.StartAsync(Catalog());

        Assert.Null(await Engine.Client.GetAsync("nobody", Cancellation));
        Assert.Equal(
            SignalOutcome.Unknown,
            await Engine.Client.RaiseEventAsync("nobody", Approval, "yes", Cancellation)
        );
        Assert.Equal(SignalOutcome.Unknown, await Engine.Client.SuspendAsync("nobody", "why", Cancellation));
        Assert.Equal(SignalOutcome.Unknown, await Engine.Client.ResumeAsync("nobody", "why", Cancellation));
        await Assert.ThrowsAsync<KeyNotFoundException>(() =>
            Engine.Client.WaitForCompletionAsync("nobody", Cancellation)
        );
    }

    [Fact]
    public async Task Custom_status_and_input_are_shown()
    {
        await Engine.StartAsync(new WorkflowCatalog().Add(Waiter, WaitAsync));
        await Engine.Client.StartAsync(Waiter, 42, "run", Cancellation);

        var instance = await ReachedAsync("run", "waiting");

        Assert.Equal(
            ("run", "Waiter", "42", WorkflowStatus.Running),
            (instance.InstanceId, instance.Name, instance.Input, instance.Status)
        );
        Assert.False(instance.IsFinished);
    }

    [Fact]
    public async Task Queries_filter_by_prefix_and_status_in_order_of_creation()
    {
        await Engine.StartAsync(
            Catalog().Add(Waiter, WaitAsync).Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input))
        );
        foreach (var id in new[] { "train-2", "eval-1", "train-1", "train", "train-é" })
        {
            await Engine.Client.StartAsync(Waiter, 0, id, Cancellation);
            await ReachedAsync(id, "waiting");
        }

        await RunAsync(Flow, 0, "train-9");

        Assert.Equal(["train-2", "train-1", "train-é", "train-9"], await Ids(new WorkflowQuery("train-")));
        Assert.Equal(
            ["train-2", "train-1", "train-é"],
            await Ids(new WorkflowQuery("train-", [WorkflowStatus.Running]))
        );
        Assert.Equal(
            ["train-9"],
            await Ids(new WorkflowQuery(null, [WorkflowStatus.Completed, WorkflowStatus.Failed]))
        );
        Assert.Equal(["train-2", "eval-1"], await Ids(new WorkflowQuery(Limit: 2)));
        Assert.Empty(await Ids(new WorkflowQuery("nothing")));

        Assert.Equal(
            ["train-9", "train-é", "train", "train-1", "eval-1", "train-2"],
            await Ids(new WorkflowQuery(NewestFirst: true))
        );
        Assert.Equal(["train-9", "train-é"], await Ids(new WorkflowQuery(NewestFirst: true, Limit: 2)));
        Assert.Equal(
            ["train-9", "train-é", "train-1"],
            await Ids(new WorkflowQuery("train-", NewestFirst: true, Limit: 3))
        );
        Assert.Equal(
            ["train-é", "train-1", "train-2"],
            await Ids(new WorkflowQuery("train-", [WorkflowStatus.Running], 10, NewestFirst: true))
        );
        Assert.Equal(
            ["train-9", "train-é"],
            await Ids(new WorkflowQuery(null, [WorkflowStatus.Running, WorkflowStatus.Completed], 2, NewestFirst: true))
        );
        Assert.Equal(["train-é"], await Ids(new WorkflowQuery(null, [WorkflowStatus.Running], 1, NewestFirst: true)));
        Assert.Empty(await Ids(new WorkflowQuery("nothing", NewestFirst: true, Limit: 3)));

        async Task<List<string>> Ids(WorkflowQuery query)
        {
            var ids = new List<string>();
            await foreach (var instance in Engine.Client.QueryAsync(query, Cancellation))
            {
                ids.Add(instance.InstanceId);
            }

            return ids;
        }
    }

    [Fact]
    public async Task Purge_forgets_finished_instances_only()
    {
        await Engine.StartAsync(
            Catalog().Add(Waiter, WaitAsync).Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input))
        );
        await Engine.Client.StartAsync(Waiter, 0, "live", Cancellation);
        await ReachedAsync("live", "waiting");
        var first = await RunAsync(Flow, 0, "old");
        await Engine.AdvanceAsync(Tick);
        await RunAsync(Flow, 0, "new");

        Assert.Equal(1, await Engine.Client.PurgeAsync(first.UpdatedAt + (Tick / 2), Cancellation));

        Assert.Null(await Engine.Client.GetAsync("old", Cancellation));
        Assert.NotNull(await Engine.Client.GetAsync("new", Cancellation));
        Assert.NotNull(await Engine.Client.GetAsync("live", Cancellation));
        Assert.Equal(StartOutcome.Started, await Engine.Client.StartAsync(Flow, 1, "old", Cancellation));
        Assert.Equal(2, Output<int>(await FinishAsync("old")));
    }

    [Fact]
    public async Task Versions_compare_part_by_part_as_numbers()
    {
        await Engine.StartAsync(
            new WorkflowCatalog().Add(
                TextFlow,
                (context, _) =>
                    Task.FromResult(
                        string.Join(
                            ' ',
                            context.Version,
                            Math.Sign(context.CompareVersionTo(context.Version)),
                            Math.Sign(context.CompareVersionTo(context.Version + ".1")),
                            Math.Sign(context.CompareVersionTo("0.10")),
                            Math.Sign(context.CompareVersionTo("999.9"))
                        )
                    )
            )
        );

        Assert.Equal(WorkflowCatalog.DefaultVersion + " 0 -1 1 -1", Output<string>(await RunAsync(TextFlow, 0)));
    }

    [Fact]
    public async Task Terminate_cancels_a_running_activity()
    {
        Need(EngineAbilities.CancelsActivities);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    Flaky,
                    _ =>
                        Probe.Activity<int, int>(
                            async (value, call) =>
                            {
                                try
                                {
                                    await Probe.HoldAsync("hangs", call.Cancellation);
                                }
                                catch (OperationCanceledException)
                                {
                                    cancelled.TrySetResult();
                                }

                                return value;
                            }
                        )
                )
                .Add(Flow, (context, input) => context.CallActivityAsync(Flaky, input))
        );
        await Engine.Client.StartAsync(Flow, 0, "run", Cancellation);
        await Probe.ArrivedAsync("hangs");

        await Engine.Client.TerminateAsync("run", "stop it", Cancellation);

        await cancelled.Task.WaitAsync(RealLimit, Cancellation);
        Assert.Equal(WorkflowStatus.Terminated, (await FinishAsync("run")).Status);
    }
}
