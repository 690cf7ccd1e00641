using Azure.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Analysts;
using SelfDev.Azure.Fleets;
using SelfDev.Azure.Ledger;
using SelfDev.Azure.Notifications;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Local.ArmSimulator;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Engine;
using SelfDev.Local.Intake;
using SelfDev.Local.Reconcile;
using SelfDev.Local.Spool;
using SelfDev.Local.Storage;
using SelfDev.Local.Trust;
using SelfDev.Web;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Audit;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Hosting;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>What the local host puts behind each port.</summary>
internal static class LocalServices
{
    private static readonly string[] OwnContainers = [Containers.Evidence, Containers.Reports, Containers.Rejected];

    public static IServiceCollection AddLocalHost(
        this IServiceCollection services,
        LocalHostOptions options,
        IApprovalPolicySource policy,
        IReadOnlyList<ApiPrincipal> principals,
        LocalStorage storage,
        ArmSimulatorServer? simulator
    ) =>
        services
            .AddSelfDevWorkflows()
            .AddSelfDevWeb(
                new WebOptions
                {
                    Principals = principals,
                    PublicUrl = options.PublicUrl,
                    AllowedHosts = options.AllowedHosts,
                }
            )
            .AddSingleton<SignInLinks>()
            .AddSingleton(options.Clock)
            .AddSingleton<HostAddress>()
            .AddSpool(new SpoolOptions { Folder = options.Data.Spool }, storage)
            .AddSingleton(services =>
                SqliteArtifactStore.Open(
                    options.Data.ArtifactsDatabase,
                    OwnContainers,
                    services.GetRequiredService<TimeProvider>()
                )
            )
            .AddSealedStorage(
                services => Artifacts(storage, services),
                [new ForeignContainers(storage.Store, storage.KeptElsewhere)]
            )
            .AddSingleton(PemTreeHeadSigner.FromFile(options.Data.LedgerKey))
            .AddSingleton<ITreeHeadSigner>(services => services.GetRequiredService<PemTreeHeadSigner>())
            .AddSingleton(services => new LedgerPublicKeys(
                LedgerKeys.FromPem(services.GetRequiredService<PemTreeHeadSigner>().PublicKeyPem)
            ))
            .AddSingleton(_ => SqliteTrustStore.Open(options.Data.TrustDatabase))
            .AddSingleton<ITrustStore>(services => services.GetRequiredService<SqliteTrustStore>())
            .AddSingleton(_ => SqliteLedgerLog.Open(options.Data.LedgerDatabase))
            .AddSingleton<ILedgerLog>(services => services.GetRequiredService<SqliteLedgerLog>())
            .AddSingleton<IHeadWitness>(services => new HeadFile(
                options.Data.LastHead,
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<HeadFile>>()
            ))
            .AddSingleton(services => new LedgerStore(
                services.GetRequiredService<ILedgerLog>(),
                services.GetRequiredService<ITreeHeadSigner>(),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<IHeadWitness>()
            ))
            .AddSingleton<ILedgerStore>(services => services.GetRequiredService<LedgerStore>())
            .AddSingleton<LedgerCheck>()
            .AddSingleton(services => new HostParts(
                services.GetRequiredService<Reconciliation>(),
                options.Data,
                storage.Azurite is not null,
                services.GetRequiredService<SqliteTrustStore>(),
                services.GetRequiredService<SqliteLedgerLog>(),
                services.GetRequiredService<SqliteArtifactStore>(),
                services.GetRequiredService<EmbeddedEngine>()
            ))
            .AddSingleton<LastSeenKeeper>()
            .AddSingleton<IFleet>(services => Fleet(options, simulator, services))
            .AddSingleton<IAnalyst>(services => Analyst(options, services))
            .AddSingleton<INotifier>(services => new ConsoleNotifier(
                options.ShowNotification,
                Webhook(options, services)
            ))
            .AddSingleton<IApprovalPolicySource>(policy)
            .AddSingleton(services =>
                ApprovalKeyFile.ReadOrCreate(options.Data.ApprovalKeys, services.GetRequiredService<TimeProvider>())
            )
            .AddSingleton(services => new ApprovalLinks(
                services.GetRequiredService<ApprovalKeyRing>(),
                services.GetRequiredService<HostAddress>().Value,
                services.GetRequiredService<TimeProvider>()
            ))
            .AddSingleton(SelfDevCatalog.Create())
            .AddSingleton(services => new EmbeddedEngine(
                new EmbeddedEngineOptions { DataFolder = options.Data.Engine, Clock = options.Clock },
                services.GetRequiredService<WorkflowCatalog>(),
                services,
                services.GetRequiredService<ILoggerFactory>()
            ))
            .AddSingleton<IWorkflowClient>(services => services.GetRequiredService<EmbeddedEngine>())
            .AddSingleton<DiagnosisStart>()
            .AddSingleton<StartIntake>(services => services.GetRequiredService<DiagnosisStart>().StartAsync)
            .AddSingleton<IntakeSweep>()
            .AddSingleton(new IntakeWatcherOptions())
            .AddSingleton<IntakeWatcher>();

    // An account that the settings name takes everything that is an artifact. An emulator answers before it has
    // written: it gets what others have to reach, through the spool.
    private static IArtifactStore Artifacts(LocalStorage storage, IServiceProvider services)
    {
        var shared = SpoolServices.Over(storage, services);
        return storage.Azurite is null
            ? shared
            : new RoutedArtifactStore(services.GetRequiredService<SqliteArtifactStore>(), OwnContainers, shared);
    }

    private static ArmFleet Fleet(LocalHostOptions options, ArmSimulatorServer? simulator, IServiceProvider services)
    {
        var (clock, logger) = (
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ArmFleet>>()
        );
        return simulator is null
            ? new ArmFleet(new AzureFleetOptions { Endpoint = options.ArmEndpoint! }, clock, logger)
            : new ArmFleet(
                new AzureFleetOptions { Endpoint = simulator.Endpoint, CertificateThumbprint = simulator.Thumbprint },
                new ArmSimulatorCredential(simulator),
                clock,
                logger
            );
    }

    private static IAnalyst Analyst(LocalHostOptions options, IServiceProvider services) =>
        options.Model is { } model
            ? new LanguageModelAnalyst(
                model,
                string.IsNullOrEmpty(model.Key) ? new DefaultAzureCredential() : null,
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<LanguageModelAnalyst>>()
            )
            : services.GetRequiredService<RulesAnalyst>();

    private static WebhookNotifier? Webhook(LocalHostOptions options, IServiceProvider services) =>
        options.Webhook is { } webhook
            ? new WebhookNotifier(
                webhook,
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<WebhookNotifier>>()
            )
            : null;
}
