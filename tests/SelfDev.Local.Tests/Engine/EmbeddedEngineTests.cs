using SelfDev.Local.Engine.Store;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>What this engine promises beyond the conformance suite.</summary>
public sealed class EmbeddedEngineTests
{
    private static readonly Workflow<int, int> Flow = new("Flow");
    private static readonly Workflow<int, string> TextFlow = new("TextFlow");
    private static readonly Activity<int, int> AddOne = new("AddOne");
    private static readonly WorkflowEvent<string> Go = new("go");

    private readonly ActivityProbe _probe = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<WorkflowInstance> FinishAsync(EmbeddedEngineUnderTest subject, string id) =>
        await subject.Client.WaitForCompletionAsync(id, Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

    private WorkflowCatalog Catalog() =>
        new WorkflowCatalog().Add(AddOne, _ => _probe.Activity<int, int>(value => value + 1));

    [Fact]
    public async Task One_commit_serves_all_instances_that_are_ready()
    {
        const int Instances = 200;
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(
            Catalog()
                .Add(
                    TextFlow,
                    async (context, input) =>
                    {
                        var payload = await context.WaitForExternalEvent(Go);
                        await context.CallActivityAsync(AddOne, input);
                        return payload;
                    }
                )
        );

        await Task.WhenAll(
            Enumerable
                .Range(0, Instances)
                .Select(index => subject.Client.StartAsync(TextFlow, index, "i" + index, Cancellation))
        );
        await Task.WhenAll(
            Enumerable
                .Range(0, Instances)
                .Select(index => subject.Client.RaiseEventAsync("i" + index, Go, "go", Cancellation))
        );
        await Task.WhenAll(Enumerable.Range(0, Instances).Select(index => FinishAsync(subject, "i" + index)));

        // Three durable steps an instance: start, event, result.
        Assert.InRange(subject.Engine.Commits, 3, Instances * 3 / 4);
    }

    [Fact]
    public async Task Ten_thousand_branches_run_a_bounded_number_at_a_time()
    {
        const int Branches = 10_000;
        var (running, most) = (0, 0);
        await using var subject = new EmbeddedEngineUnderTest(options => options with { MaxConcurrentActivities = 8 });
        await subject.StartAsync(
            new WorkflowCatalog()
                .Add(
                    AddOne,
                    _ =>
                        _probe.Activity<int, int>(
                            async (value, _) =>
                            {
                                var now = Interlocked.Increment(ref running);
                                InterlockedMax(ref most, now);
                                await Task.Yield();
                                Interlocked.Decrement(ref running);
                                return value + 1;
                            }
                        )
                )
                .Add(
                    Flow,
                    async (context, width) =>
                        (
                            await Task.WhenAll(
                                Enumerable.Range(0, width).Select(branch => context.CallActivityAsync(AddOne, branch))
                            )
                        ).Count(value => value > 0)
                )
        );
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await subject.Client.StartAsync(Flow, Branches, "wide", Cancellation);
        Assert.Equal("10000", (await FinishAsync(subject, "wide")).Output);

        Assert.InRange(most, 1, 8);
        Assert.Equal(Branches, _probe.Keys.Distinct().Count());

        // What is left behind is the probe's list of keys and little else: the instance's memory is given back.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32L << 20);

        static void InterlockedMax(ref int target, int value)
        {
            for (var seen = Volatile.Read(ref target); seen < value; )
            {
                var found = Interlocked.CompareExchange(ref target, value, seen);
                if (found == seen)
                {
                    return;
                }

                seen = found;
            }
        }
    }

    [Fact]
    public async Task A_wide_fan_out_does_not_hold_up_another_instance()
    {
        await using var subject = new EmbeddedEngineUnderTest(options => options with { MaxConcurrentActivities = 1 });
        var order = new List<string>();
        var named = new Activity<string, string>("Named");
        await subject.StartAsync(
            new WorkflowCatalog()
                .Add(
                    named,
                    _ =>
                        _probe.Activity<string, string>(
                            async (name, call) =>
                            {
                                lock (order)
                                {
                                    order.Add(name);
                                }

                                await _probe.HoldAsync(name, call.Cancellation);
                                return name;
                            }
                        )
                )
                .Add(
                    Flow,
                    async (context, width) =>
                    {
                        await Task.WhenAll(
                            Enumerable
                                .Range(0, width)
                                .Select(branch => context.CallActivityAsync(named, context.InstanceId + branch))
                        );
                        return width;
                    }
                )
        );
        await subject.Client.StartAsync(Flow, 20, "wide", Cancellation);
        await _probe.ArrivedAsync("wide0");
        await subject.Client.StartAsync(Flow, 1, "small", Cancellation);

        foreach (var name in Enumerable.Range(0, 20).Select(branch => "wide" + branch).Append("small0"))
        {
            _probe.Release(name);
        }

        await FinishAsync(subject, "small");
        await FinishAsync(subject, "wide");
        Assert.InRange(order.IndexOf("small0"), 1, 2);
    }

    [Fact]
    public async Task Awaiting_a_task_that_is_not_of_the_context_is_detected()
    {
        var foreign = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(
            Catalog()
                .Add(
                    Flow,
                    async (_, input) =>
                    {
                        await foreign.Task;
                        return input;
                    }
                )
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        var event1 = context.WaitForExternalEvent(Go);
                        await Task.WhenAny(event1, foreign.Task);
                        return "went on";
                    }
                )
        );

