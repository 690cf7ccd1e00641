using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Azure.Blobs;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Local.Engine;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Intake;

/// <summary>Azurite, the embedded engine, and a workflow that inspects a blob and files it when it is
/// rejected.</summary>
internal sealed class IntakeUnderTest : IAsyncDisposable
{
    public static readonly Workflow<BlobRef, ArtifactInspection> Reading = new("IntakeReading");

    private static readonly Activity<BlobRef, Nothing> Gate = new("Gate");

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "selfdev-intake-" + Path.GetRandomFileName());
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private readonly EmbeddedEngine _engine;
    private int _inspections;

    private IntakeUnderTest(BlobArtifactStore store)
    {
        Store = store;
        Inspect = new InspectArtifact(
            store,
            new ArtifactSniffer([new StepRoom()]),
            new CheckpointManifests(store),
            ReadLimits.Default
        );
        var catalog = new WorkflowCatalog()
            .Add(Reading, RunAsync)
            .Add(Gate, _ => new GateActivity(this))
            .Add(IntakeActivities.Inspect, _ => new CountedInspection(this))
            .Add(IntakeActivities.Reject, _ => new RejectArtifact(store));
        _engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = _folder },
            catalog,
            _services,
            NullLoggerFactory.Instance
        );
    }

    public BlobArtifactStore Store { get; }

    public InspectArtifact Inspect { get; }

    public IWorkflowClient Client => _engine;

    /// <value>How often a blob was really read.</value>
    public int Inspections => _inspections;

    /// <value>Awaited by every run before it reads.</value>
    public Func<BlobRef, Task> BeforeReading { get; set; } = _ => Task.CompletedTask;

    public static async Task<IntakeUnderTest> StartAsync(BlobArtifactStore store)
    {
        var intake = new IntakeUnderTest(store);
        await intake._engine.StartAsync(CancellationToken.None);
        return intake;
    }

    /// <summary>A sweep that remembers nothing yet, as after a restart.</summary>
    public IntakeSweep NewSweep() =>
        new(
            Store,
            (blob, id, cancellation) => Client.StartAsync(Reading, blob.Blob, id, cancellation),
            TimeProvider.System,
            NullLogger<IntakeSweep>.Instance
        );

    public async Task<ArtifactInspection> ResultAsync(string instanceId)
    {
        var finished = await Client.WaitForCompletionAsync(instanceId, TestContext.Current.CancellationToken);
        Assert.Equal(WorkflowStatus.Completed, finished.Status);
        return Payload.Deserialize<ArtifactInspection>(finished.Output)!;
    }

    public Task<BlobRef> DropAsync(string name, string content) => DropAsync(name, Encoding.UTF8.GetBytes(content));

    public Task<BlobRef> DropAsync(string name, byte[] content) =>
        Store.WriteAsync(Containers.Intake, name, content, "text/plain", TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _engine.StopAsync(CancellationToken.None);
        _engine.Dispose();
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<ArtifactInspection> RunAsync(IWorkflowContext context, BlobRef blob)
    {
        await context.CallActivityAsync(Gate, blob);
        var inspection = await context.CallActivityAsync(IntakeActivities.Inspect, blob, IntakeActivities.Retry);
        if (inspection is RejectedArtifact rejected)
        {
            await context.CallActivityAsync(IntakeActivities.Reject, rejected, IntakeActivities.Retry);
        }

        return inspection;
    }

    private sealed class GateActivity(IntakeUnderTest intake) : IActivity<BlobRef, Nothing>
    {
        public async Task<Nothing> RunAsync(BlobRef input, ActivityContext context)
        {
            await intake.BeforeReading(input);
            return Nothing.Value;
        }
    }

    private sealed class CountedInspection(IntakeUnderTest intake) : IActivity<BlobRef, ArtifactInspection>
    {
        public Task<ArtifactInspection> RunAsync(BlobRef input, ActivityContext context)
        {
            Interlocked.Increment(ref intake._inspections);
            return intake.Inspect.RunAsync(input, context);
        }
    }

    /// <summary>Reads whatever contains the word step.</summary>
    private sealed class StepRoom : ICapability
    {
        public string Kind => "training";

        public IReadOnlyList<string> Formats => ["steps"];

        public FormatMatch? Sniff(ArtifactHead head) =>
            head.Bytes.Span.IndexOf("step"u8) >= 0 ? new FormatMatch(Kind, "steps", 0.9) : null;

        public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
