using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>What reaches the engine's thread.</summary>
internal abstract record EngineMessage;

/// <summary>A request of a client. It is answered after the commit that holds its effect, never before.</summary>
internal abstract record Request : EngineMessage
{
    public abstract void Fail(Exception exception);
}

internal abstract record Request<T> : Request
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answered => _answer.Task;

    public void Answer(T answer) => _answer.TrySetResult(answer);

    public override void Fail(Exception exception) => _answer.TrySetException(exception);
}

internal sealed record StartRequest(string Name, string Input, string InstanceId) : Request<StartOutcome>;

internal sealed record RaiseRequest(string InstanceId, string Name, string Payload) : Request<SignalOutcome>;

internal sealed record TerminateRequest(string InstanceId, string Reason) : Request<SignalOutcome>;

internal sealed record SuspendRequest(string InstanceId, string Reason) : Request<SignalOutcome>;

internal sealed record ResumeRequest(string InstanceId, string Reason) : Request<SignalOutcome>;

internal sealed record PurgeRequest(DateTime CompletedBefore) : Request<int>;

/// <summary>Answered when the instance is finished: true, or false for an unknown id.</summary>
internal sealed record WaitRequest(string InstanceId) : Request<bool>;

internal sealed record ActivityDone(ActivityCall Call, string? Output, FailureDetails? Failure) : EngineMessage;

internal sealed record TimerDue(TimerEntry Timer) : EngineMessage;

/// <summary>A parent's recorded call that is to become a child.</summary>
internal sealed record ChildStart(InstanceSlot Parent, int Generation, HistoryEvent Scheduled) : EngineMessage;

internal sealed record ChildDone(ParentCall Parent, string? Output, FailureDetails? Failure) : EngineMessage;

/// <summary>Runs whatever inbound events an instance has not processed: of a new generation, a resumed or a recovered
/// instance.</summary>
/// <param name="Verify">Replays it even if there are none, to see whether the code matches the history.</param>
internal sealed record CatchUp(InstanceSlot Slot, bool Verify = false) : EngineMessage;

internal sealed record ForeignContinuation(WorkflowExecution Execution) : EngineMessage;

internal sealed record StopMessage : EngineMessage;
