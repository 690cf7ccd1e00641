using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Approvals;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Trust;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Audit;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Hosting;

/// <summary>What the activities are made of, beside the ports that a host supplies.</summary>
public static class WorkflowServices
{
    /// <summary>
    /// The host adds the ports (<c>IArtifactStore</c>, <c>IFleet</c>, <c>IAnalyst</c>, <c>INotifier</c>,
    /// <c>ILedgerStore</c>,
    /// <c>IApprovalPolicySource</c>, <c>IWorkflowClient</c>, <c>ITrustStore</c>), <see cref="ApprovalLinks"/>, the
    /// <see cref="ApprovalKeyRing"/> and a <see cref="TimeProvider"/>. Its <c>IArtifactStore</c> is to be a
    /// <see cref="SealedArtifactStore"/>.
    /// </summary>
    public static IServiceCollection AddSelfDevWorkflows(this IServiceCollection services) =>
        services
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
            .AddSingleton<Seals>()
            .AddSingleton<SealedLog>()
            .AddSingleton<TamperReports>()
            .AddSingleton<DropProvenance>()
            .AddSingleton(new ExplanationPlaces(4))
            .AddSingleton<Explanations>()
            .AddSingleton<ApprovalRequests>()
            .AddSingleton<DecisionStore>()
            .AddSingleton<PendingApprovals>()
            .AddSingleton<ApprovalDecisions>()
            .AddSingleton<KillSwitch>()
            .AddSingleton<EffectIntents>()
            .AddSingleton<FleetPlanSeals>()
            .AddSingleton<IEffectExecutor, ScaleFleetExecutor>()
            .AddSingleton<IEffectExecutor, ReplaceNodeExecutor>()
            .AddSingleton<IEffectExecutor, CommandExecutor>();

    /// <summary>The storage account as everything but the triggers sees it: what SelfDev alone may write to is
    /// sealed.</summary>
    /// <param name="foreign">Containers in which this host keeps nothing, so that whatever lies there is somebody
    /// else's.</param>
    public static IServiceCollection AddSealedStorage(
        this IServiceCollection services,
        IArtifactStore account,
        IReadOnlyList<ForeignContainers>? foreign = null
    ) => services.AddSealedStorage(_ => account, foreign);

    /// <inheritdoc cref="AddSealedStorage(IServiceCollection, IArtifactStore, IReadOnlyList{ForeignContainers})"/>
    public static IServiceCollection AddSealedStorage(
        this IServiceCollection services,
        Func<IServiceProvider, IArtifactStore> account,
        IReadOnlyList<ForeignContainers>? foreign = null
    ) =>
        services
            .AddSingleton(provider =>
                ActivatorUtilities.CreateInstance<StorageAudit>(provider, account(provider), foreign ?? [])
            )
            .AddSingleton(provider => new SealedArtifactStore(
                account(provider),
                provider.GetRequiredService<Seals>(),
                provider.GetRequiredService<TamperReports>(),
                provider.GetRequiredService<TimeProvider>()
            ))
            .AddSingleton<IArtifactStore>(provider => provider.GetRequiredService<SealedArtifactStore>());
}
