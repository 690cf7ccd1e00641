using System.Runtime.CompilerServices;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>Blobs in memory that never leave the simulation's thread.</summary>
internal sealed class SimulatedStore(VirtualTime time) : IArtifactStore
{
    private readonly SortedDictionary<string, (byte[] Content, DateTimeOffset At)> _blobs = new(StringComparer.Ordinal);

    public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
        Task.FromResult(
            _blobs.TryGetValue($"{container}/{name}", out var blob)
                ? Info(container, name, blob.Content.Length, blob.At)
                : null
        );

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.CompletedTask;
        var start = $"{container}/{prefix}";
        foreach (var (key, blob) in _blobs.Where(blob => blob.Key.StartsWith(start, StringComparison.Ordinal)).ToList())
        {
            yield return Info(container, key[(container.Length + 1)..], blob.Content.Length, blob.At);
        }
    }

    public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
        _blobs.TryGetValue($"{blob.Container}/{blob.Name}", out var found)
            ? Task.FromResult<Stream>(new MemoryStream(found.Content, writable: false))
            : throw new BlobGoneException(blob.Name);

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        _blobs[$"{container}/{name}"] = (content.ToArray(), time.GetUtcNow());
        return Task.FromResult(new BlobRef(container, name, "1"));
    }

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) => Task.FromResult(_blobs.TryAdd($"{container}/{name}", (content.ToArray(), time.GetUtcNow())));

    /// <summary>Forgets samples that no reader looks at any more.</summary>
    public void Forget(DateTimeOffset before)
    {
        foreach (
            var name in _blobs
                .Where(blob =>
                    blob.Key.Contains("/fleets/", StringComparison.Ordinal)
                    && blob.Value.At < before
                    && !blob.Key.EndsWith("history.json", StringComparison.Ordinal)
                )
                .Select(blob => blob.Key)
                .ToList()
        )
        {
            _blobs.Remove(name);
        }
    }

    private static BlobInfo Info(string container, string name, int length, DateTimeOffset at) =>
        new(new BlobRef(container, name, "1"), length, at, new Dictionary<string, string>());
}

internal sealed class SimulatedLedger(Func<bool> isFaulty, Action<LedgerEntry> recorded) : ILedgerStore
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    public Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        if (isFaulty())
        {
            throw new IOException("The ledger cannot be reached.");
        }

        if (_keys.Add(entry.Key))
        {
            recorded(entry);
        }

        return Task.FromResult(new LedgerReceipt(0, 0, ""));
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<long?> FindAsync(string key, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string?> FindDamageAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<T> ReadTreeAsync<T>(long size, Func<MerkleNode, T> read, CancellationToken cancellation) =>
        throw new NotSupportedException();
}

/// <summary>As many instances as requests a second, so that a test knows the right answer.</summary>
internal sealed class OneEach : IFleetSizing
{
    public FleetSize Size(PolicyFleet fleet, IReadOnlyList<FleetSample> history, FleetServing serving)
    {
        var needed = (int)Math.Ceiling(history[^1].Requests / history[^1].Seconds);
        var lately = history
            .Where(sample => sample.Time > history[^1].Time.AddMinutes(-5))
            .Max(sample => (int)Math.Ceiling(sample.Requests / sample.Seconds));
        return new FleetSize(lately, needed, $"{needed} requests a second.");
    }

    public FleetReplay? Replay(PolicyFleet fleet, IReadOnlyList<FleetSample> history, int from, int to) => null;
}

/// <summary>Starts and looks at the actions that people are asked about.</summary>
internal sealed class SimulatedClient(Action<string> asked) : IWorkflowClient
{
    private readonly Dictionary<string, bool> _actions = new(StringComparer.Ordinal);

    public void End(string id) => _actions[id] = true;

    public Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    )
    {
        if (!_actions.TryAdd(instanceId, false))
        {
            return Task.FromResult(StartOutcome.AlreadyExists);
        }

        asked(instanceId);
        return Task.FromResult(StartOutcome.Started);
    }

    public Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation) =>
        Task.FromResult(
            _actions.TryGetValue(instanceId, out var ended)
                ? new WorkflowInstance(
                    instanceId,
                    "ActionExecution",
                    "1.0",
                    ended ? WorkflowStatus.Completed : WorkflowStatus.Running,
                    default,
                    default,
                    null,
                    null,
                    null,
                    null
                )
                : null
        );

    public Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public IAsyncEnumerable<WorkflowInstance> QueryAsync(WorkflowQuery query, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
