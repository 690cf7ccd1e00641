using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>
/// Start-up: finds the unfinished instances and what each of them waits for. No workflow code runs for an instance that
/// only waits, so ten thousand parked approvals cost a read each and stay on disk.
/// </summary>
internal sealed partial class EngineLoop
{
    /// <exception cref="CorruptStoreException">The store cannot be trusted as a whole.</exception>
    public void Recover()
    {
        _store.CheckIntegrity();
        var pending = new List<ActivityCall>();
        var timers = 0;
        var unfinished = _store.ReadUnfinished();
        foreach (var stored in unfinished)
        {
            if (!stored.IsIntact)
            {
                throw new CorruptStoreException(
                    $"The row of instance number {stored.Sequence} is not what was written: its checksum does not "
                        + $"match. Restore the data folder from a copy."
                );
            }

            Recover(stored, pending, ref timers);
        }

        foreach (var slot in _slots.Values)
        {
            Link(slot);
        }

        _afterCommit.Add(() => pending.ForEach(_dispatcher.Enqueue));
        _log.EngineStarted(_options.DataFolder, unfinished.Count, pending.Count, timers);
        Commit();
    }

    private void Recover(StoredInstance stored, List<ActivityCall> pending, ref int timers)
    {
        var slot = new InstanceSlot(
            stored.Sequence,
            stored.Id,
            stored.Name,
            stored.Version,
            stored.CreatedAt,
            stored.Parent
        )
        {
            Status = stored.Status,
            UpdatedAt = stored.UpdatedAt,
            Generation = stored.Generation,
            Batches = stored.Batches,
            Tail = stored.Tail,
            Failure = stored.Failure,
        };
        _slots.Add(slot.Id, slot);
        var entries = new List<HistoryEvent>();
        try
        {
            slot.Processed = _store.ReadHistory(slot.Sequence, slot.Generation, slot.Batches, slot.Tail, entries);
        }
        catch (CorruptStoreException exception)
        {
            slot.Obstacle = exception.Message;
            if (slot.Status != WorkflowStatus.Quarantined)
            {
                Quarantine(slot, typeof(CorruptStoreException), exception.Message);
            }

            return;
        }

        var open = OpenActions(entries);
        slot.Inbound = entries.Count(entry => entry.IsInbound);
        slot.OpenActions = open.Count == 0 ? null : [.. open.Keys];
        slot.Obstacle = MissingFromCatalog(slot, open.Values);
        foreach (var action in open.Values)
        {
            switch (action.Kind)
            {
                case HistoryKind.ActivityScheduled when _catalog.Activities.ContainsKey(action.Name!):
                    pending.Add(
                        new ActivityCall(slot, slot.Generation, action.Id, action.Call, action.Name!, action.Data)
                    );
                    break;
                case HistoryKind.TimerScheduled:
                    _timers.Add(new TimerEntry(slot, slot.Generation, action.Id, action.At));
                    timers++;
                    break;
                case HistoryKind.ChildScheduled:
                    _next.Enqueue(new ChildStart(slot, slot.Generation, action));
                    break;
            }
        }

        if (slot.Obstacle is { } obstacle)
        {
            if (slot.Status is WorkflowStatus.Pending or WorkflowStatus.Running)
            {
                Quarantine(slot, typeof(KeyNotFoundException), obstacle);
            }
        }
        else if (slot.Status == WorkflowStatus.Quarantined)
        {
            // Perhaps the code that matches is back.
            Note(slot, HistoryKind.Resumed, "The engine was started again.");
            Move(slot, InstanceTrigger.Resume);
            slot.Failure = null;
            _next.Enqueue(new CatchUp(slot, Verify: true));
        }
        else if (slot.Processed < slot.Inbound)
        {
            _next.Enqueue(new CatchUp(slot));
        }
    }

    /// <summary>Actions that have neither a result nor been cancelled, by number.</summary>
    private static SortedDictionary<int, HistoryEvent> OpenActions(List<HistoryEvent> entries)
    {
        var open = new SortedDictionary<int, HistoryEvent>();
        foreach (var entry in entries)
        {
            switch (entry.Kind)
            {
                case HistoryKind.ActivityScheduled or HistoryKind.TimerScheduled or HistoryKind.ChildScheduled:
                    open.Add(entry.Id, entry);
                    break;
                case HistoryKind.TimerCancelled:
                    open.Remove(entry.Call);
                    break;
                case HistoryKind.ActivityCompleted
                or HistoryKind.ActivityFailed
                or HistoryKind.TimerFired
                or HistoryKind.ChildCompleted
                or HistoryKind.ChildFailed:
                    open.Remove(entry.Id);
                    break;
            }
        }

        return open;
    }

    private string? MissingFromCatalog(InstanceSlot slot, IEnumerable<HistoryEvent> open)
    {
        if (!_catalog.Workflows.ContainsKey(slot.Name))
        {
            return $"No workflow is called '{slot.Name}' in the catalog: it was renamed or removed. Add it again, or "
                + $"terminate the instance.";
        }

        var missing = open.FirstOrDefault(action =>
            action.Kind == HistoryKind.ActivityScheduled && !_catalog.Activities.ContainsKey(action.Name!)
        );
        return missing is null
            ? null
            : $"Step {missing.Id + 1} waits for activity '{missing.Name}', which is not in the catalog: it was renamed "
                + $"or removed. Add it again, or terminate the instance.";
    }
}
