using System.Text;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Trust;

public sealed class SealedArtifactStoreTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(), new FixedPolicySource(ApprovalPolicy.DenyAll));
    private readonly InMemoryArtifactStore _account = new();
    private readonly SealedArtifactStore _store;

    public SealedArtifactStoreTests() =>
        _store = new SealedArtifactStore(_account, _trust.Seals, _trust.Tampering, _trust.Clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Containers.Evidence)]
    [InlineData(Containers.Reports)]
    public async Task What_was_written_is_read_and_what_was_edited_is_not(string container)
    {
        await WriteAsync(container, "run7/a.json", "one");
        Assert.Equal("one", await ReadAsync(container, "run7/a.json"));
        await WriteAsync(container, "run7/a.json", "two");
        Assert.Equal("two", await ReadAsync(container, "run7/a.json"));

        _account.Put(
            container,
            "run7/a.json",
            _account.Text(container, "run7/a.json").Replace("two", "six", StringComparison.Ordinal)
        );
        await Assert.ThrowsAsync<TamperedException>(() => ReadAsync(container, "run7/a.json"));
        var entry = Assert.Single(_trust.Ledger.Entries);
        Assert.Equal(
            (LedgerEntryTypes.Tampering, $"{container}/run7/a.json"),
            (entry.Type, (string)entry.Body["place"]!)
        );
        await Assert.ThrowsAsync<BlobGoneException>(() => ReadAsync(container, "run7/b.json"));
    }

    [Fact]
    public async Task A_copy_of_another_blob_is_a_forgery()
    {
        await WriteAsync(Containers.Evidence, "run7/a.json", "one");
        _account.Put(Containers.Evidence, "run8/a.json", _account.Text(Containers.Evidence, "run7/a.json"));
        await Assert.ThrowsAsync<TamperedException>(() => ReadAsync(Containers.Evidence, "run8/a.json"));
    }

    [Fact]
    public async Task Reports_stay_as_they_are_for_other_tools()
    {
        await WriteAsync(Containers.Reports, "run7/report.html", "<p>");
        Assert.Equal("<p>", _account.Text(Containers.Reports, "run7/report.html"));
    }

    [Fact]
    public async Task What_others_write_passes_through()
    {
        _account.Put(Containers.Intake, "training/run7/log.txt", "loss 1");
        Assert.Equal("loss 1", await ReadAsync(Containers.Intake, "training/run7/log.txt"));
    }

    [Fact]
    public async Task Creation_has_one_winner_and_is_sealed()
    {
        Assert.True(await _store.TryCreateAsync(Containers.Evidence, "m", "a"u8.ToArray(), "text/plain", Cancel));
        Assert.False(await _store.TryCreateAsync(Containers.Evidence, "m", "b"u8.ToArray(), "text/plain", Cancel));
        Assert.Equal("a", await ReadAsync(Containers.Evidence, "m"));
        Assert.NotEqual("a", _account.Text(Containers.Evidence, "m"));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            _store.TryCreateAsync(Containers.Reports, "m", "b"u8.ToArray(), "text/plain", Cancel)
        );
    }

    [Fact]
    public async Task A_rejected_artifact_lies_beside_a_genuine_reason()
    {
        _account.Put(Containers.Intake, "run7/a.log", "what was dropped");
        var dropped = new BlobRef(Containers.Intake, "run7/a.log", null);
        await new RejectArtifact(_store).RejectAsync(new RejectedArtifact(dropped, "why"), Cancel);
        Assert.Equal(["run7/a.log", "run7/a.log.reason.json"], await NamesAsync(Containers.Rejected));
        Assert.Empty(await _store.AuditAsync(Cancel).ToListAsync(Cancel));

        _account.Put(Containers.Rejected, "run8/a.log", "all clear");
        _account.Put(Containers.Rejected, "run9/a.log", "all clear");
        _account.Put(Containers.Rejected, "run9/a.log.reason.json", "why");

        Assert.Equal(
            ["rejected/run8/a.log", "rejected/run9/a.log", "rejected/run9/a.log.reason.json"],
            (await _store.AuditAsync(Cancel).ToListAsync(Cancel)).Order(StringComparer.Ordinal)
        );

        _account.Put(Containers.Rejected, "run7/a.log", "what was never dropped");
        Assert.Contains("rejected/run7/a.log", await _store.AuditAsync(Cancel).ToListAsync(Cancel));
        Assert.Contains(
            _trust.Ledger.Entries,
            entry =>
                entry.Type == LedgerEntryTypes.Tampering
                && entry.Body.ToJsonString().Contains("rejected/run7/a.log", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task An_audit_names_every_forged_blob_and_no_other()
    {
        await WriteAsync(Containers.Evidence, "run7/a.json", "one");
        await WriteAsync(Containers.Reports, "run7/report.md", "# fine");
        _account.Put(Containers.Evidence, "decisions/x/0001.json", "{}");
        _account.Put(Containers.Reports, "run9/report.html", "<p>all clear</p>");
        Assert.Equal(
            ["evidence/decisions/x/0001.json", "reports/run9/report.html"],
            await _store.AuditAsync(Cancel).ToListAsync(Cancel)
        );
    }

    public void Dispose() => _trust.Dispose();

    private async Task<IReadOnlyList<string>> NamesAsync(string container) =>
        [
            .. (await _store.ListAsync(container, "", Cancel).ToListAsync(Cancel))
                .Select(info => info.Blob.Name)
                .Order(StringComparer.Ordinal),
        ];

    private Task<BlobRef> WriteAsync(string container, string name, string text) =>
        _store.WriteAsync(container, name, Encoding.UTF8.GetBytes(text), "text/plain", Cancel);

    private async Task<string> ReadAsync(string container, string name)
    {
        await using var stream = await _store.OpenReadAsync(new BlobRef(container, name, null), Cancel);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Cancel);
    }
}
