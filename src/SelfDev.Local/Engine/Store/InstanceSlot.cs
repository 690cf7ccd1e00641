using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>Which call of which generation of which instance started a child.</summary>
internal readonly record struct ParentCall(string InstanceId, int Generation, int Action);

/// <summary>What the engine keeps in memory of an unfinished instance. Touched by the engine's thread only.</summary>
internal sealed class InstanceSlot(
    long sequence,
    string id,
    string name,
    string version,
    DateTime createdAt,
    ParentCall? parent
)
{
    public long Sequence { get; } = sequence;

    public string Id { get; } = id;

    public string Name { get; } = name;

    public string Version { get; } = version;

    public DateTime CreatedAt { get; } = createdAt;

    public ParentCall? Parent { get; } = parent;

    public WorkflowStatus Status { get; set; }

    public DateTime UpdatedAt { get; set; }

    public int Generation { get; set; }

    /// <value>How many history rows this generation has.</value>
    public int Batches { get; set; }

    /// <value>Checksum of the last history row; each row's covers the one before.</value>
    public ulong Tail { get; set; }

    /// <value>How many of this generation's inbound events the code has seen.</value>
    public int Processed { get; set; }

    /// <value>How many inbound events this generation has in all.</value>
    public int Inbound { get; set; }

    /// <value>Null while the instance is only on disk.</value>
    public WorkflowExecution? Execution { get; set; }

    public LinkedListNode<InstanceSlot>? CacheNode { get; set; }

    /// <value>Numbers of the actions whose result is still to come.</value>
    public HashSet<int>? OpenActions { get; set; }

    /// <value>Why it cannot run with the present catalog; null if it can.</value>
    public string? Obstacle { get; set; }

    /// <value>Unfinished children.</value>
    public HashSet<InstanceSlot>? Children { get; set; }

    public bool IsFinished => InstanceLifecycle.IsFinished(Status);

    // What the next commit will write.
    public List<HistoryEvent> Unwritten { get; } = [];

    public bool IsDirty { get; set; }

    public bool IsNew { get; set; }

    /// <value>The history so far is replaced, not extended: a new generation began.</value>
    public bool RestartsHistory { get; set; }

    public string? Input { get; set; }

    public string? Output { get; set; }

    public FailureDetails? Failure { get; set; }

    public string? CustomStatus { get; set; }

    public bool CustomStatusChanged { get; set; }

    public ExecutionIdentity Identity => new(Id, Parent?.InstanceId, Version, Generation);
}
