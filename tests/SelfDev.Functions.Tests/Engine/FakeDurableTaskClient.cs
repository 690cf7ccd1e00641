using System.Text.Json;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace SelfDev.Functions.Tests.Engine;

/// <summary>A client over a list of instances; records the rest.</summary>
internal sealed class FakeDurableTaskClient() : DurableTaskClient("fake")
{
    public List<OrchestrationMetadata> Instances { get; } = [];

    public List<(string Name, object? Input, StartOrchestrationOptions? Options)> Starts { get; } = [];

    public List<string> Signals { get; } = [];

    public List<string> Purged { get; } = [];

    public OrchestrationQuery? LastQuery { get; private set; }

    /// <value>Instances that queries handed out so far.</value>
    public int Listed { get; private set; }

    public override Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName,
        object? input = null,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        Starts.Add((orchestratorName.Name, input, options));
        var existing = Instances.Find(instance => instance.InstanceId == options?.InstanceId);
        return existing is not null && options!.DedupeStatuses!.Contains(existing.RuntimeStatus.ToString())
            ? throw new OrchestrationAlreadyExistsException("exists")
            : Task.FromResult(options!.InstanceId!);
    }

    public override Task RaiseEventAsync(
        string instanceId,
        string eventName,
        object? eventPayload = null,
        CancellationToken cancellation = default
    ) => Signal($"raise {instanceId} {eventName} {((JsonElement)eventPayload!).GetRawText()}");

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId,
        bool getInputsAndOutputs = false,
        CancellationToken cancellation = default
    ) => throw new NotSupportedException();

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId,
        bool getInputsAndOutputs = false,
        CancellationToken cancellation = default
    ) => Task.FromResult(Instances.First(instance => instance.InstanceId == instanceId));

    public override Task TerminateInstanceAsync(
        string instanceId,
        TerminateInstanceOptions? options = null,
        CancellationToken cancellation = default
    ) => Signal($"terminate {instanceId} {options!.Output} {options.Recursive}");

    public override Task SuspendInstanceAsync(
        string instanceId,
        string? reason = null,
        CancellationToken cancellation = default
    ) => Signal($"suspend {instanceId} {reason}");

    public override Task ResumeInstanceAsync(
        string instanceId,
        string? reason = null,
        CancellationToken cancellation = default
    ) => Signal($"resume {instanceId} {reason}");

    public override Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId,
        bool getInputsAndOutputs = false,
        CancellationToken cancellation = default
    ) => Task.FromResult(Instances.Find(instance => instance.InstanceId == instanceId));

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null)
    {
        LastQuery = filter;
        var found = Instances
            .Where(instance => filter?.Statuses?.Contains(instance.RuntimeStatus) ?? true)
            .Where(instance => filter?.CreatedFrom is not { } from || instance.CreatedAt >= from)
            .ToList();
        Listed += found.Count;
        return new Pages(found);
    }

    public override Task<PurgeResult> PurgeInstanceAsync(
        string instanceId,
        PurgeInstanceOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        Purged.Add(instanceId);
        return Task.FromResult(new PurgeResult(1));
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task Signal(string what)
    {
        Signals.Add(what);
        return Task.CompletedTask;
    }

    private sealed class Pages(IReadOnlyList<OrchestrationMetadata> all) : AsyncPageable<OrchestrationMetadata>
    {
        public override async IAsyncEnumerable<Page<OrchestrationMetadata>> AsPages(
            string? continuationToken = null,
            int? pageSizeHint = null
        )
        {
            await Task.CompletedTask;
            yield return new Page<OrchestrationMetadata>(all);
        }
    }
}
