using System.Diagnostics;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>Turns: an inbound event reaches an instance, its code runs, its actions are gathered.</summary>
internal sealed partial class EngineLoop
{
    /// <param name="generation">Not 0 for a child that takes the id of a finished one: its calls must not share that
    /// one's idempotency keys.</param>
    private void Create(string id, string name, string input, ParentCall? parent, int generation = 0)
    {
        var now = Now;
        var slot = new InstanceSlot(_store.TakeSequence(), id, name, _options.Version, now, parent)
        {
            Status = WorkflowStatus.Pending,
            Generation = generation,
            IsNew = true,
            Input = input,
        };
        _slots.Add(id, slot);
        Link(slot);
        Receive(slot, new HistoryEvent(HistoryKind.Started, 0, 0, 0, now, name, input));
    }

    /// <summary>Adds an inbound event to the history and, unless the instance stands still, runs the code with
    /// it.</summary>
    private void Receive(InstanceSlot slot, HistoryEvent inbound)
    {
        Touch(slot);
        slot.Unwritten.Add(inbound);
        slot.Inbound++;

        // Not in order when earlier events still wait for a catch-up; that one will see this event too.
        if (slot.Status is WorkflowStatus.Pending or WorkflowStatus.Running && slot.Processed == slot.Inbound - 1)
        {
            if (slot.Execution is null)
            {
                Advance(slot);
            }
            else
            {
                Apply(slot, inbound);
            }
        }
    }

    /// <summary>Brings the instance into memory, replaying what it had processed, and runs what it had not.</summary>
    private void Advance(InstanceSlot slot)
    {
        var entries = new List<HistoryEvent>();
        try
        {
            if (!slot.IsNew && !slot.RestartsHistory)
            {
                _store.ReadHistory(slot.Sequence, slot.Generation, slot.Batches, slot.Tail, entries);
            }
        }
        catch (CorruptStoreException exception)
        {
            Quarantine(slot, typeof(CorruptStoreException), exception.Message);
            return;
        }

        entries.AddRange(slot.Unwritten);
        var inbound = entries.Where(entry => entry.IsInbound).ToList();
        var execution = new WorkflowExecution(
            slot.Identity,
            _catalog,
            _loggers,
            foreign => Post(new ForeignContinuation(foreign))
        );
        if (slot.Processed > 0)
        {
            EngineTelemetry.Replayed();
            execution.Replay(inbound, slot.Processed, [.. entries.Where(entry => entry.IsAction)]);
        }

        if (execution.Mismatch is { } mismatch)
        {
            Quarantine(slot, typeof(NonDeterminismException), mismatch);
            return;
        }

        slot.Execution = execution;
        slot.CacheNode = _cached.AddLast(slot);
        var generation = slot.Generation;
        for (var index = slot.Processed; index < inbound.Count; index++)
        {
            if (!Apply(slot, inbound[index]))
            {
                return;
            }

            if (slot.Generation != generation)
            {
                // The rest of the events belongs to the generation that has just begun.
                foreach (var later in inbound.Skip(index + 1).Where(entry => entry.Kind == HistoryKind.EventRaised))
                {
                    slot.Unwritten.Add(later);
                    slot.Inbound++;
                }

                return;
            }
        }
    }

    /// <returns>False when the instance is finished or stands still now.</returns>
    private bool Apply(InstanceSlot slot, HistoryEvent inbound)
    {
        var execution = slot.Execution!;
        if (slot.CacheNode is { } node && node != _cached.Last)
        {
            _cached.Remove(node);
            _cached.AddLast(node);
        }

        var started = Stopwatch.GetTimestamp();
        var actions = execution.Apply(inbound);
        var took = Stopwatch.GetElapsedTime(started);
        if (took > SlowTurn)
        {
            _log.SlowTurn(slot.Id, (long)took.TotalMilliseconds);
        }

        _turns++;
        if (execution.Mismatch is { } mismatch)
        {
            Quarantine(slot, typeof(NonDeterminismException), mismatch);
            return false;
        }

        slot.Processed = execution.Processed;
        Move(slot, InstanceTrigger.Run);
        if (execution.CustomStatusChanged)
        {
            slot.CustomStatus = execution.CustomStatus;
            slot.CustomStatusChanged = true;
            execution.CustomStatusChanged = false;
        }

        if (execution.IsCompleted)
        {
            Conclude(slot, execution);
            return !slot.IsFinished;
        }

        foreach (var action in actions)
        {
            slot.Unwritten.Add(action);
            Perform(slot, action);
        }

        return true;
    }

