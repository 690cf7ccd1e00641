namespace SelfDev.Workflows.Engine;

/// <summary>One step with effects. Runs at least once: make it idempotent with <see
/// cref="ActivityContext.IdempotencyKey"/>.</summary>
public interface IActivity<TIn, TOut>
{
    Task<TOut> RunAsync(TIn input, ActivityContext context);
}

/// <param name="InstanceId">The workflow instance that called.</param>
/// <param name="IdempotencyKey">
/// The same for every attempt and re-run of this call, different for every other call:
/// <c>{instanceId}:{generation}:{call}</c>.
/// </param>
/// <param name="Cancellation">Set when the host stops or the instance is terminated.</param>
public sealed record ActivityContext(string InstanceId, string IdempotencyKey, CancellationToken Cancellation);
