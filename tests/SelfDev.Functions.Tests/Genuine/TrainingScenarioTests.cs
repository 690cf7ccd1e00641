using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Fleets;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Functions.Hosting;
using SelfDev.Functions.Tests.Hosting;
using SelfDev.Local.ArmSimulator;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Tests.Genuine;

/// <summary>
/// The main job on the genuine Durable Task worker, with the services of the Azure app: a dropped training log becomes
/// an approved, executed, recorded change of the fleet. Storage and ledger are in memory, ARM is the simulator on the
/// wire.
/// </summary>
public sealed class TrainingScenarioTests : IAsyncLifetime
{
    private const string Log = "training/pretrain-13b/train.log";

    private readonly InMemoryArtifactStore _store = new();
    private readonly InMemoryLedgerStore _ledger = new();
    private readonly DurableTaskEngineUnderTest _engine = new();
    private ArmSimulatorServer _arm = null!;
    private ServiceProvider _services = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _arm = await ArmSimulatorServer.StartAsync(
            new ArmSimulatorOptions
            {
                ProvisioningTime = TimeSpan.FromMilliseconds(200),
                ProvisioningStagger = TimeSpan.Zero,
                PollInterval = TimeSpan.FromMilliseconds(100),
            },
            TimeProvider.System,
            Cancellation
        );
        var settings = ServiceRegistrationTests.Settings() with
        {
            PolicyFile = Path.Combine(SharedData.RepositoryRoot(), "samples", "policy.json"),
        };
        _services = new ServiceCollection()
            .AddLogging()
            .AddSelfDev(settings)
            .AddSealedStorage(_store)
            .AddSingleton<ITrustStore>(new InMemoryTrustStore())
            .AddSingleton<ILedgerStore>(_ledger)
            .AddSingleton<IFleet>(services => new ArmFleet(
                new AzureFleetOptions { Endpoint = _arm.Endpoint, CertificateThumbprint = _arm.Thumbprint },
                new ArmSimulatorCredential(_arm),
                TimeProvider.System,
                services.GetRequiredService<ILogger<ArmFleet>>()
            ))
            .BuildServiceProvider();
        await _engine.StartAsync(_services.GetRequiredService<WorkflowCatalog>(), _services);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _services.DisposeAsync();
        await _arm.DisposeAsync();
        _ledger.Dispose();
    }

    [Fact]
    public async Task A_dropped_log_becomes_an_approved_executed_and_recorded_change()
    {
        _store.Put(
            Containers.Intake,
            Log,
            await File.ReadAllTextAsync(Path.Combine(SharedData.RepositoryRoot(), "samples", Log), Cancellation)
        );
        var intake = _services.GetRequiredService<IntakeStart>();

        await intake.StartAsync(Log, _engine.DurableClient, Cancellation);
        await intake.StartAsync(Log, _engine.DurableClient, Cancellation);
        await intake.SweepAsync(_engine.DurableClient, Cancellation);
        var diagnosis = Assert.Single(await Instances(), instance => instance.Name == "ArtifactDiagnosis");
        await ApproveUntilFinishedAsync(diagnosis.InstanceId);

        Assert.All(await Instances(), instance => Assert.Equal(WorkflowStatus.Completed, instance.Status));
        var writes = _arm.Requests.Where(request => request.Method != "GET").Select(request => request.Method).ToList();
        Assert.Contains("PATCH", writes);
        Assert.Equal("Succeeded", (await Fleet()).ProvisioningState);
        Assert.All(
            new[] { "json", "html", "md" },
            extension => Assert.NotEmpty(_store.Text(Containers.Reports, $"{diagnosis.InstanceId}/report.{extension}"))
        );
        Assert.Contains(_ledger.Entries, entry => entry.Type == LedgerEntryTypes.Decision);
        Assert.Contains(_ledger.Entries, entry => entry.Type == LedgerEntryTypes.Effect);
    }

    // As approvers do: decide whatever is asked, plans that had to be made anew included, until all is done.
    private async Task ApproveUntilFinishedAsync(string diagnosisId)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var decided = new HashSet<(string, string)>();
        while (!(await _engine.Client.GetAsync(diagnosisId, limit.Token))!.IsFinished)
        {
            var requests = _services.GetRequiredService<ApprovalRequests>();
            await foreach (var planHash in requests.ListUnexpiredAsync(TimeProvider.System.GetUtcNow(), limit.Token))
            {
                var request = await requests.RequireAsync(planHash, limit.Token);
                foreach (
                    var approver in request.Requirement.Approvers.Where(approver =>
                        !decided.Contains((request.PlanHash, approver))
                    )
                )
                {
                    _services.GetRequiredService<AmbientWorkflowClient>().Lend(_engine.DurableClient);
                    var outcome = await _services
                        .GetRequiredService<ApprovalDecisions>()
                        .DecideAsync(
                            request.PlanHash,
                            DecisionKind.Approve,
                            approver,
                            "looks right",
                            DecisionProof.Principal,
                            limit.Token
                        );
                    // Unknown for as long as the approval's workflow has not begun.
                    if (outcome.Result != DecisionResult.Unknown)
                    {
                        decided.Add((request.PlanHash, approver));
                    }
                }
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private Task<FleetState> Fleet() =>
        _services.GetRequiredService<IFleet>().GetAsync(_arm.ScaleSetIds[0], Cancellation);

    private async Task<List<WorkflowInstance>> Instances()
    {
        var instances = new List<WorkflowInstance>();
        await foreach (var instance in _engine.Client.QueryAsync(new WorkflowQuery(), Cancellation))
        {
            instances.Add(instance);
        }

        return instances;
    }
}
