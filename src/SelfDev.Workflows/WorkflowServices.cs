using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Artifacts;
using SelfDev.Workflows.ActionExecution;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.FleetScaling;

namespace SelfDev.Workflows;

/// <summary>What the activities are made of, beside the ports that a host supplies.</summary>
public static class WorkflowServices
{
    /// <summary>
    /// The host adds the ports (<c>IArtifactStore</c>, <c>IFleet</c>, <c>IAnalyst</c>, <c>INotifier</c>, <c>ILedgerStore</c>,
    /// <c>IApprovalPolicySource</c>, <c>IWorkflowClient</c>), <see cref="ApprovalLinks"/> and a <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddSelfDevWorkflows(this IServiceCollection services) => services
        .AddSingleton(Capabilities.All)
        .AddSingleton(new ArtifactSniffer(Capabilities.All.Rooms))
        .AddSingleton(ReadLimits.Default)
        .AddSingleton<FindingMemory>()
        .AddSingleton<FleetSamples>()
        .AddSingleton<IFleetSizing, PlannedFleetSizing>()
        .AddSingleton<CheckpointManifests>()
        .AddSingleton<EvaluationFolder>()
        .AddSingleton<SelfAnalysisGate>()
        .AddSingleton<RulesAnalyst>()
        .AddSingleton(new ExplanationPlaces(4))
        .AddSingleton<Explanations>()
        .AddSingleton<ApprovalRequests>()
        .AddSingleton<DecisionStore>()
        .AddSingleton<ApprovalDecisions>()
        .AddSingleton<KillSwitch>()
        .AddSingleton<EffectIntents>()
        .AddSingleton<IEffectExecutor, ScaleFleetExecutor>()
        .AddSingleton<IEffectExecutor, ReplaceNodeExecutor>()
        .AddSingleton<IEffectExecutor, CommandExecutor>();
}
