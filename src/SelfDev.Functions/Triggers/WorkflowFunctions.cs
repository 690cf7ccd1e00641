using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using SelfDev.Functions.Engine;

namespace SelfDev.Functions.Triggers;

/// <summary>One function a workflow of the catalog. The names are persisted in histories.</summary>
public sealed class WorkflowFunctions(CatalogRunner catalog)
{
    [Function(nameof(ActionExecution))]
    public Task<JsonElement> ActionExecution([OrchestrationTrigger] TaskOrchestrationContext context) =>
        catalog.RunWorkflowAsync(context);

    [Function(nameof(Approval))]
    public Task<JsonElement> Approval([OrchestrationTrigger] TaskOrchestrationContext context) =>
        catalog.RunWorkflowAsync(context);

    [Function(nameof(ArtifactDiagnosis))]
    public Task<JsonElement> ArtifactDiagnosis([OrchestrationTrigger] TaskOrchestrationContext context) =>
        catalog.RunWorkflowAsync(context);

    [Function(nameof(FleetScaling))]
    public Task<JsonElement> FleetScaling([OrchestrationTrigger] TaskOrchestrationContext context) =>
        catalog.RunWorkflowAsync(context);
}
