using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Diagnosis;

public sealed class FindingMemoryTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(), new FixedPolicySource(ApprovalPolicy.DenyAll));
    private readonly InMemoryArtifactStore _account = new();
    private readonly FindingMemory _memory;

    public FindingMemoryTests() =>
        _memory = new FindingMemory(new SealedArtifactStore(_account, _trust.Seals, _trust.Tampering, _trust.Clock));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cause_is_counted_over_artifacts_for_each_node()
    {
        await RememberAsync("node1", "a");
        Assert.Equal(["a", "b"], await RememberAsync("NODE1", "b"));
        Assert.Equal(["b"], await RememberAsync("node2", "b"));
    }

    [Fact]
    public async Task Marks_that_somebody_else_put_there_make_no_cause_frequent()
    {
        await RememberAsync("node1", "a");
        var folder = Path.GetDirectoryName(
            (await _account.ListAsync(Containers.Evidence, "memory/", Cancel).SingleAsync(Cancel)).Blob.Name
        );
        _account.Put(Containers.Evidence, $"{folder}/b", "");
        _account.Put(Containers.Evidence, $"{folder}/c", "selfdev-seal/1 k1 AAAA\n");

        Assert.Equal(["a"], await RememberAsync("node1", "a"));
    }

    public void Dispose() => _trust.Dispose();

    private async Task<IReadOnlyList<string>> RememberAsync(string node, string identity) =>
        [
            .. (await _memory.RememberAsync([new CauseOccurrence("xid-79", node, identity)], Cancel)).Select(known =>
                known.Identity
            ),
        ];
}
