using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Effects;

/// <summary>What ARM says of an operation, in the words of an effect.</summary>
internal static class FleetOperations
{
    public static EffectStart ToEffectStart(OperationStart start, IReadOnlyDictionary<string, string> before) =>
        new(
            start.Kind switch
            {
                OperationStartKind.Accepted => EffectStartKind.Started,
                OperationStartKind.Drifted => EffectStartKind.Drifted,
                OperationStartKind.Throttled => EffectStartKind.Throttled,
                _ => EffectStartKind.Refused,
            },
            start.OperationUri,
            start.RetryAfter,
            start.Message is null ? null : $"{start.Code}: {start.Message}",
            before
        );

    public static OperationState FromProvisioningState(string state) =>
        new(
            state switch
            {
                "Succeeded" => OperationPhase.Succeeded,
                "Failed" or "Canceled" => OperationPhase.Failed,
                _ => OperationPhase.Running,
            },
            null,
            null,
            $"The resource's provisioning state is {state}."
        );
}
