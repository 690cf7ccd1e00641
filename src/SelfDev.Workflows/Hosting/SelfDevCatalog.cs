using Microsoft.Extensions.DependencyInjection;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Scaling;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Scaling.Decide;

namespace SelfDev.Workflows.Hosting;

/// <summary>All workflows and activities of SelfDev: what both hosts run.</summary>
public static class SelfDevCatalog
{
    public static WorkflowCatalog Create() =>
        new WorkflowCatalog()
            .Add(ArtifactDiagnosis.Handle, ArtifactDiagnosis.RunAsync)
            .Add(ActionExecution.Handle, ActionExecution.RunAsync)
            .Add(FleetScaling.Handle, FleetScaling.RunAsync)
            .Add(DecideFleet.Handle, ActivatorUtilities.GetServiceOrCreateInstance<DecideFleet>)
            .Add(StartFleetScale.Handle, ActivatorUtilities.GetServiceOrCreateInstance<StartFleetScale>)
            .Add(ProtectInstance.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ProtectInstance>)
            .Add(PollFleetScale.Handle, ActivatorUtilities.GetServiceOrCreateInstance<PollFleetScale>)
            .Add(AskAboutFleet.Handle, ActivatorUtilities.GetServiceOrCreateInstance<AskAboutFleet>)
            .Add(ApprovalWorkflow.Handle, ApprovalWorkflow.RunAsync)
            .Add(IntakeActivities.Inspect, ActivatorUtilities.GetServiceOrCreateInstance<InspectArtifact>)
            .Add(IntakeActivities.Reject, ActivatorUtilities.GetServiceOrCreateInstance<RejectArtifact>)
            .Add(AnalyzeArtifact.Handle, ActivatorUtilities.GetServiceOrCreateInstance<AnalyzeArtifact>)
            .Add(ExplainFindings.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ExplainFindings>)
            .Add(ComposeReport.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ComposeReport>)
            .Add(PlanEffect.Handle, ActivatorUtilities.GetServiceOrCreateInstance<PlanEffect>)
            .Add(ExecuteEffect.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ExecuteEffect>)
            .Add(PollEffect.Handle, ActivatorUtilities.GetServiceOrCreateInstance<PollEffect>)
            .Add(ObserveEffect.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ObserveEffect>)
            .Add(NotifyEffect.Handle, ActivatorUtilities.GetServiceOrCreateInstance<NotifyEffect>)
            .Add(RequestApproval.Handle, ActivatorUtilities.GetServiceOrCreateInstance<RequestApproval>)
            .Add(ReadDecisions.Handle, ActivatorUtilities.GetServiceOrCreateInstance<ReadDecisions>)
            .Add(RecordLedgerEntry.Handle, ActivatorUtilities.GetServiceOrCreateInstance<RecordLedgerEntry>);
}
