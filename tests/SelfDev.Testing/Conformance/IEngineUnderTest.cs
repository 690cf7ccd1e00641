using SelfDev.Workflows.Engine;

namespace SelfDev.Testing.Conformance;

/// <summary>What an engine can do beyond the port; a test that needs more is skipped with the reason.</summary>
[Flags]
public enum EngineAbilities
{
    None = 0,

    /// <summary>It can be torn down without warning and started again on the same store.</summary>
    Crash = 1,

    /// <summary>Code that does not match its history is quarantined, and goes on once it matches again. Without: the
    /// instance fails.</summary>
    Quarantine = 2,

    /// <summary>The id of a finished child may be used again by a later call of the same name (a retry with an explicit
    /// id).</summary>
    ReusesFinishedChildIds = 4,

    /// <summary>Terminating an instance cancels its running activities. Without: they run to their end, and their
    /// results are ignored.</summary>
    CancelsActivities = 8,

    /// <summary>A call with the id of a live instance fails. Without: ids of children have to be unique by the caller's
    /// doing.</summary>
    RefusesLiveChildIds = 16,

    /// <summary>An instance ends when its code does. Without: only when every call that it left behind has come back,
    /// too.</summary>
    EndsWithOpenCalls = 32,
}

/// <summary>One engine on one store of its own: all that a new engine must bring to be held to <see
/// cref="EngineConformance"/>.</summary>
public interface IEngineUnderTest : IAsyncDisposable
{
    EngineAbilities Abilities { get; }

    /// <value>The unit of all durations in the suite: long for a fake clock, short for a real one.</value>
    TimeSpan Tick { get; }

    IWorkflowClient Client { get; }

    /// <summary>Starts the engine on the store with this catalog; after a stop or crash, possibly with another
    /// one.</summary>
    Task StartAsync(WorkflowCatalog catalog);

    Task StopAsync();

    /// <summary>Ends the engine as a kill would: nothing is finished, flushed or closed. Needs <see
    /// cref="EngineAbilities.Crash"/>.</summary>
    Task CrashAsync();

    /// <summary>Lets that much of the engine's time pass.</summary>
    Task AdvanceAsync(TimeSpan by);

    /// <summary>Completes with the instance as soon as the condition holds for it; fails after a generous real-time
    /// limit.</summary>
    Task<WorkflowInstance> WaitUntilAsync(string instanceId, Func<WorkflowInstance, bool> condition);
}
