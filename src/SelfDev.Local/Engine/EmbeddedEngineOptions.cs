using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

public sealed record EmbeddedEngineOptions
{
    /// <value>Folder of the store; made if missing. One process at a time.</value>
    public required string DataFolder { get; init; }

    /// <value>Activities that run at the same time, over all instances; 1 or more. Default 64.</value>
    public int MaxConcurrentActivities { get; init; } = 64;

    /// <value>
    /// Instances kept ready in memory at most; the others are replayed from their history when something happens to
    /// them. At about 4 KB an instance. Default 2,000.
    /// </value>
    public int MaxCachedInstances { get; init; } = 2_000;

    /// <value>Version that new instances get. Default <see cref="WorkflowCatalog.DefaultVersion"/>.</value>
    public string Version { get; init; } = WorkflowCatalog.DefaultVersion;

    /// <value>How long a stop waits for running activities, which are told to cancel, before it leaves them. They run
    /// again after the next start. Default 5 s.</value>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>Write-ahead log pages (4 KB each) after which they are moved into the main file. Default 4,000, i.e. 16
    /// MB.</value>
    public int CheckpointPages { get; init; } = 4_000;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <value>How long to wait before trying again after the disk was full. Default 1 s.</value>
    public TimeSpan FullDiskRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>Called on the engine's thread at every point where a crash can differ from the one before; for fault
    /// injection.</value>
    internal Action<CommitPoint>? Probe { get; init; }

    internal string DatabasePath => Path.Combine(DataFolder, "engine.db");
}

/// <summary>Where a commit stands.</summary>
internal enum CommitPoint
{
    BeforeBegin,
    BeforeWrites,
    BeforeCommit,
    AfterCommit,
    AfterAcknowledge,
}
