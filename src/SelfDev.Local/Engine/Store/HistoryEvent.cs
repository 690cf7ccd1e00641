namespace SelfDev.Local.Engine.Store;

/// <summary>What one entry of a history says. The numbers are persisted: never reuse or reorder them.</summary>
public enum HistoryKind : byte
{
    // Inbound: what the outside told the workflow. Replay feeds these, in order.
    Started = 1,
    ActivityCompleted = 2,
    ActivityFailed = 3,
    TimerFired = 4,
    ChildCompleted = 5,
    ChildFailed = 6,
    EventRaised = 7,

    // Actions: what the workflow's code did in answer. Replay compares these.
    ActivityScheduled = 20,
    TimerScheduled = 21,
    TimerCancelled = 22,
    ChildScheduled = 23,
    EventAwaited = 24,

    // Facts: what happened to the instance as a whole. Replay skips these.
    Suspended = 40,
    Resumed = 41,
    Terminated = 42,
    Completed = 43,
    Failed = 44,
}

/// <summary>One entry of an instance's history.</summary>
/// <param name="Id">Of an action: its number in this generation, from 0. Of a result: the number of the action that it
/// answers.</param>
/// <param name="Cause">Of an action: how many inbound events the code had seen before the one that it answers.</param>
/// <param name="Call">Of a scheduled activity or child: the number of the call, the same for all its attempts.</param>
/// <param name="At">When it happened; of <see cref="HistoryKind.TimerScheduled"/>, when it is due. UTC.</param>
/// <param name="Name">Of the workflow, activity, child workflow or event.</param>
/// <param name="Data">JSON: input, output, event payload or <see cref="SelfDev.Workflows.Engine.FailureDetails"/>;
/// plain text for a reason.</param>
/// <param name="Target">Instance id of a child.</param>
public sealed record HistoryEvent(
    HistoryKind Kind,
    int Id,
    int Cause,
    int Call,
    DateTime At,
    string? Name = null,
    string? Data = null,
    string? Target = null
)
{
    public bool IsInbound => Kind < HistoryKind.ActivityScheduled;

    public bool IsAction => Kind is >= HistoryKind.ActivityScheduled and < HistoryKind.Suspended;

    /// <summary>In words, for a message about a mismatch.</summary>
    public string Describe() =>
        Kind switch
        {
            HistoryKind.ActivityScheduled => $"activity '{Name}'",
            HistoryKind.ChildScheduled => $"child workflow '{Name}' ({Target})",
            HistoryKind.TimerScheduled => "a timer",
            HistoryKind.TimerCancelled => "the cancelling of a timer",
            HistoryKind.EventAwaited => $"the wait for event '{Name}'",
            _ => Kind.ToString(),
        };
}
