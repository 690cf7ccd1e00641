using Microsoft.DurableTask.Client;
using SelfDev.Functions.Engine;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// The workflow client for services that live as long as the host. Functions hands out its client with each call and in
/// no other way, so the function that gets one lends it for the duration of its call.
/// </summary>
public sealed class AmbientWorkflowClient : IWorkflowClient
{
    private readonly AsyncLocal<IWorkflowClient?> _current = new();

    private IWorkflowClient Current =>
        _current.Value
        ?? throw new InvalidOperationException(
            "No workflow client here: only functions with a durable client binding may start, signal or query "
                + "workflows."
        );

    /// <summary>Lends the client to everything that is called from here on in this flow of control.</summary>
    public void Lend(DurableTaskClient client) => _current.Value = new DurableTaskWorkflowClient(client);

    public Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    ) => Current.StartAsync(workflow, input, instanceId, cancellation);

    public Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    ) => Current.RaiseEventAsync(instanceId, name, payload, cancellation);

    public Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation) =>
        Current.GetAsync(instanceId, cancellation);

    public IAsyncEnumerable<WorkflowInstance> QueryAsync(WorkflowQuery query, CancellationToken cancellation) =>
        Current.QueryAsync(query, cancellation);

    public Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Current.TerminateAsync(instanceId, reason, cancellation);

    public Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Current.SuspendAsync(instanceId, reason, cancellation);

    public Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Current.ResumeAsync(instanceId, reason, cancellation);

    public Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation) =>
        Current.PurgeAsync(completedBefore, cancellation);

    public Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation) =>
        Current.WaitForCompletionAsync(instanceId, cancellation);
}
