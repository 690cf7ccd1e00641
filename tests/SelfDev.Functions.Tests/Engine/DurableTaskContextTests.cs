using System.Text.Json;
using Microsoft.DurableTask;
using SelfDev.Functions.Engine;
using SelfDev.Workflows.Engine;
using RetryPolicy = SelfDev.Workflows.Engine.RetryPolicy;

namespace SelfDev.Functions.Tests.Engine;

/// <summary>What the adapter asks of Durable Functions, and what a workflow sees of its answers. No host.</summary>
public sealed class DurableTaskContextTests
{
    private static readonly Activity<Input, int> Count = new("Count");
    private static readonly Workflow<Input, int> Child = new("Child");
    private static readonly WorkflowEvent<string> Approved = new("approval:abc:1");

    private sealed record Input(string Text);

    [Fact]
    public async Task An_activity_gets_its_input_as_plain_json_with_a_key_of_its_own()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, generation: 2);

        await context.CallActivityAsync(Count, new Input("a"));
        await context.CallActivityAsync(Count, new Input("b"));

        var calls = engine.Activities.Select(call => Assert.IsType<ActivityCall>(call.Input)).ToList();
        Assert.Equal(["run-1:2:0", "run-1:2:1"], calls.Select(call => call.Key));
        Assert.Equal("""{"text":"a"}""", calls[0].Input.GetRawText());
        Assert.Equal(["Count", "Count"], engine.Activities.Select(call => call.Name));
        Assert.Null(engine.Activities[0].Options);
    }

    [Fact]
    public async Task A_retry_policy_goes_along_with_the_call()
    {
        var engine = new FakeOrchestrationContext();

        await new DurableTaskContext(engine, 0).CallActivityAsync(
            Count,
            new Input("a"),
            new RetryPolicy(5, TimeSpan.FromSeconds(2), 2.0)
        );

        Assert.Equal(5, engine.Activities[0].Options!.Retry!.Policy!.MaxNumberOfAttempts);
    }

    [Fact]
    public void An_input_over_the_limit_never_reaches_the_engine()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 0);
        var large = new Input(new string('x', Payload.MaxBytes));

        Assert.Throws<PayloadTooLargeException>(() =>
        {
            _ = context.CallActivityAsync(Count, large);
        });
        Assert.Throws<PayloadTooLargeException>(() =>
        {
            _ = context.CallWorkflowAsync(Child, large);
        });
        Assert.Throws<PayloadTooLargeException>(() => context.SetCustomStatus(large));
        Assert.Throws<PayloadTooLargeException>(() => context.ContinueAsNew(large));

        Assert.Empty(engine.Activities);
        Assert.Empty(engine.Children);
        Assert.Null(engine.CustomStatus);
        Assert.Empty(engine.NextInputs);
    }

    [Fact]
    public async Task A_failed_task_arrives_with_the_type_of_the_exception_that_was_thrown_first()
    {
        var root = new TaskFailureDetails("System.IO.IOException", "disk full", "stack", null, null);
        var engine = new FakeOrchestrationContext
        {
            Answer = name =>
                throw new TaskFailedException(
                    name,
                    7,
                    new TaskFailureDetails("Microsoft.DurableTask.TaskFailedException", "wrapped", null, root, null)
                ),
        };
        var context = new DurableTaskContext(engine, 0);

        var failed = await Assert.ThrowsAsync<WorkflowTaskFailedException>(() =>
            context.CallWorkflowAsync(Child, new Input("a"))
        );

        Assert.Equal("Child", failed.TaskName);
        Assert.Equal(new FailureDetails("System.IO.IOException", "disk full"), failed.Failure);
    }

    [Fact]
    public async Task A_terminated_child_which_leaves_no_details_fails_the_call_all_the_same()
    {
        var engine = new FakeOrchestrationContext { Answer = name => throw Undetailed(name) };

        var failed = await Assert.ThrowsAsync<WorkflowTaskFailedException>(() =>
            new DurableTaskContext(engine, 0).CallWorkflowAsync(Child, new Input("a"))
        );

        Assert.Equal("Terminated", failed.Failure.ErrorType);

        // As Durable Functions makes it: the constructor reads the message of the details, the child left none.
        static TaskFailedException Undetailed(string name)
        {
            var exception = new TaskFailedException(name, 1, new TaskFailureDetails("x", "y", null, null, null));
            typeof(TaskFailedException)
                .GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)
                .Single(field => field.FieldType == typeof(TaskFailureDetails))
                .SetValue(exception, null);
            return exception;
        }
    }

    [Fact]
    public async Task A_child_has_a_deterministic_id_the_current_version_and_knows_its_parent()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 1);

        await context.CallWorkflowAsync(Child, new Input("a"));
        await context.CallWorkflowAsync(Child, new Input("b"), "chosen");

        var options = engine.Children.Select(child => Assert.IsType<SubOrchestrationOptions>(child.Options)).ToList();
        Assert.Equal(["run-1:1:0", "chosen"], options.Select(option => option.InstanceId));
        Assert.All(options, option => Assert.Equal(WorkflowCatalog.DefaultVersion, option.Version!.Value.Version));
        Assert.All(options, option => Assert.Contains("run-1", option.Tags!.Values));
    }

    [Fact]
    public async Task A_timer_of_unspecified_kind_is_utc_and_not_the_machines_time()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 0);

        var timer = context.CreateTimer(new DateTime(2026, 3, 2), CancellationToken.None);
        engine.Timers[0].Fired.SetResult();
        await timer;

        Assert.Equal(DateTimeKind.Utc, engine.Timers[0].FireAt.Kind);
        Assert.Equal(new DateTime(2026, 3, 2), engine.Timers[0].FireAt);
    }

    [Fact]
    public async Task A_wait_that_gets_its_event_cancels_its_timer()
    {
        var engine = new FakeOrchestrationContext();
        var wait = new DurableTaskContext(engine, 0).WaitForExternalEvent(Approved, TimeSpan.FromHours(4));

        engine.Raise("approval:abc:1", "yes");

        Assert.Equal("yes", await wait);
        Assert.Equal(engine.CurrentUtcDateTime.AddHours(4), engine.Timers[0].FireAt);
        Assert.True(engine.Timers[0].Fired.Task.IsCanceled);
    }

    [Fact]
    public async Task A_wait_that_times_out_leaves_the_next_event_to_the_next_wait()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 0);
        var first = context.WaitForExternalEvent(Approved, TimeSpan.FromHours(1));
        engine.Timers[0].Fired.SetResult();
        await Assert.ThrowsAsync<TaskCanceledException>(() => first);

        var second = context.WaitForExternalEvent(Approved, TimeSpan.FromHours(1));
        Assert.Equal(1, engine.OpenWaits("approval:abc:1"));
        engine.Raise("approval:abc:1", "late");

        Assert.Equal("late", await second);
    }

    [Fact]
    public async Task Waits_on_one_name_are_served_in_the_order_they_asked()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 0);
        var cancellation = TestContext.Current.CancellationToken;
        var (first, second) = (
            context.WaitForExternalEvent(Approved, cancellation),
            context.WaitForExternalEvent(Approved, cancellation)
        );

        engine.Raise("approval:abc:1", "1");
        engine.Raise("approval:abc:1", "2");

        Assert.Equal("1", await first);
        Assert.Equal("2", await second);
    }

    [Fact]
    public async Task Events_that_nobody_took_go_on_to_the_next_generation()
    {
        var engine = new FakeOrchestrationContext();
        var context = new DurableTaskContext(engine, 0);
        var wait = context.WaitForExternalEvent(Approved, TimeSpan.FromHours(1));
        engine.Timers[0].Fired.SetResult();
        await Assert.ThrowsAsync<TaskCanceledException>(() => wait);
        engine.Raise("approval:abc:1", "kept");

        context.ContinueAsNew(new Input("again"));

        var sent = Assert.Single(engine.SentEvents);
        Assert.Equal(
            ("run-1", "approval:abc:1", "\"kept\""),
            (sent.InstanceId, sent.Name, ((JsonElement)sent.Payload).GetRawText())
        );
        Assert.Equal(
            """{"selfdev:generation":1,"input":{"text":"again"}}""",
            Assert.IsType<JsonElement>(engine.NextInputs.Single()).GetRawText()
        );
    }

    [Fact]
    public async Task A_generation_reads_its_bare_input_and_numbers_its_calls_anew()
    {
        var seen = new List<string>();
        var catalog = new WorkflowCatalog().Add(
            new Workflow<Input, int>("Main"),
            async (context, input) =>
            {
                seen.Add(input.Text);
                return await context.CallActivityAsync(Count, input);
            }
        );
        var engine = new FakeOrchestrationContext(Json("""{"selfdev:generation":3,"input":{"text":"third"}}"""));

        var output = await new CatalogRunner(catalog).RunWorkflowAsync(engine);

        Assert.Equal(["third"], seen);
        Assert.Equal("run-1:3:0", ((ActivityCall)engine.Activities.Single().Input!).Key);
        Assert.Equal("0", output.GetRawText());
    }

    [Fact]
    public async Task A_workflow_that_lets_a_failure_pass_ends_with_the_exception_that_the_engine_records_whole()
    {
        var catalog = new WorkflowCatalog().Add(
            new Workflow<Input, int>("Main"),
            (context, input) => context.CallActivityAsync(Count, input)
        );
        var engine = new FakeOrchestrationContext(Json("""{"text":"a"}"""))
        {
            Answer = name =>
                throw new TaskFailedException(
                    name,
                    1,
                    new TaskFailureDetails("System.IO.IOException", "disk full", null, null, null)
                ),
        };

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() =>
            new CatalogRunner(catalog).RunWorkflowAsync(engine)
        );

        Assert.Equal(("Count", "System.IO.IOException"), (failed.TaskName, failed.FailureDetails.ErrorType));
    }

    [Fact]
    public async Task A_name_that_the_catalog_lacks_is_named()
    {
        var runner = new CatalogRunner(new WorkflowCatalog());

        var workflow = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            runner.RunWorkflowAsync(new FakeOrchestrationContext())
        );
        var activity = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            runner.RunActivityAsync("Gone", new ActivityCall("run-1", "k", default), null!, CancellationToken.None)
        );

        Assert.Contains("'Main'", workflow.Message);
        Assert.Contains("'Gone'", activity.Message);
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
