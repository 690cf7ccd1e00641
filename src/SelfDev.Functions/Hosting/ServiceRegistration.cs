using Azure.Core;
using Azure.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Analysts;
using SelfDev.Azure.Blobs;
using SelfDev.Azure.Fleets;
using SelfDev.Azure.Ledger;
using SelfDev.Azure.Notifications;
using SelfDev.Core.Approvals;
using SelfDev.Functions.Engine;
using SelfDev.Web;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Hosting;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Functions.Hosting;

/// <summary>What the Azure host puts behind each port.</summary>
public static class ServiceRegistration
{
    /// <summary>App Service sets it where its authentication module runs, which alone may be believed about who
    /// calls.</summary>
    private const string EasyAuthVariable = "WEBSITE_AUTH_ENABLED";

    /// <summary>App Service's and Core Tools' own name for the app, with a port where that is not the
    /// scheme's.</summary>
    private const string HostnameVariable = "WEBSITE_HOSTNAME";

    /// <exception cref="ArgumentException">A key cannot be used; the message names the setting.</exception>
    public static IServiceCollection AddSelfDev(this IServiceCollection services, FunctionsSettings settings)
    {
        var account = BlobStoreOptions.Parse(settings.Storage);
        var storageCredential = account.ServiceUri is null ? null : Credential(settings.AppClientId);
        var storage = new BlobArtifactStore(account, storageCredential);
        return services
            .AddLogging(logging => logging.HideAddresses())
            .AddSelfDevWorkflows()
            .AddSelfDevWeb(
                new WebOptions
                {
                    PublicUrl = settings.PublicUrl,
                    AllowedHosts = [.. WebOptions.ParseHosts(settings.AllowedHosts), .. PlatformHosts()],
                    TrustEasyAuthHeaders = IsEasyAuthOn(),
                    Principals = settings.DeveloperKey is { Length: > 0 } key
                        ? [new ApiPrincipal("developer", key)]
                        : [],
                }
            )
            .AddSingleton(settings)
            .AddSingleton(TimeProvider.System)
            .AddSealedStorage(storage)
            .AddSingleton<ITrustStore>(new ArtifactTrustStore(storage))
            .AddSingleton<ITreeHeadSigner>(new PemTreeHeadSigner(settings.LedgerKey))
            .AddSingleton<ITrustStore, ArtifactTrustStore>()
            .AddSingleton<ILedgerLog>(_ => BlobLedger.Open(BlobArtifactStore.Connect(account, storageCredential)))
            .AddSingleton<IHeadWitness>(services => new LoggedHeadWitness(
                settings.LedgerAnchor,
                services.GetRequiredService<ILogger<LoggedHeadWitness>>()
            ))
            .AddSingleton<ILedgerStore>(services => new LedgerStore(
                services.GetRequiredService<ILedgerLog>(),
                services.GetRequiredService<ITreeHeadSigner>(),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<IHeadWitness>()
            ))
            .AddSingleton<IFleet>(services => Fleet(settings, services))
            .AddSingleton<IAnalyst>(services => Analyst(settings, services))
            .AddSingleton<INotifier>(services => Notifier(settings, services))
            .AddSingleton<IApprovalPolicySource>(
                new PolicyFile(Path.Combine(AppContext.BaseDirectory, settings.PolicyFile))
            )
            .AddSingleton(ApprovalKeys.Parse(settings.ApprovalKeys))
            .AddSingleton(services => new ApprovalLinks(
                services.GetRequiredService<ApprovalKeyRing>(),
                settings.PublicUrl,
                services.GetRequiredService<TimeProvider>()
            ))
            .AddSingleton(SelfDevCatalog.Create())
            .AddSingleton<CatalogRunner>()
            .AddSingleton<AmbientWorkflowClient>()
            .AddSingleton<IWorkflowClient>(services => services.GetRequiredService<AmbientWorkflowClient>())
            .AddSingleton<DiagnosisStart>()
            .AddSingleton<StartIntake>(services => services.GetRequiredService<DiagnosisStart>().StartAsync)
            .AddSingleton<IntakeSweep>()
            .AddSingleton<IntakeStart>()
            .AddSingleton<HistoryRetention>()
            .AddHostedService<StartupCheck>();
    }

    private static ArmFleet Fleet(FunctionsSettings settings, IServiceProvider services) =>
        new(
            new AzureFleetOptions { Endpoint = settings.ArmEndpoint },
            Credential(settings.FleetClientId),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ArmFleet>>()
        );

    private static IAnalyst Analyst(FunctionsSettings settings, IServiceProvider services) =>
        settings.ModelEndpoint is { } endpoint
            ? new LanguageModelAnalyst(
                new LanguageModelOptions { Endpoint = endpoint, Model = settings.Model },
                Credential(settings.AnalystClientId),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<LanguageModelAnalyst>>()
            )
            : services.GetRequiredService<RulesAnalyst>();

    private static LoggedNotifier Notifier(FunctionsSettings settings, IServiceProvider services) =>
        new(
            new WebhookNotifier(
                settings.WebhookOptions(),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<WebhookNotifier>>()
            ),
            services.GetRequiredService<ILogger<LoggedNotifier>>()
        );

    // A deployed app names its identities, and then nothing else is tried.
    private static TokenCredential Credential(string clientId) =>
        clientId.Length > 0
            ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
            : new DefaultAzureCredential();

    private static IEnumerable<string> PlatformHosts() =>
        Environment.GetEnvironmentVariable(HostnameVariable) is { Length: > 0 } name
            ? [new HostString(name).Host.Trim('[', ']')]
            : [];

    private static bool IsEasyAuthOn() =>
        string.Equals(Environment.GetEnvironmentVariable(EasyAuthVariable), "True", StringComparison.OrdinalIgnoreCase);
}
