using System.Runtime.CompilerServices;
using System.Text.Json;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Engine;

/// <summary>
/// The client port on a Durable Task client. Differences from the embedded engine: an instance whose code no longer
/// matches its history fails instead of being quarantined, and a signal sent while an instance is just finishing may be
/// dropped although it was reported as accepted, because Durable Functions drops it silently.
/// </summary>
/// <param name="clock">Null: the system's.</param>
public sealed class DurableTaskWorkflowClient(DurableTaskClient client, TimeProvider? clock = null) : IWorkflowClient
{
    // How long ago the newest instances were created at most, looked at in turn until enough are found; then all are.
    private static readonly TimeSpan[] Windows =
    [
        TimeSpan.FromMinutes(5),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(12),
        TimeSpan.FromDays(6),
        TimeSpan.FromDays(72),
    ];

    private static readonly OrchestrationRuntimeStatus[] LiveStatuses =
    [
        OrchestrationRuntimeStatus.Pending,
        OrchestrationRuntimeStatus.Running,
        OrchestrationRuntimeStatus.Suspended,
    ];

    private static readonly OrchestrationRuntimeStatus[] FinishedStatuses =
    [
        OrchestrationRuntimeStatus.Completed,
        OrchestrationRuntimeStatus.Failed,
        OrchestrationRuntimeStatus.Terminated,
    ];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The id is one that Durable Functions refuses.</exception>
    public async Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    )
    {
        CheckInstanceId(instanceId);
        var options = new StartOrchestrationOptions(instanceId)
        {
            Version = WorkflowCatalog.DefaultVersion,
            Tags = InstanceTags.Of(WorkflowCatalog.DefaultVersion, parent: null),
        }.WithDedupeStatuses([.. LiveStatuses, .. FinishedStatuses]);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(workflow.Name, Wire.Pack(input), options, cancellation);
            return StartOutcome.Started;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return StartOutcome.AlreadyExists;
        }
    }

    public Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    )
    {
        var json = Wire.Pack(payload);
        return SignalAsync(
            instanceId,
            () => client.RaiseEventAsync(instanceId, name.Name, json, cancellation),
            cancellation
        );
    }

    public async Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation) =>
        await client.GetInstanceAsync(instanceId, getInputsAndOutputs: true, cancellation) is { } metadata
            ? ToInstance(metadata)
            : null;

    /// <inheritdoc/>
    /// <remarks>
    /// Reads all matching instances before it yields the first: Durable Functions lists them in no order. The newest
    /// ones, up to a limit, are looked for among those created lately, and then further back.
    /// </remarks>
    public async IAsyncEnumerable<WorkflowInstance> QueryAsync(
        WorkflowQuery query,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var statuses = query.Statuses is { Count: > 0 } asked ? asked.SelectMany(ToRuntimeStatuses).ToArray() : null;
        if (statuses is { Length: 0 })
        {
            yield break;
        }

        var filter = new OrchestrationQuery(
            InstanceIdPrefix: query.InstanceIdPrefix,
            Statuses: statuses,
            FetchInputsAndOutputs: true
        );
        var found = query is { NewestFirst: true, Limit: { } limit }
            ? await NewestAsync(filter, limit, cancellation)
            : await AllAsync(filter, cancellation);
        var ordered = query.NewestFirst
            ? found
                .OrderByDescending(instance => instance.CreatedAt)
                .ThenByDescending(instance => instance.InstanceId, StringComparer.Ordinal)
            : found
                .OrderBy(instance => instance.CreatedAt)
                .ThenBy(instance => instance.InstanceId, StringComparer.Ordinal);
        foreach (var instance in ordered.Take(query.Limit ?? int.MaxValue))
        {
            yield return instance;
        }
    }

    // Each window holds the one before it, which was not full: what is read twice is less than the limit.
    private async Task<List<WorkflowInstance>> NewestAsync(
        OrchestrationQuery filter,
        int limit,
        CancellationToken cancellation
    )
    {
        var now = (clock ?? TimeProvider.System).GetUtcNow();
        foreach (var window in Windows)
        {
            var found = await AllAsync(filter with { CreatedFrom = now - window }, cancellation);
            if (found.Count >= limit)
            {
                return found;
            }
        }

        return await AllAsync(filter, cancellation);
    }

    private async Task<List<WorkflowInstance>> AllAsync(OrchestrationQuery filter, CancellationToken cancellation)
    {
        var found = new List<WorkflowInstance>();
        await foreach (var metadata in client.GetAllInstancesAsync(filter).WithCancellation(cancellation))
        {
            found.Add(ToInstance(metadata));
        }

        return found;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Not every backend honours Durable Functions' own recursive flag, so the descendants that are known by their tags
    /// are terminated one by one as well. A child that the instance starts in the very moment of its end may be missed:
    /// terminate again.
    /// </remarks>
    public Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation) =>
        SignalAsync(
            instanceId,
            async () =>
            {
                var options = new TerminateInstanceOptions(reason, Recursive: true);
                await client.TerminateInstanceAsync(instanceId, options, cancellation);
                foreach (var descendant in await DescendantsAsync(instanceId, cancellation))
                {
                    await client.TerminateInstanceAsync(descendant, options, cancellation);
                }
            },
            cancellation
        );

    public Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation) =>
        SignalAsync(instanceId, () => client.SuspendInstanceAsync(instanceId, reason, cancellation), cancellation);

    public Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation) =>
        SignalAsync(instanceId, () => client.ResumeInstanceAsync(instanceId, reason, cancellation), cancellation);

    /// <inheritdoc/>
    /// <remarks>One by one, because Durable Functions' own filter goes by creation: a long-lived instance that ended
    /// today would go with it.</remarks>
    public async Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation)
    {
        var filter = new OrchestrationQuery(CreatedTo: completedBefore, Statuses: FinishedStatuses);
        var ended = new List<string>();
        await foreach (var metadata in client.GetAllInstancesAsync(filter).WithCancellation(cancellation))
        {
            if (metadata.LastUpdatedAt < completedBefore)
            {
                ended.Add(metadata.InstanceId);
            }
        }

        var purged = 0;
        foreach (var instanceId in ended)
        {
            purged += (
                await client.PurgeInstanceAsync(instanceId, new PurgeInstanceOptions(), cancellation)
            ).PurgedInstanceCount;
        }

        return purged;
    }

    public async Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation)
    {
        if (await client.GetInstanceAsync(instanceId, getInputsAndOutputs: false, cancellation) is null)
        {
            throw new KeyNotFoundException($"There is no workflow instance '{instanceId}'.");
        }

        return ToInstance(
            await client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, cancellation)
        );
    }

    // Durable Functions drops signals to unknown and finished instances without a word, hence the look before.
    private async Task<SignalOutcome> SignalAsync(string instanceId, Func<Task> signal, CancellationToken cancellation)
    {
        if (await client.GetInstanceAsync(instanceId, getInputsAndOutputs: false, cancellation) is not { } metadata)
        {
            return SignalOutcome.Unknown;
        }

        if (FinishedStatuses.Contains(metadata.RuntimeStatus))
        {
            return SignalOutcome.Finished;
        }

        await signal();
        return SignalOutcome.Accepted;
    }

    // Unfinished ones, parents before children.
    private async Task<List<string>> DescendantsAsync(string instanceId, CancellationToken cancellation)
    {
        var live = new List<(string Id, string? Parent)>();
        await foreach (
            var metadata in client
                .GetAllInstancesAsync(new OrchestrationQuery(Statuses: LiveStatuses))
                .WithCancellation(cancellation)
        )
        {
            // Some backends leave tags out of lists and tell them only when asked for one instance.
            var tags =
                metadata.Tags.Count > 0
                    ? metadata.Tags
                    : (await client.GetInstanceAsync(metadata.InstanceId, false, cancellation))?.Tags;
            live.Add((metadata.InstanceId, tags is null ? null : InstanceTags.Parent(tags)));
        }

        var children = live.ToLookup(instance => instance.Parent, instance => instance.Id, StringComparer.Ordinal);
        var descendants = new List<string>(children[instanceId]);
        for (var next = 0; next < descendants.Count; next++)
        {
            descendants.AddRange(children[descendants[next]]);
        }

        return descendants;
    }

    private static WorkflowInstance ToInstance(OrchestrationMetadata metadata)
    {
        var status = ToStatus(metadata.RuntimeStatus);
        var failure = metadata.FailureDetails is { } details ? DurableFailures.ToFailure(details) : null;
        if (status == WorkflowStatus.Terminated)
        {
            failure ??= DurableFailures.Terminated(ReasonOf(metadata.SerializedOutput));
        }

        return new WorkflowInstance(
            metadata.InstanceId,
            metadata.Name,
            InstanceTags.Version(metadata.Tags),
            status,
            metadata.CreatedAt,
            metadata.LastUpdatedAt,
            InputOf(metadata.SerializedInput),
            status == WorkflowStatus.Completed ? metadata.SerializedOutput : null,
            metadata.SerializedCustomStatus,
            failure
        );
    }

    private static string? InputOf(string? serialized) =>
        serialized is null ? null : WorkflowInput.Read(Wire.Parse(serialized)).Value?.GetRawText();

    // The output of a terminated instance is the reason, as a JSON string.
    private static string ReasonOf(string? serializedOutput) =>
        serializedOutput is not null && Wire.Parse(serializedOutput) is { ValueKind: JsonValueKind.String } reason
            ? reason.GetString()!
            : serializedOutput ?? string.Empty;

    private static WorkflowStatus ToStatus(OrchestrationRuntimeStatus status) =>
        status switch
        {
            OrchestrationRuntimeStatus.Pending => WorkflowStatus.Pending,
            OrchestrationRuntimeStatus.Completed => WorkflowStatus.Completed,
            OrchestrationRuntimeStatus.Failed => WorkflowStatus.Failed,
            OrchestrationRuntimeStatus.Terminated => WorkflowStatus.Terminated,
            OrchestrationRuntimeStatus.Suspended => WorkflowStatus.Suspended,
            // Running, and the two obsolete ones: continued as new is running; cancelled is not used by any backend.
            _ => WorkflowStatus.Running,
        };

    private static OrchestrationRuntimeStatus[] ToRuntimeStatuses(WorkflowStatus status) =>
        status switch
        {
            WorkflowStatus.Pending => [OrchestrationRuntimeStatus.Pending],
            WorkflowStatus.Running => [OrchestrationRuntimeStatus.Running],
            WorkflowStatus.Suspended => [OrchestrationRuntimeStatus.Suspended],
            WorkflowStatus.Completed => [OrchestrationRuntimeStatus.Completed],
            WorkflowStatus.Failed => [OrchestrationRuntimeStatus.Failed],
            WorkflowStatus.Terminated => [OrchestrationRuntimeStatus.Terminated],
            // Durable Functions knows no quarantine.
            _ => [],
        };

    // https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-instance-management: what an id may
    // not hold.
    private static void CheckInstanceId(string instanceId)
    {
        if (
            instanceId.Length is 0 or > 100
            || instanceId[0] == '@'
            || instanceId.Any(character => character is '/' or '\\' or '#' or '?' || char.IsControl(character))
        )
        {
            throw new ArgumentException(
                $"'{instanceId}' cannot be an instance id on Durable Functions: 1 to 100 characters, no '/', '\\', "
                    + $"'#', '?' or control characters, no '@' first.",
                nameof(instanceId)
            );
        }
    }
}
