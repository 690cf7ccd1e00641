using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>What each message means.</summary>
internal sealed partial class EngineLoop
{
    private const int PurgeChunk = 500;

    private void OnStart(StartRequest start)
    {
        var outcome = StartOutcome.AlreadyExists;
        if (!_slots.ContainsKey(start.InstanceId) && _store.Find(start.InstanceId) is null)
        {
            Create(start.InstanceId, start.Name, start.Input, parent: null);
            outcome = StartOutcome.Started;
        }

        _afterCommit.Add(() => start.Answer(outcome));
    }

    private void OnRaise(RaiseRequest raise)
    {
        if (FindLive(raise, raise.InstanceId) is { } slot)
        {
            Receive(slot, new HistoryEvent(HistoryKind.EventRaised, 0, 0, 0, Now, raise.Name, raise.Payload));
            _afterCommit.Add(() => raise.Answer(SignalOutcome.Accepted));
        }
    }

    private void OnActivityDone(ActivityDone done)
    {
        if (TakeOpen(done.Call.Slot, done.Call.Generation, done.Call.Action))
        {
            Receive(
                done.Call.Slot,
                Result(
                    done.Call.Action,
                    done.Output,
                    done.Failure,
                    HistoryKind.ActivityCompleted,
                    HistoryKind.ActivityFailed
                )
            );
        }
    }

    private void OnTimerDue(TimerEntry timer)
    {
        if (TakeOpen(timer.Slot, timer.Generation, timer.Action))
        {
            // The clock may have jumped back since the queue looked; the workflow must never see a timer before its
            // time.
            var now = Now;
            Receive(
                timer.Slot,
                new HistoryEvent(HistoryKind.TimerFired, timer.Action, 0, 0, now < timer.FireAt ? timer.FireAt : now)
            );
        }
    }

    private void OnChildStart(ChildStart start)
    {
        var (action, parent) = (start.Scheduled, start.Parent);
        if (
            parent.IsFinished
            || parent.Generation != start.Generation
            || parent.OpenActions?.Contains(action.Id) != true
        )
        {
            return;
        }

        var call = new ParentCall(parent.Id, start.Generation, action.Id);
        if (_slots.TryGetValue(action.Target!, out var live))
        {
            if (live.IsFinished)
            {
                // Finished in the commit being gathered, so not on disk yet: looked at again after it.
                _next.Enqueue(start);
            }
            else if (live.Parent != call)
            {
                _local.Enqueue(
                    new ChildDone(
                        call,
                        null,
                        new FailureDetails(
                            typeof(InvalidOperationException).FullName!,
                            $"An instance '{action.Target}' is already running."
                        )
                    )
                );
            }

            return;
        }

        var generation = 0;
        if (_store.Find(action.Target!) is { } stored)
        {
            if (stored.Parent == call)
            {
                // Its end was recorded, the parent's hearing of it was not: a crash lay between.
                _local.Enqueue(new ChildDone(call, stored.Output, stored.Failure));
                return;
            }

            _deleted.Add(stored.Sequence);
            generation = stored.Generation + 1;
        }

        Create(action.Target!, action.Name!, action.Data!, call, generation);
    }

    private void OnChildDone(ChildDone done)
    {
        if (
            _slots.TryGetValue(done.Parent.InstanceId, out var parent)
            && TakeOpen(parent, done.Parent.Generation, done.Parent.Action)
        )
        {
            Receive(
                parent,
                Result(
                    done.Parent.Action,
                    done.Output,
                    done.Failure,
                    HistoryKind.ChildCompleted,
                    HistoryKind.ChildFailed
                )
            );
        }
    }

    private void OnCatchUp(CatchUp catchUp)
    {
        var slot = catchUp.Slot;
        if (slot.Status is not (WorkflowStatus.Pending or WorkflowStatus.Running))
        {
            return;
        }

        if (slot.Obstacle is { } obstacle)
        {
            Quarantine(slot, typeof(KeyNotFoundException), obstacle);
        }
        else if (slot.Processed < slot.Inbound || (catchUp.Verify && slot.Execution is null))
        {
            Touch(slot);
            Forget(slot);
            Advance(slot);
        }
    }

