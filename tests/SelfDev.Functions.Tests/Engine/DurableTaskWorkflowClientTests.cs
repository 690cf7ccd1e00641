using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using SelfDev.Functions.Engine;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Tests.Engine;

/// <summary>The client port on a Durable Task client. No host.</summary>
public sealed class DurableTaskWorkflowClientTests : IAsyncDisposable
{
    private static readonly Workflow<int, int> Flow = new("Flow");
    private static readonly WorkflowEvent<string> Approved = new("approval:abc:1");
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeDurableTaskClient _durable = new();
    private readonly DurableTaskWorkflowClient _client;

    public DurableTaskWorkflowClientTests()
    {
        _client = new DurableTaskWorkflowClient(_durable);
    }

    public ValueTask DisposeAsync() => _durable.DisposeAsync();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_carries_input_version_and_every_status_as_a_reason_not_to_start_again()
    {
        Assert.Equal(StartOutcome.Started, await _client.StartAsync(Flow, 5, "run-1", Cancellation));

        var start = Assert.Single(_durable.Starts);
        Assert.Equal("Flow", start.Name);
        Assert.Equal("5", Assert.IsType<JsonElement>(start.Input).GetRawText());
        Assert.Equal("run-1", start.Options!.InstanceId);
        Assert.Equal(WorkflowCatalog.DefaultVersion, start.Options.Version!.Value.Version);
        Assert.Equal(
            ["Completed", "Failed", "Pending", "Running", "Suspended", "Terminated"],
            start.Options.DedupeStatuses!.Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(OrchestrationRuntimeStatus.Running)]
    [InlineData(OrchestrationRuntimeStatus.Completed)]
    [InlineData(OrchestrationRuntimeStatus.Failed)]
    [InlineData(OrchestrationRuntimeStatus.Terminated)]
    public async Task An_id_that_was_used_is_not_started_again(OrchestrationRuntimeStatus status)
    {
        Add("run-1", status);

        Assert.Equal(StartOutcome.AlreadyExists, await _client.StartAsync(Flow, 5, "run-1", Cancellation));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("@a")]
    public async Task Ids_that_Durable_Functions_refuses_are_refused_with_the_rule(string id)
    {
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => _client.StartAsync(Flow, 5, id, Cancellation));

        Assert.Contains("1 to 100 characters", refused.Message);
        Assert.Empty(_durable.Starts);
    }

    [Fact]
    public async Task An_input_over_the_limit_is_refused_before_it_is_sent()
    {
        var text = new Workflow<string, int>("Text");

        await Assert.ThrowsAsync<PayloadTooLargeException>(() =>
            _client.StartAsync(text, new string('x', Payload.MaxBytes), "run-1", Cancellation)
        );

        Assert.Empty(_durable.Starts);
    }

    [Fact]
    public async Task Signals_to_unknown_and_finished_instances_are_told_apart_and_not_sent()
    {
        Add("over", OrchestrationRuntimeStatus.Completed);

        Assert.Equal(SignalOutcome.Unknown, await _client.RaiseEventAsync("nobody", Approved, "yes", Cancellation));
        Assert.Equal(SignalOutcome.Finished, await _client.RaiseEventAsync("over", Approved, "yes", Cancellation));
        Assert.Equal(SignalOutcome.Finished, await _client.TerminateAsync("over", "why", Cancellation));
        Assert.Equal(SignalOutcome.Unknown, await _client.SuspendAsync("nobody", "why", Cancellation));

        Assert.Empty(_durable.Signals);
    }

    [Fact]
    public async Task Signals_reach_live_instances_under_their_names()
    {
        Add("run-1", OrchestrationRuntimeStatus.Running);

        await _client.RaiseEventAsync("run-1", Approved, "yes", Cancellation);
        await _client.SuspendAsync("run-1", "pause", Cancellation);
        await _client.ResumeAsync("run-1", "go", Cancellation);

        Assert.Equal(
            ["raise run-1 approval:abc:1 \"yes\"", "suspend run-1 pause", "resume run-1 go"],
            _durable.Signals
        );
    }

    [Fact]
    public async Task Terminating_takes_all_descendants_along()
    {
        Add("run-1", OrchestrationRuntimeStatus.Running);
        Add("child", OrchestrationRuntimeStatus.Running, parent: "run-1");
        Add("grandchild", OrchestrationRuntimeStatus.Suspended, parent: "child");
        Add("finished", OrchestrationRuntimeStatus.Completed, parent: "run-1");
        Add("other", OrchestrationRuntimeStatus.Running, parent: "elsewhere");

        Assert.Equal(SignalOutcome.Accepted, await _client.TerminateAsync("run-1", "kill switch", Cancellation));

        Assert.Equal(
            [
                "terminate run-1 kill switch True",
                "terminate child kill switch True",
                "terminate grandchild kill switch True",
            ],
            _durable.Signals
        );
    }