        await subject.Client.StartAsync(Flow, 0, "alone", Cancellation);
        var alone = await subject.WaitUntilAsync("alone", instance => instance.Status == WorkflowStatus.Quarantined);
        Assert.Contains("not a task of its context", alone.Failure!.Message, StringComparison.Ordinal);

        await subject.Client.StartAsync(TextFlow, 0, "beside", Cancellation);
        foreign.SetResult();
        var beside = await subject.WaitUntilAsync("beside", instance => instance.Status == WorkflowStatus.Quarantined);
        Assert.Contains("not a task of its context", beside.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_left_the_catalog_are_found_at_start_up()
    {
        await using var subject = new EmbeddedEngineUnderTest();
        var full = new WorkflowCatalog()
            .Add(
                AddOne,
                _ =>
                    _probe.Activity<int, int>(
                        async (value, call) =>
                        {
                            await _probe.HoldAsync("held", call.Cancellation);
                            return value + 1;
                        }
                    )
            )
            .Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input))
            .Add(TextFlow, (context, _) => context.WaitForExternalEvent(Go));
        await subject.StartAsync(full);
        await subject.Client.StartAsync(Flow, 1, "activity gone", Cancellation);
        await subject.Client.StartAsync(TextFlow, 1, "workflow gone", Cancellation);
        await _probe.ArrivedAsync("held");
        await subject.CrashAsync();

        await subject.StartAsync(
            new WorkflowCatalog().Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input))
        );
        var activityGone = await subject.Client.GetAsync("activity gone", Cancellation);
        var workflowGone = await subject.Client.GetAsync("workflow gone", Cancellation);
        Assert.Equal(
            (WorkflowStatus.Quarantined, WorkflowStatus.Quarantined),
            (activityGone!.Status, workflowGone!.Status)
        );
        Assert.Contains("activity 'AddOne'", activityGone.Failure!.Message, StringComparison.Ordinal);
        Assert.Contains("workflow is called 'TextFlow'", workflowGone.Failure!.Message, StringComparison.Ordinal);

        // Resuming does not help while the name is missing, and says so again.
        await subject.Client.ResumeAsync("activity gone", "try", Cancellation);
        Assert.Equal(
            WorkflowStatus.Quarantined,
            (await subject.Client.GetAsync("activity gone", Cancellation))!.Status
        );

        await subject.StopAsync();
        _probe.Release("held");
        await subject.StartAsync(full);
        await subject.Client.RaiseEventAsync("workflow gone", Go, "on", Cancellation);
        Assert.Equal("2", (await FinishAsync(subject, "activity gone")).Output);
        Assert.Equal("\"on\"", (await FinishAsync(subject, "workflow gone")).Output);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_timer_is_neither_early_nor_lost_when_the_clock_jumps_an_hour(int hours)
    {
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(
            new WorkflowCatalog().Add(
                Flow,
                async (context, minutes) =>
                {
                    var due = context.CurrentUtcDateTime.AddMinutes(minutes);
                    context.SetCustomStatus("armed");
                    await context.CreateTimer(due, CancellationToken.None);
                    return context.CurrentUtcDateTime >= due ? 1 : -1;
                }
            )
        );
        await subject.Client.StartAsync(Flow, 90, "run", Cancellation);
        await subject.WaitUntilAsync("run", instance => instance.CustomStatus is not null);
        var due = subject.Clock.GetUtcNow().AddMinutes(90);

        subject.Clock.SetUtcNow(subject.Clock.GetUtcNow().AddHours(hours));
        subject.Clock.SetUtcNow(due.AddSeconds(-1));

        // An answered event proves that the engine has seen to everything before it: no timer was among that.
        Assert.Equal(
            SignalOutcome.Accepted,
            await subject.Client.RaiseEventAsync("run", Go, "still there?", Cancellation)
        );
        Assert.Equal(WorkflowStatus.Running, (await subject.Client.GetAsync("run", Cancellation))!.Status);
        subject.Clock.SetUtcNow(due);

        Assert.Equal("1", (await FinishAsync(subject, "run")).Output);
    }

    [Fact]
    public async Task A_timer_that_came_due_while_the_engine_was_down_fires_at_start_up()
    {
        await using var subject = new EmbeddedEngineUnderTest();
        var catalog = new WorkflowCatalog().Add(
            Flow,
            async (context, input) =>
            {
                await context.CreateTimer(TimeSpan.FromDays(2));
                return input;
            }
        );
        await subject.StartAsync(catalog);
        await subject.Client.StartAsync(Flow, 7, "run", Cancellation);
        await subject.CrashAsync();
        subject.Clock.Advance(TimeSpan.FromDays(3));

        await subject.StartAsync(catalog);

        Assert.Equal("7", (await FinishAsync(subject, "run")).Output);
    }

    [Fact]
    public async Task The_history_is_there_to_read()
    {
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(Catalog().Add(Flow, (context, input) => context.CallActivityAsync(AddOne, input)));
        await subject.Client.StartAsync(Flow, 1, "run", Cancellation);
        await FinishAsync(subject, "run");

        Assert.Equal(
            [HistoryKind.Started, HistoryKind.ActivityScheduled, HistoryKind.ActivityCompleted, HistoryKind.Completed],
            subject.Engine.ReadHistory("run").Select(entry => entry.Kind)
        );
        Assert.Empty(subject.Engine.ReadHistory("nobody"));
    }
}
