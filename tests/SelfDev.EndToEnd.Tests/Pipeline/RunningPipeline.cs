using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Azure.Analysts;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Local.ArmSimulator;
using SelfDev.Local.Hosting;
using SelfDev.Local.Intake;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>A whole local host on a folder of its own, with genuine SDKs against Azurite and the ARM
/// simulator.</summary>
internal sealed class RunningPipeline : IAsyncDisposable
{
    private readonly Channel<Notification> _notifications = Channel.CreateUnbounded<Notification>();
    private readonly HttpClient _client = new();

    // What a test waits for may never come: then it fails, and the run goes on.
    private readonly CancellationTokenSource _deadline = CancellationTokenSource.CreateLinkedTokenSource(
        TestContext.Current.CancellationToken
    );

    private readonly FakeClock? _clock;

    private RunningPipeline(string folder, FakeClock? clock)
    {
        _clock = clock;
        Folder = folder;
        _deadline.CancelAfter(TimeSpan.FromMinutes(3));
    }

    public string Folder { get; }

    public LocalHost Host { get; private set; } = null!;

    public ArmSimulatorServer Simulator => Host.Simulator!;

    public IArtifactStore Store => Host.Services.GetRequiredService<IArtifactStore>();

    public string FleetId => Simulator.ScaleSetIds.Single();

    public IFleet Fleet => Host.Services.GetRequiredService<IFleet>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="policy">Text of a policy file; null: the sample's.</param>
    /// <param name="folder">Data of an earlier host, to go on with; null: a new one.</param>
    /// <param name="storage">Connection string; null: an Azurite of its own.</param>
    /// <param name="clock">Null: real time.</param>
    /// <param name="adjust">Last changes to the options.</param>
    public static async Task<RunningPipeline> StartAsync(
        string? policy = null,
        string? folder = null,
        int port = 0,
        string? storage = null,
        LanguageModelOptions? model = null,
        FakeClock? clock = null,
        Func<LocalHostOptions, LocalHostOptions>? adjust = null
    )
    {
        var pipeline = new RunningPipeline(folder ?? Directory.CreateTempSubdirectory("selfdev-e2e-").FullName, clock);
        var data = new DataDirectory(pipeline.Folder);
        data.Create();
        if (policy is not null)
        {
            await File.WriteAllTextAsync(data.Policy, policy, Cancellation);
        }

        var options = new LocalHostOptions
        {
            Data = data,
            Port = port,
            Storage = storage,
            Clock = clock ?? TimeProvider.System,
            Model = model,
            SimulatedProvisioning = TimeSpan.FromMilliseconds(200),
            ShowNotification = notification => pipeline._notifications.Writer.TryWrite(notification),
        };
        pipeline.Host = await LocalHost.StartAsync(adjust?.Invoke(options) ?? options, _ => { }, Cancellation);
        return pipeline;
    }

    /// <returns>Instance id of the run that the drop starts.</returns>
    public async Task<string> DropAsync(string name, byte[] content) =>
        ArtifactInstanceId.For(
            await Store.WriteAsync(Containers.Intake, name, content, "application/octet-stream", Cancellation)
        );

    public Task<string> DropAsync(string name, string text) => DropAsync(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Waits for the next request to approve an action of that kind; others that come before are put
    /// off.</summary>
    public async Task<Uri> NextLinkAsync(string action)
    {
        while (true)
        {
            var notification = await _notifications.Reader.ReadAsync(_deadline.Token);
            if (
                notification.Topic == "approval-requested"
                && notification.Title.StartsWith(action, StringComparison.Ordinal)
            )
            {
                // A link without authority: who was asked goes along, to sign in as that person.
                return notification.Link!.AbsolutePath.Contains("/decide/", StringComparison.Ordinal)
                    ? new Uri(notification.Link + "#" + notification.Recipient)
                    : notification.Link;
            }
        }
    }

    public async Task<HttpStatusCode> DecideAsync(Uri link, string decision)
    {
        using var form = new FormUrlEncodedContent([new("decision", decision), new("reason", "test")]);
        using var message = new HttpRequestMessage(HttpMethod.Post, link) { Content = form };
        SignIn(message, link);
        using var response = await _client.SendAsync(message, Cancellation);
        return response.StatusCode;
    }

    // As the person whom the link names behind its fragment; a link with authority names nobody.
    private void SignIn(HttpRequestMessage message, Uri link)
    {
        if (link.Fragment.Length > 1)
        {
            var person = Uri.UnescapeDataString(link.Fragment[1..]);
            message.Headers.Add(
                "x-selfdev-key",
                Host.Address.Approvers!.Single(approver => approver.Name == person).Key
            );
        }
    }

    public async Task<string> PageAsync(Uri link)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, link);
        request.Headers.Accept.ParseAdd("text/html");
        SignIn(request, link);
        using var response = await _client.SendAsync(request, Cancellation);
        return WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(Cancellation));
    }

    public Task EngageKillSwitchAsync() =>
        Host
            .Services.GetRequiredService<KillSwitch>()
            .SetAsync(engaged: true, "lead@localhost", "test", DecisionProof.Key("lead@localhost"), Cancellation);

    /// <summary>
    /// Waits until the run has started and its state is so. Where time is the test's, enough of it passes for the
    /// intake to look, and none once the run has started.
    /// </summary>
    public async Task<WorkflowInstance> ReachAsync(string instanceId, Func<WorkflowInstance, bool> isThere)
    {
        while (true)
        {
            var state = await Host.Workflows.GetAsync(instanceId, _deadline.Token);
            if (state is not null && isThere(state))
            {
                return state;
            }

            _deadline.Token.ThrowIfCancellationRequested();
            if (state is null)
            {
                _clock?.Advance(new IntakeWatcherOptions().Interval);
            }

            await Task.Yield();
        }
    }

    /// <summary>Waits until the diagnosis has come to a phase.</summary>
    public Task<WorkflowInstance> ReachPhaseAsync(string instanceId, string phase) =>
        ReachAsync(instanceId, state => Payload.Deserialize<DiagnosisStatus>(state.CustomStatus)?.Phase == phase);

    public async Task<ArtifactDiagnosisOutput> FinishAsync(string instanceId)
    {
        await ReachAsync(instanceId, _ => true);
        var finished = await Host.Workflows.WaitForCompletionAsync(instanceId, _deadline.Token);
        Assert.True(finished.Status == WorkflowStatus.Completed, $"{finished.Status}: {finished.Failure?.Message}");
        return Payload.Deserialize<ArtifactDiagnosisOutput>(finished.Output)!;
    }

    /// <summary>Waits until the scale set has so many instances ready.</summary>
    public async Task RunningInstancesAsync(int count)
    {
        while ((await Fleet.GetAsync(FleetId, _deadline.Token)).RunningInstances != count)
        {
            _deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async Task<JsonNode> ReportAsync(string instanceId)
    {
        await using var stream = await Store.OpenReadAsync(
            new BlobRef(Containers.Reports, DiagnosisBlobs.Report(instanceId, "json"), null),
            Cancellation
        );
        return (await JsonNode.ParseAsync(stream, cancellationToken: Cancellation))!;
    }

    public Task<LedgerVerification> VerifyLedgerAsync() =>
        Host
            .Services.GetRequiredService<ILedgerStore>()
            .VerifyAsync(Host.Services.GetRequiredService<LedgerPublicKeys>().Keys, [], cancellation: Cancellation);

    /// <summary>Stops the host and leaves its data for another.</summary>
    public async Task StopAsync()
    {
        await Host.DisposeAsync();
        _client.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _deadline.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