    [Fact]
    public async Task An_instance_tells_input_output_version_and_failure_in_the_ports_terms()
    {
        _durable.Instances.Add(
            new OrchestrationMetadata("Flow", "run-1")
            {
                RuntimeStatus = OrchestrationRuntimeStatus.Completed,
                CreatedAt = Noon,
                LastUpdatedAt = Noon.AddMinutes(1),
                SerializedInput = """{"selfdev:generation":4,"input":7}""",
                SerializedOutput = "8",
                SerializedCustomStatus = "\"done\"",
                Tags = new Dictionary<string, string>(InstanceTags.Of("1.0", null)),
            }
        );

        var instance = await _client.GetAsync("run-1", Cancellation);

        Assert.Equal(
            new WorkflowInstance(
                "run-1",
                "Flow",
                "1.0",
                WorkflowStatus.Completed,
                Noon,
                Noon.AddMinutes(1),
                "7",
                "8",
                "\"done\"",
                null
            ),
            instance
        );
        Assert.Null(await _client.GetAsync("nobody", Cancellation));
    }

    [Fact]
    public async Task A_terminated_instance_gives_the_reason_as_failure_not_as_output()
    {
        _durable.Instances.Add(
            new OrchestrationMetadata("Flow", "run-1")
            {
                RuntimeStatus = OrchestrationRuntimeStatus.Terminated,
                SerializedOutput = "\"kill switch\"",
            }
        );

        var instance = await _client.GetAsync("run-1", Cancellation);

        Assert.Null(instance!.Output);
        Assert.Equal(new FailureDetails("Terminated", "kill switch"), instance.Failure);
    }

    [Fact]
    public async Task Queries_come_in_order_of_creation_and_know_no_quarantine()
    {
        Add("b", OrchestrationRuntimeStatus.Running, created: Noon.AddMinutes(1));
        Add("a", OrchestrationRuntimeStatus.Running, created: Noon);
        Add("c", OrchestrationRuntimeStatus.Completed, created: Noon.AddMinutes(2));

        Assert.Equal(["a", "b"], await Ids(new WorkflowQuery("x", [WorkflowStatus.Running])));
        Assert.Equal("x", _durable.LastQuery!.InstanceIdPrefix);
        Assert.Equal(["a"], await Ids(new WorkflowQuery(Limit: 1)));
        Assert.Empty(await Ids(new WorkflowQuery(Statuses: [WorkflowStatus.Quarantined])));
    }

    [Fact]
    public async Task The_newest_are_found_without_reading_what_lies_long_back()
    {
        var clock = new FakeClock(Noon);
        var client = new DurableTaskWorkflowClient(_durable, clock);
        for (var day = 0; day < 200; day++)
        {
            Add(
                $"day-{day:000}",
                day % 50 == 0 ? OrchestrationRuntimeStatus.Failed : OrchestrationRuntimeStatus.Completed,
                created: Noon.AddDays(-day)
            );
        }

        Assert.Equal(
            ["day-000", "day-001", "day-002"],
            await NewestAsync(new WorkflowQuery(Limit: 3, NewestFirst: true))
        );
        Assert.InRange(_durable.Listed, 3, 12);
        Assert.Equal(
            ["day-000", "day-050", "day-100", "day-150"],
            await NewestAsync(new WorkflowQuery(Statuses: [WorkflowStatus.Failed], Limit: 10, NewestFirst: true))
        );
        Assert.Equal(200, (await NewestAsync(new WorkflowQuery(NewestFirst: true))).Count);
        Assert.Equal(["day-199", "day-198"], await NewestAsync(new WorkflowQuery(Limit: 2)));

        async Task<List<string>> NewestAsync(WorkflowQuery query) =>
            await client
                .QueryAsync(query, Cancellation)
                .Select(instance => instance.InstanceId)
                .ToListAsync(Cancellation);
    }

    [Fact]
    public async Task Purge_goes_by_the_end_of_an_instance_not_by_its_start()
    {
        Add("old", OrchestrationRuntimeStatus.Completed, created: Noon, updated: Noon.AddDays(1));
        Add("lately", OrchestrationRuntimeStatus.Completed, created: Noon, updated: Noon.AddDays(100));
        Add("live", OrchestrationRuntimeStatus.Running, created: Noon, updated: Noon.AddDays(1));

        Assert.Equal(1, await _client.PurgeAsync(Noon.AddDays(50), Cancellation));

        Assert.Equal(["old"], _durable.Purged);
    }

    [Fact]
    public async Task Waiting_for_an_unknown_instance_ends_at_once()
    {
        await Assert.ThrowsAsync<KeyNotFoundException>(() => _client.WaitForCompletionAsync("nobody", Cancellation));
    }

    private void Add(
        string id,
        OrchestrationRuntimeStatus status,
        string? parent = null,
        DateTimeOffset? created = null,
        DateTimeOffset? updated = null
    ) =>
        _durable.Instances.Add(
            new OrchestrationMetadata("Flow", id)
            {
                RuntimeStatus = status,
                CreatedAt = created ?? Noon,
                LastUpdatedAt = updated ?? Noon,
                Tags = new Dictionary<string, string>(InstanceTags.Of("1.0", parent)),
            }
        );

    private async Task<List<string>> Ids(WorkflowQuery query)
    {
        var ids = new List<string>();
        await foreach (var instance in _client.QueryAsync(query, Cancellation))
        {
            ids.Add(instance.InstanceId);
        }

        return ids;
    }
}
