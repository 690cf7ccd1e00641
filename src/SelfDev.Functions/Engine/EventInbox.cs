using System.Text.Json;
using Microsoft.DurableTask;

namespace SelfDev.Functions.Engine;

/// <summary>
/// External events of one workflow execution, in order of arrival to waits in order of asking. Durable Functions serves
/// the newest wait first, and a cancelled wait still swallows the next event of its name
/// (azure-functions-durable-extension issue 3255, durabletask-dotnet issue 508): after a reminder's time-out the
/// approval itself would be lost. So this keeps at most one wait of the engine's open per name, never cancels it, and
/// hands what arrives to whoever waits by then. Used on the orchestrator thread only.
/// </summary>
internal sealed class EventInbox(TaskOrchestrationContext context)
{
    // Durable Functions compares event names without case.
    private readonly SortedDictionary<string, Slot> _slots = new(StringComparer.OrdinalIgnoreCase);
    private bool _forwarding;

    public Task<JsonElement> NextAsync(string name, CancellationToken cancellation)
    {
        if (!_slots.TryGetValue(name, out var slot))
        {
            _slots.Add(name, slot = new Slot());
        }

        if (slot.Arrived.TryDequeue(out var arrived))
        {
            return Task.FromResult(arrived);
        }

        var waiter = new TaskCompletionSource<JsonElement>();
        if (cancellation.CanBeCanceled)
        {
            cancellation.Register(() => waiter.TrySetCanceled(cancellation));
        }

        slot.Waiters.Enqueue(waiter);
        if (!slot.IsOpen)
        {
            _ = ReceiveAsync(name, slot);
        }

        return waiter.Task;
    }

    /// <summary>Hands events that arrived and were not asked for to the next generation, now and from now on.</summary>
    public void ForwardToNextGeneration()
    {
        _forwarding = true;
        foreach (var (name, slot) in _slots)
        {
            while (slot.Arrived.TryDequeue(out var value))
            {
                context.SendEvent(context.InstanceId, name, value);
            }
        }
    }

    private async Task ReceiveAsync(string name, Slot slot)
    {
        slot.IsOpen = true;
        while (slot.Waiters.Any(waiter => !waiter.Task.IsCompleted))
        {
            var value = await context.WaitForExternalEvent<JsonElement>(name);
            Deliver(name, slot, value);
        }

        slot.IsOpen = false;
    }

    private void Deliver(string name, Slot slot, JsonElement value)
    {
        while (slot.Waiters.TryDequeue(out var waiter))
        {
            if (waiter.TrySetResult(value))
            {
                return;
            }
        }

        if (_forwarding)
        {
            context.SendEvent(context.InstanceId, name, value);
        }
        else
        {
            slot.Arrived.Enqueue(value);
        }
    }

    private sealed class Slot
    {
        public Queue<TaskCompletionSource<JsonElement>> Waiters { get; } = new();

        public Queue<JsonElement> Arrived { get; } = new();

        public bool IsOpen { get; set; }
    }
}
