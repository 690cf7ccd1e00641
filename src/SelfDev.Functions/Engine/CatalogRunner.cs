using System.Text.Json;
using Microsoft.DurableTask;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Engine;

/// <summary>
/// Runs what the catalog holds on a Durable Task worker. The functions are one line each because of this; a worker
/// outside Functions registers the same two methods, with <see cref="JsonElement"/> as input and output of a workflow
/// and <see cref="ActivityCall"/> as input of an activity.
/// </summary>
public sealed class CatalogRunner(WorkflowCatalog catalog)
{
    /// <summary>Runs the workflow of the context's name, from the start or in replay.</summary>
    /// <exception cref="InvalidOperationException">The catalog has no workflow of that name.</exception>
    public async Task<JsonElement> RunWorkflowAsync(TaskOrchestrationContext context)
    {
        var entry =
            catalog.Workflows.GetValueOrDefault(context.Name.Name)
            ?? throw new InvalidOperationException($"The catalog has no workflow '{context.Name.Name}'.");
        var input = WorkflowInput.Read(context.GetInput<JsonElement?>());
        try
        {
            return Wire.Parse(
                await entry.RunAsync(new DurableTaskContext(context, input.Generation), input.Value?.GetRawText())
            );
        }
        catch (WorkflowTaskFailedException failed)
        {
            throw DurableFailures.ToDurable(failed);
        }
    }

    /// <summary>Runs an activity with the call's key. At least once: see <see
    /// cref="ActivityContext.IdempotencyKey"/>.</summary>
    /// <exception cref="InvalidOperationException">The catalog has no activity of that name.</exception>
    public async Task<JsonElement> RunActivityAsync(
        string name,
        ActivityCall call,
        IServiceProvider services,
        CancellationToken cancellation
    )
    {
        var entry =
            catalog.Activities.GetValueOrDefault(name)
            ?? throw new InvalidOperationException($"The catalog has no activity '{name}'.");
        return Wire.Parse(
            await entry.RunAsync(
                services,
                call.Input.GetRawText(),
                new ActivityContext(call.InstanceId, call.Key, cancellation)
            )
        );
    }
}
