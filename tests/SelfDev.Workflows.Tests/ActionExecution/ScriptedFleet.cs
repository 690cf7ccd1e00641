using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>One scale set that heeds its ETag, and keeps what was asked of it.</summary>
internal sealed class ScriptedFleet : IFleet
{
    public FleetState State { get; set; } = new(Approval.Asked.FleetId, "ND96", 3, "0x1", "Succeeded", 3, "westeurope");

    public List<FleetInstance> Instances { get; } = [new("0", "node0", "Succeeded"), new("1", "node1", "Succeeded")];

    public List<string> Writes { get; } = [];

    public Exception? Failure { get; set; }

    /// <value>What the next change is answered with, and nothing done; null: it is accepted.</value>
    public OperationStartKind? Refusal { get; set; }

    public Task<FleetState> GetAsync(string resourceId, CancellationToken cancellation) =>
        Failure is null ? Task.FromResult(State) : Task.FromException<FleetState>(Failure);

    public Task<IReadOnlyList<FleetInstance>> ListInstancesAsync(string resourceId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<FleetInstance>>([.. Instances]);

    public Task<IReadOnlyList<string>> PreflightAsync(
        string resourceId,
        int capacity,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<FleetHeadroom> GetHeadroomAsync(string resourceId, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<OperationStart> StartScaleAsync(
        string resourceId,
        int capacity,
        string etag,
        CancellationToken cancellation
    )
    {
        if (etag != State.ETag)
        {
            return Task.FromResult(
                new OperationStart(
                    OperationStartKind.Drifted,
                    null,
                    null,
                    "PreconditionFailed",
                    "The ETag does not match."
                )
            );
        }

        return Accept($"{resourceId}={capacity}", () => State = State with { Capacity = capacity, ETag = etag + "+" });
    }

    public Task<OperationStart> StartReimageAsync(
        string resourceId,
        string instanceId,
        CancellationToken cancellation
    ) => Accept($"reimage {instanceId}", () => { });

    public Task<OperationStart> StartDeleteAsync(string resourceId, string instanceId, CancellationToken cancellation)
    {
        return Accept($"delete {instanceId}", () => Instances.RemoveAll(instance => instance.InstanceId == instanceId));
    }

    public Task<OperationStart> StartDeleteInstancesAsync(
        string resourceId,
        IReadOnlyList<FleetInstance> instances,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public Task<OperationStart> StartProtectAsync(
        string resourceId,
        string instanceId,
        bool isProtected,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public Task<OperationState> PollAsync(string operationUri, CancellationToken cancellation) =>
        Task.FromResult(new OperationState(OperationPhase.Succeeded, null, null, null));

    private Task<OperationStart> Accept(string write, Action change)
    {
        if (Refusal is { } refusal)
        {
            Refusal = null;
            return Task.FromResult(
                new OperationStart(refusal, null, TimeSpan.FromSeconds(30), "TooManyRequests", "Later.")
            );
        }

        Writes.Add(write);
        change();
        return Task.FromResult(new OperationStart(OperationStartKind.Accepted, "op", null, null, null));
    }
}
