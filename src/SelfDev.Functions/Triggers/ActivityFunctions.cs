using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using SelfDev.Functions.Engine;

namespace SelfDev.Functions.Triggers;

/// <summary>One function an activity of the catalog. The names are persisted in histories.</summary>
public sealed class ActivityFunctions(CatalogRunner catalog)
{
    [Function(nameof(AnalyzeArtifact))]
    public Task<JsonElement> AnalyzeArtifact([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(AskAboutFleet))]
    public Task<JsonElement> AskAboutFleet([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ComposeReport))]
    public Task<JsonElement> ComposeReport([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(DecideFleet))]
    public Task<JsonElement> DecideFleet([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ExecuteEffect))]
    public Task<JsonElement> ExecuteEffect([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ExplainFindings))]
    public Task<JsonElement> ExplainFindings([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(InspectArtifact))]
    public Task<JsonElement> InspectArtifact([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(NotifyEffect))]
    public Task<JsonElement> NotifyEffect([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ObserveEffect))]
    public Task<JsonElement> ObserveEffect([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(PlanEffect))]
    public Task<JsonElement> PlanEffect([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(PollEffect))]
    public Task<JsonElement> PollEffect([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(PollFleetScale))]
    public Task<JsonElement> PollFleetScale([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ProtectInstance))]
    public Task<JsonElement> ProtectInstance([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(ReadDecisions))]
    public Task<JsonElement> ReadDecisions([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(RecordLedgerEntry))]
    public Task<JsonElement> RecordLedgerEntry([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(RejectArtifact))]
    public Task<JsonElement> RejectArtifact([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(RequestApproval))]
    public Task<JsonElement> RequestApproval([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    [Function(nameof(StartFleetScale))]
    public Task<JsonElement> StartFleetScale([ActivityTrigger] ActivityCall call, FunctionContext context) =>
        RunAsync(call, context);

    private Task<JsonElement> RunAsync(ActivityCall call, FunctionContext context) =>
        catalog.RunActivityAsync(
            context.FunctionDefinition.Name,
            call,
            context.InstanceServices,
            context.CancellationToken
        );
}
