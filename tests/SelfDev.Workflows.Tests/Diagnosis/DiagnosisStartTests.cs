using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Diagnosis;

public sealed class DiagnosisStartTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(), new FixedPolicySource(ApprovalPolicy.DenyAll));
    private readonly RecordingWorkflowClient _workflows = new();
    private readonly DropProvenance _provenance;
    private readonly DiagnosisStart _start;

    public DiagnosisStartTests()
    {
        _provenance = new DropProvenance(_trust.Seals, _trust.Tampering, _trust.Clock);
        _start = new DiagnosisStart(_workflows, _provenance);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trust.Dispose();

    [Fact]
    public async Task A_drop_over_HTTP_and_a_sweep_that_finds_it_begin_one_run_with_one_input()
    {
        var blob = new BlobRef(Containers.Intake, "training/run7/a.log", "v1");
        var id = ArtifactInstanceId.For(blob);
        Assert.Equal(StartOutcome.Started, await _start.StartDroppedAsync(blob, "ana@example.com", Cancel));
        var dropped = (await _workflows.GetAsync(id, Cancel))!.Input;

        var found = new BlobInfo(blob, 3, DateTimeOffset.UnixEpoch, _provenance.Sign(blob.Name, "ana@example.com"));
        Assert.Equal(StartOutcome.AlreadyExists, await _start.StartAsync(found, id, Cancel));

        var sweeping = new RecordingWorkflowClient();
        await new DiagnosisStart(sweeping, _provenance).StartAsync(found, id, Cancel);
        Assert.Equal((await sweeping.GetAsync(id, Cancel))!.Input, dropped);
        Assert.Contains("ana@example.com", dropped, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_storage_has_not_taken_yet_is_left_to_a_sweep()
    {
        Assert.Null(
            await _start.StartDroppedAsync(
                new BlobRef(Containers.Intake, "training/run7/a.log", null),
                "ana@example.com",
                Cancel
            )
        );
        Assert.Empty(_workflows.Started);
    }
}
