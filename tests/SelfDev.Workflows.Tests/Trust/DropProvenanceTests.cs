using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Trust;

public sealed class DropProvenanceTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(), new FixedPolicySource(ApprovalPolicy.DenyAll));
    private readonly DropProvenance _provenance;

    public DropProvenanceTests() => _provenance = new DropProvenance(_trust.Seals, _trust.Tampering, _trust.Clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_dropped_it_over_HTTP_is_known()
    {
        Assert.Equal(
            "ana@example.com",
            await _provenance.ReadAsync(
                "training/run7/a.log",
                _provenance.Sign("training/run7/a.log", "ana@example.com"),
                Cancel
            )
        );
        Assert.Null(await _provenance.ReadAsync("training/run7/a.log", new Dictionary<string, string>(), Cancel));
        Assert.Empty(_trust.Ledger.Entries);
    }

    [Theory]
    [InlineData("bo@example.com", true, "training/run7/a.log")]
    [InlineData("ana@example.com", false, "training/run7/a.log")]
    [InlineData("ana@example.com", true, "training/run8/a.log")]
    public async Task A_name_that_somebody_else_wrote_there_is_reported_and_not_believed(
        string person,
        bool withSeal,
        string name
    )
    {
        var metadata = new Dictionary<string, string>(_provenance.Sign("training/run7/a.log", "ana@example.com"))
        {
            [DropProvenance.PersonMetadata] = person,
        };
        if (!withSeal)
        {
            metadata.Remove(DropProvenance.SealMetadata);
        }

        Assert.Null(await _provenance.ReadAsync(name, metadata, Cancel));
        Assert.Equal(LedgerEntryTypes.Tampering, Assert.Single(_trust.Ledger.Entries).Type);
    }

    public void Dispose() => _trust.Dispose();
}