    private void OnWait(WaitRequest wait)
    {
        if (_slots.TryGetValue(wait.InstanceId, out var slot) && !slot.IsFinished)
        {
            if (!_waits.TryGetValue(wait.InstanceId, out var waits))
            {
                _waits.Add(wait.InstanceId, waits = []);
            }

            waits.Add(wait);
        }
        else
        {
            var known = slot is not null || _store.Find(wait.InstanceId) is not null;
            _afterCommit.Add(() => wait.Answer(known));
        }
    }

    private void OnTerminate(TerminateRequest terminate)
    {
        if (FindLive(terminate, terminate.InstanceId) is { } slot)
        {
            Terminate(slot, terminate.Reason);
            _afterCommit.Add(() => terminate.Answer(SignalOutcome.Accepted));
        }
    }

    private void Terminate(InstanceSlot slot, string reason)
    {
        foreach (var child in slot.Children?.ToArray() ?? [])
        {
            Terminate(child, reason);
        }

        slot.Failure = new FailureDetails("Terminated", reason);
        Finish(slot, InstanceTrigger.Terminate, HistoryKind.Terminated, reason);
    }

    private void OnSuspend(SuspendRequest suspend)
    {
        if (FindLive(suspend, suspend.InstanceId) is { } slot)
        {
            if (slot.Status is WorkflowStatus.Pending or WorkflowStatus.Running)
            {
                Note(slot, HistoryKind.Suspended, suspend.Reason);
                Move(slot, InstanceTrigger.Suspend);
            }

            _afterCommit.Add(() => suspend.Answer(SignalOutcome.Accepted));
        }
    }

    private void OnResume(ResumeRequest resume)
    {
        if (FindLive(resume, resume.InstanceId) is { } slot)
        {
            if (slot.Status is WorkflowStatus.Suspended or WorkflowStatus.Quarantined)
            {
                Resume(slot, resume.Reason);
            }

            _afterCommit.Add(() => resume.Answer(SignalOutcome.Accepted));
        }
    }

    private void Resume(InstanceSlot slot, string reason)
    {
        Note(slot, HistoryKind.Resumed, reason);
        Move(slot, InstanceTrigger.Resume);
        slot.Failure = null;
        _local.Enqueue(new CatchUp(slot, Verify: true));
    }

    private void OnPurge(PurgeRequest purge)
    {
        var found = _store.FindFinishedBefore(purge.CompletedBefore, PurgeChunk);
        _deleted.AddRange(found);
        _afterCommit.Add(() => purge.Answer(found.Count));
    }

    private void OnForeignContinuation(WorkflowExecution execution)
    {
        if (_slots.TryGetValue(execution.Identity.InstanceId, out var slot) && slot.Execution == execution)
        {
            Quarantine(
                slot,
                typeof(NonDeterminismException),
                $"After inbound event {slot.Processed} the code was continued by something that is not a task of its "
                    + $"context, which no replay can repeat."
            );
        }
    }

    /// <summary>The unfinished instance of that id; without one the request gets its answer here.</summary>
    private InstanceSlot? FindLive(Request<SignalOutcome> request, string id)
    {
        if (_slots.TryGetValue(id, out var slot) && !slot.IsFinished)
        {
            return slot;
        }

        var outcome = slot is not null || _store.Find(id) is not null ? SignalOutcome.Finished : SignalOutcome.Unknown;
        _afterCommit.Add(() => request.Answer(outcome));
        return null;
    }

    /// <summary>Whether this generation still waits for the action's result; it does so no more afterwards, so a second
    /// result is ignored.</summary>
    private static bool TakeOpen(InstanceSlot slot, int generation, int action) =>
        !slot.IsFinished && slot.Generation == generation && slot.OpenActions?.Remove(action) == true;

    private HistoryEvent Result(
        int action,
        string? output,
        FailureDetails? failure,
        HistoryKind completed,
        HistoryKind failed
    ) =>
        failure is null
            ? new HistoryEvent(completed, action, 0, 0, Now, null, output)
            : new HistoryEvent(failed, action, 0, 0, Now, null, JsonSerializer.Serialize(failure, SelfDevJson.Payload));

    private void Note(InstanceSlot slot, HistoryKind kind, string reason)
    {
        Touch(slot);
        slot.Unwritten.Add(new HistoryEvent(kind, 0, 0, 0, slot.UpdatedAt, null, reason));
    }
}
