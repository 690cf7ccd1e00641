using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Trust;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Tests;

/// <summary>The endpoints on a test server or on a socket, over stores in memory and a fake clock.</summary>
public sealed class WebHost : IAsyncDisposable
{
    public const string Ana = "ana@example.com";
    public const string Bo = "bo@example.com";
    public const string AnasKey = "0123456789abcdef0123456789abcdef-ana";
    public const string BosKey = "0123456789abcdef0123456789abcdef--bo";
    public const string FleetId =
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train";

    private readonly RecordedErrors _errors = new();
    private WebApplication? _app;

    /// <value>What was logged as an error: failures of ours.</value>
    public IReadOnlyCollection<string> Errors => _errors.Lines;

    public FakeClock Clock { get; } = new();

    public InMemoryArtifactStore Store { get; } = new();

    /// <value>With a fleet that is scaled by its metrics and one that is not.</value>
    public FixedPolicySource Policy { get; } =
        new(
            new ApprovalPolicy(
                true,
                [new ApprovalRule("*", null, [Ana, Bo, "cy@example.com"], 1, TimeSpan.FromHours(4), null)],
                new Dictionary<string, PolicyFleet>
                {
                    ["chat"] = new("chat", FleetId, 1, 8, []) { Scaling = new FleetScalingRules() },
                    ["plain"] = new("plain", FleetId + "2", 1, 8, []),
                }
            )
        );

    public RecordingWorkflowClient Workflows { get; } = new();

    public InMemoryLedgerStore Ledger { get; } = new();

    public ApprovalKeyRing Keys { get; set; } = null!;

    /// <value>Everything that decides, over the same stores as the endpoints.</value>
    public TrustRoom Trust { get; private set; } = null!;

    public ApprovalRequests Requests => Trust.Requests;

    public DecisionStore Decisions => Trust.Decisions;

    public async Task<IReadOnlyList<Decision>> DecisionsOfAsync(ApprovalRequest request) =>
        (await Decisions.ReadAsync(request, TestContext.Current.CancellationToken)).Items;

    /// <summary>Everything that could have changed: blobs and trust records.</summary>
    public IReadOnlyList<string> Snapshot() => [.. Store.Snapshot(), .. Trust.Store.Names];

    /// <value>Where it listens; null on the test server.</value>
    public Uri? Address { get; private set; }

    /// <param name="more">Services that only some hosts have.</param>
    /// <param name="onSocket">Kestrel on a loopback port, for what only a real server does.</param>
    public static async Task<WebHost> StartAsync(
        Func<WebHost, WebOptions>? options = null,
        Func<WebHost, ApprovalKeyRing>? keys = null,
        Action<IServiceCollection>? more = null,
        bool onSocket = false
    )
    {
        var host = new WebHost();
        host.Keys =
            keys?.Invoke(host) ?? new ApprovalKeyRing([host.Key("k1", TimeSpan.FromDays(-1), TimeSpan.FromDays(30))]);
        host.Trust = new TrustRoom(host.Clock, host.Policy, host.Keys, ledger: host.Ledger);
        var builder = WebApplication.CreateSlimBuilder();
        if (onSocket)
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        builder.Logging.ClearProviders().AddProvider(host._errors);
        builder
            .Services.AddSelfDevWeb(
                options?.Invoke(host)
                    ?? new WebOptions { Principals = [new ApiPrincipal(Ana, AnasKey), new ApiPrincipal(Bo, BosKey)] }
            )
            .AddSingleton<TimeProvider>(host.Clock)
            .AddSingleton<IArtifactStore>(host.Store)
            .AddSingleton<IWorkflowClient>(host.Workflows)
            .AddSingleton<ILedgerStore>(host.Ledger)
            .AddSingleton<IApprovalPolicySource>(host.Policy)
            .AddSingleton<FleetSamples>()
            .AddSingleton<Explanations>()
            .AddSingleton(host.Keys)
            .AddSingleton<INotifier>(host.Trust.Told)
            .AddSingleton<ITrustStore>(host.Trust.Store)
            .AddSingleton<Seals>()
            .AddSingleton<SealedLog>()
            .AddSingleton<TamperReports>()
            .AddSingleton<DropProvenance>()
            .AddSingleton<DiagnosisStart>()
            .AddSingleton<ApprovalRequests>()
            .AddSingleton<DecisionStore>()
            .AddSingleton<PendingApprovals>()
            .AddSingleton<ApprovalDecisions>()
            .AddSingleton<KillSwitch>();
        more?.Invoke(builder.Services);
        host._app = builder.Build();
        host._app.MapSelfDev();
        await host._app.StartAsync(TestContext.Current.CancellationToken);
        host.Address = onSocket ? new Uri(host._app.Urls.Single()) : null;
        return host;
    }

    public ApprovalKey Key(string id, TimeSpan from, TimeSpan to) =>
        new(id, RandomNumberGenerator.GetBytes(32), Clock.GetUtcNow() + from, Clock.GetUtcNow() + to);