    private void Perform(InstanceSlot slot, HistoryEvent action)
    {
        switch (action.Kind)
        {
            case HistoryKind.ActivityScheduled:
                (slot.OpenActions ??= []).Add(action.Id);
                var call = new ActivityCall(slot, slot.Generation, action.Id, action.Call, action.Name!, action.Data);
                _afterCommit.Add(() => _dispatcher.Enqueue(call));
                break;
            case HistoryKind.TimerScheduled:
                (slot.OpenActions ??= []).Add(action.Id);
                var timer = new TimerEntry(slot, slot.Generation, action.Id, action.At);
                _afterCommit.Add(() => _timers.Add(timer));
                break;
            case HistoryKind.TimerCancelled:
                slot.OpenActions!.Remove(action.Call);
                break;
            case HistoryKind.ChildScheduled:
                (slot.OpenActions ??= []).Add(action.Id);
                _local.Enqueue(new ChildStart(slot, slot.Generation, action));
                break;
        }
    }

    private void Conclude(InstanceSlot slot, WorkflowExecution execution)
    {
        var (output, failure) = execution.Outcome;
        if (failure is null && execution.NextInput is { } next)
        {
            Restart(slot, next, execution.UnconsumedEvents);
        }
        else if (failure is null)
        {
            slot.Output = output;
            Finish(slot, InstanceTrigger.Complete, HistoryKind.Completed, null);
        }
        else
        {
            slot.Failure = failure;
            Finish(
                slot,
                InstanceTrigger.Fail,
                HistoryKind.Failed,
                JsonSerializer.Serialize(failure, SelfDevJson.Payload)
            );
        }
    }

    /// <summary>Continue-as-new: the history starts again with the new input and the events that nobody
    /// consumed.</summary>
    private void Restart(InstanceSlot slot, string input, IReadOnlyList<HistoryEvent> carried)
    {
        Forget(slot);
        slot.RestartsHistory = !slot.IsNew;
        slot.Input = input;
        slot.Generation++;
        slot.Batches = slot.Processed = 0;
        slot.Tail = 0;
        slot.OpenActions = null;
        slot.Unwritten.Clear();
        slot.Unwritten.Add(new HistoryEvent(HistoryKind.Started, 0, 0, 0, Now, slot.Name, input));
        slot.Unwritten.AddRange(carried);
        slot.Inbound = 1 + carried.Count;
        _afterCommit.Add(() => _dispatcher.Drop(slot, running: false));

        // In the next commit, so that a workflow that only ever continues as new cannot keep this one from ending.
        _next.Enqueue(new CatchUp(slot));
    }

    private void Finish(InstanceSlot slot, InstanceTrigger trigger, HistoryKind kind, string? data)
    {
        Touch(slot);
        Move(slot, trigger);
        slot.Unwritten.Add(new HistoryEvent(kind, 0, 0, 0, slot.UpdatedAt, null, data));
        Forget(slot);
        _finished.Add(slot);
        if (slot.Parent is { } parent)
        {
            if (_slots.TryGetValue(parent.InstanceId, out var parentSlot))
            {
                parentSlot.Children?.Remove(slot);
            }

            _local.Enqueue(new ChildDone(parent, slot.Output, slot.Failure));
        }

        var cancelRunning = trigger == InstanceTrigger.Terminate;
        _afterCommit.Add(() => _dispatcher.Drop(slot, cancelRunning));
        _afterCommit.Add(() =>
        {
            // Taken off the list only now: if the commit fails, they go on waiting.
            if (_waits.Remove(slot.Id, out var waits))
            {
                waits.ForEach(wait => wait.Answer(true));
            }
        });
    }

    private void Quarantine(InstanceSlot slot, Type errorType, string reason)
    {
        Touch(slot);
        Forget(slot);
        Move(slot, InstanceTrigger.Quarantine);
        slot.Failure = new FailureDetails(errorType.FullName!, reason);
        _log.InstanceQuarantined(slot.Id, reason);
    }

    private static void Move(InstanceSlot slot, InstanceTrigger trigger)
    {
        if (InstanceLifecycle.Next(slot.Status, trigger) is { } next)
        {
            slot.Status = next;
        }
    }

    private void Touch(InstanceSlot slot)
    {
        slot.UpdatedAt = Now;
        if (!slot.IsDirty)
        {
            slot.IsDirty = true;
            _dirty.Add(slot);
        }
    }

    private void Forget(InstanceSlot slot)
    {
        slot.Execution = null;
        if (slot.CacheNode is { } node)
        {
            _cached.Remove(node);
            slot.CacheNode = null;
        }
    }

    private void Link(InstanceSlot slot)
    {
        if (slot.Parent is { } parent && _slots.TryGetValue(parent.InstanceId, out var parentSlot))
        {
            (parentSlot.Children ??= []).Add(slot);
        }
    }
}
