using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Change;

/// <summary>Looks once at a scale operation, and at the scale set once it has ended: what counts is what is
/// there.</summary>
public sealed class PollFleetScale(IFleet fleets) : IActivity<PollFleetScaleInput, FleetScaleProgress>
{
    public static readonly Activity<PollFleetScaleInput, FleetScaleProgress> Handle = new("PollFleetScale");

    public async Task<FleetScaleProgress> RunAsync(PollFleetScaleInput input, ActivityContext context)
    {
        var operation = input.OperationUri is { } uri ? await fleets.PollAsync(uri, context.Cancellation) : null;
        var state = operation is null or { Phase: not OperationPhase.Running }
            ? await fleets.GetAsync(input.Resource, context.Cancellation)
            : null;
        operation ??= FleetOperations.FromProvisioningState(state!.ProvisioningState);
        return new FleetScaleProgress(
            operation.Phase,
            operation.RetryAfter,
            operation.Code is null ? operation.Message : $"{operation.Code}: {operation.Message}",
            state?.Capacity,
            state?.RunningInstances,
            state?.EvictedInstances
        );
    }
}

/// <param name="OperationUri">Null where the scale set itself is to be asked.</param>
public sealed record PollFleetScaleInput(string Resource, string? OperationUri);