    public HttpClient Client(string? key = null, string? accept = null)
    {
        var client = Address is null ? _app!.GetTestClient() : new HttpClient { BaseAddress = Address };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("x-selfdev-key", key);
        }

        if (accept is not null)
        {
            client.DefaultRequestHeaders.Accept.ParseAdd(accept);
        }

        return client;
    }

    public T Service<T>()
        where T : notnull => _app!.Services.GetRequiredService<T>();

    /// <returns>The cookie of a session that the key opened, as the header <c>Cookie</c> takes it.</returns>
    public async Task<string> SignInAsync(string key)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "/signin")
        {
            Content = new FormUrlEncodedContent([new("key", key)]),
        };
        message.Headers.Add("Sec-Fetch-Site", "same-origin");
        using var response = await Client().SendAsync(message, TestContext.Current.CancellationToken);
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    /// <param name="change">Makes another request of the usual one; the hash is made to fit its plan.</param>
    public async Task<ApprovalRequest> AskAsync(
        int quorum = 1,
        string proposer = "selfdev",
        string evidence = "iteration 310 | lm loss: 9.1",
        int round = 1,
        Func<ApprovalRequest, ApprovalRequest>? change = null
    )
    {
        var plan = new EffectPlan
        {
            Action = ScaleFleet.KindName,
            Resource = FleetId,
            From = new Dictionary<string, string> { ["capacity"] = "3", ["sku"] = "Standard_ND96isr_H100_v5" },
            To = new Dictionary<string, string> { ["capacity"] = "4", ["sku"] = "Standard_ND96isr_H100_v5" },
            ETag = "0x8DB",
            Evidence = ["sha256:ab#F1"],
            Proposer = proposer,
            ExpiresAt = Clock.GetUtcNow().AddHours(4),
            InstanceId = "run7:action:1",
        };
        var request = new ApprovalRequest
        {
            PlanHash = PlanHash.Of(plan),
            Plan = plan,
            Proposal = new Proposal(
                new ScaleFleet(null, 1) { Fleet = "gpu-train" },
                "Node gpu-node-17 fell off the bus at step 4120; the run waits for 4 nodes."
            )
            {
                Cost = "1 x Standard_ND96isr_H100_v5, 98.32 USD an hour",
                ExpectedOutcome = "The run restarts within 10 minutes and is back at 412 tokens/s per GPU.",
                Risk = "If the fault is in the job and not in the node, the new node idles at its full price.",
            },
            Requirement = new ApprovalRequirement(
                [Ana, Bo, "cy@example.com"],
                quorum,
                TimeSpan.FromHours(4),
                TimeSpan.FromMinutes(30)
            ),
            Round = round,
            ApprovalInstanceId = "run7:action:1:approval:1",
            RequestedAt = Clock.GetUtcNow(),
            ReportId = "run7",
            Subject = "training/run7",
            Findings =
            [
                new Finding
                {
                    Id = "F1",
                    Kind = FindingKinds.GpuXid,
                    Severity = Severity.Critical,
                    Role = FindingRole.Root,
                    Title = "Xid 79 on gpu-node-17: the GPU has fallen off the bus",
                    From = new Position(8812, 4120, null),
                    To = new Position(8812, 4120, null),
                    Evidence = [new Evidence(8812, 1_204_551, evidence)],
                },
                new Finding
                {
                    Id = "F2",
                    Kind = FindingKinds.NcclTimeout,
                    Severity = Severity.Error,
                    Role = FindingRole.Cascade,
                    Title = "NCCL watchdog time-out on 24 ranks, 10 minutes after the GPU was lost",
                    From = new Position(8840, 4120, null),
                    To = new Position(8863, 4120, null),
                    Evidence =
                    [
                        new Evidence(
                            8840,
                            1_209_000,
                            "[Rank 11] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=51277, "
                                + "OpType=ALLREDUCE, Timeout(ms)=600000) ran for 600312 milliseconds before timing out."
                        ),
                    ],
                    CausedBy = "F1",
                },
            ],
            ExplanationGroup = 1,
        };
        request = change?.Invoke(request) ?? request;
        request = request with { PlanHash = PlanHash.Of(request.Plan) };
        await Requests.WriteAsync(request, TestContext.Current.CancellationToken);
        Workflows.Add(request.ApprovalInstanceId, "Approval", WorkflowStatus.Running, Clock.GetUtcNow());
        return request;
    }

    public string Link(ApprovalRequest request, string approver) =>
        new ApprovalLinks(Keys, new Uri("http://localhost/"), Clock).For(request, approver).PathAndQuery;

    /// <summary>Answers what is under way and stops.</summary>
    public Task StopAsync() => _app!.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        Ledger.Dispose();
    }

    private sealed class RecordedErrors : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose() { }
    }
}
