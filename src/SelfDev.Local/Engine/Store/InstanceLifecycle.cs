using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>What can happen to an instance as a whole.</summary>
internal enum InstanceTrigger
{
    Run,
    Suspend,
    Resume,
    Quarantine,
    Complete,
    Fail,
    Terminate,
}

/// <summary>The states of an instance and the only ways between them.</summary>
internal static class InstanceLifecycle
{
    private static readonly Dictionary<(WorkflowStatus From, InstanceTrigger Trigger), WorkflowStatus> Transitions =
        new()
        {
            [(WorkflowStatus.Pending, InstanceTrigger.Run)] = WorkflowStatus.Running,
            [(WorkflowStatus.Pending, InstanceTrigger.Suspend)] = WorkflowStatus.Suspended,
            [(WorkflowStatus.Pending, InstanceTrigger.Quarantine)] = WorkflowStatus.Quarantined,
            [(WorkflowStatus.Pending, InstanceTrigger.Terminate)] = WorkflowStatus.Terminated,

            [(WorkflowStatus.Running, InstanceTrigger.Run)] = WorkflowStatus.Running,
            [(WorkflowStatus.Running, InstanceTrigger.Suspend)] = WorkflowStatus.Suspended,
            [(WorkflowStatus.Running, InstanceTrigger.Resume)] = WorkflowStatus.Running,
            [(WorkflowStatus.Running, InstanceTrigger.Quarantine)] = WorkflowStatus.Quarantined,
            [(WorkflowStatus.Running, InstanceTrigger.Complete)] = WorkflowStatus.Completed,
            [(WorkflowStatus.Running, InstanceTrigger.Fail)] = WorkflowStatus.Failed,
            [(WorkflowStatus.Running, InstanceTrigger.Terminate)] = WorkflowStatus.Terminated,

            [(WorkflowStatus.Suspended, InstanceTrigger.Suspend)] = WorkflowStatus.Suspended,
            [(WorkflowStatus.Suspended, InstanceTrigger.Resume)] = WorkflowStatus.Running,
            [(WorkflowStatus.Suspended, InstanceTrigger.Quarantine)] = WorkflowStatus.Quarantined,
            [(WorkflowStatus.Suspended, InstanceTrigger.Terminate)] = WorkflowStatus.Terminated,

            [(WorkflowStatus.Quarantined, InstanceTrigger.Suspend)] = WorkflowStatus.Quarantined,
            [(WorkflowStatus.Quarantined, InstanceTrigger.Resume)] = WorkflowStatus.Running,
            [(WorkflowStatus.Quarantined, InstanceTrigger.Quarantine)] = WorkflowStatus.Quarantined,
            [(WorkflowStatus.Quarantined, InstanceTrigger.Terminate)] = WorkflowStatus.Terminated,
        };

    public static bool IsFinished(WorkflowStatus status) =>
        status is WorkflowStatus.Completed or WorkflowStatus.Failed or WorkflowStatus.Terminated;

    /// <returns>Null where the trigger has no meaning in that state; nothing happens then.</returns>
    public static WorkflowStatus? Next(WorkflowStatus from, InstanceTrigger trigger) =>
        Transitions.TryGetValue((from, trigger), out var to) ? to : null;
}
