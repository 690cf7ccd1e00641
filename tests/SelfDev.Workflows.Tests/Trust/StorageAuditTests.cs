using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Audit;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Trust;

public sealed class StorageAuditTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(Asked.Now), new FixedPolicySource(Asked.Policy));
    private readonly InMemoryArtifactStore _account = new();
    private readonly InMemoryArtifactStore _elsewhere = new();
    private readonly TestSigner _signer = new();
    private readonly SealedArtifactStore _store;
    private readonly StorageAudit _audit;

    public StorageAuditTests()
    {
        _store = new SealedArtifactStore(_account, _trust.Seals, _trust.Tampering, _trust.Clock);
        _audit = new StorageAudit(
            _store,
            _trust.Store,
            _trust.Log,
            _trust.Requests,
            _trust.Ledger,
            _signer,
            _trust.Tampering,
            _account,
            [new ForeignContainers(_elsewhere, [Containers.Evidence])]
        );
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_written_as_it_should_be_is_not_named()
    {
        await FillAsync();
        Assert.Empty(await _audit.RunAsync(Cancel).ToListAsync(Cancel));
        Assert.DoesNotContain(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
    }

    [Fact]
    public async Task Everything_else_is_named_by_its_place_and_stands_in_the_ledger()
    {
        var request = await FillAsync();
        _account.Put(Containers.Evidence, "run7/analysis.json", "{}");
        _account.Put(Containers.Reports, "run7/report.html", "all clear");
        _account.Put(Containers.Commands, $"training/run7/{new string('a', 64)}.json", "{}");
        _account.Put(
            Containers.Commands,
            $"training/run8/{request.PlanHash}.json",
            "{\"planHash\":\"" + request.PlanHash + "\"}"
        );
        _account.Put(Containers.Commands, "x", "{}");
        _elsewhere.Put(Containers.Evidence, $"decisions/{request.PlanHash}/0001.json", "{}");
        _trust.Store.Forge($"decisions/{request.PlanHash}/000002", "{}"u8);
        _trust.Store.Forge("approvers/eve", "{}"u8);
        _trust.Store.Forge("kill-switch/000001", "{}"u8);
        string[] expected =
        [
            "evidence/run7/analysis.json",
            "reports/run7/report.html",
            "trust/approvers/eve",
            $"trust/decisions/{request.PlanHash}/000002",
            "trust/kill-switch/000001",
            $"commands/training/run7/{new string('a', 64)}.json",
            $"commands/training/run8/{request.PlanHash}.json",
            "commands/x",
            $"evidence/decisions/{request.PlanHash}/0001.json",
        ];
        var named = await _audit
            .RunAsync(Cancel)
            .Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)])
            .ToListAsync(Cancel);
        Assert.Equal(expected.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, _trust.Ledger.Entries.Count(entry => entry.Type == LedgerEntryTypes.Tampering));
    }

    [Fact]
    public async Task What_somebody_took_away_is_named_by_the_ledgers_numbers()
    {
        var request = await FillAsync();
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);
        await _trust.KillSwitch.SetAsync(engaged: true, Asked.Ana, "test", DecisionProof.Key(Asked.Ana), Cancel);
        Assert.Empty(await _audit.RunAsync(Cancel).ToListAsync(Cancel));

        _trust.Store.Remove($"decisions/{request.PlanHash}/000002");
        _trust.Store.Remove("kill-switch/000001");
        _trust.Store.Remove($"requests/{request.PlanHash}/000001");

        Assert.Equal(
            [
                $"trust/decisions/{request.PlanHash}: the ledger has 2, the trust store 1: records are gone",
                "trust/kill-switch: the ledger has 1, the trust store 0: records are gone",
                $"trust/requests/{request.PlanHash}: the ledger has 1, the trust store 0: records are gone",
            ],
            (await _audit.RunAsync(Cancel).ToListAsync(Cancel)).Where(line =>
                line.Contains("records are gone", StringComparison.Ordinal)
            )
        );
        Assert.Equal(
            3,
            _trust.Ledger.Entries.Count(entry =>
                entry.Type == LedgerEntryTypes.Tampering
                && entry.Body.ToJsonString().Contains("records are gone", StringComparison.Ordinal)
            )
        );
    }

    [Theory]
    [InlineData("decisions/foo")]
    [InlineData("requests/x")]
    [InlineData("kill-switch/1")]
    [InlineData("kill-switch/foo/000001")]
    public async Task A_stray_record_is_named_and_accuses_no_genuine_one(string stray)
    {
        await FillAsync();
        await _trust.KillSwitch.SetAsync(engaged: true, Asked.Ana, "test", DecisionProof.Key(Asked.Ana), Cancel);
        _trust.Store.Forge(stray, "{}"u8);

        var named = await _audit.RunAsync(Cancel).ToListAsync(Cancel);
        Assert.NotEmpty(named);
        Assert.All(named, line => Assert.StartsWith($"trust/{stray}: ", line, StringComparison.Ordinal));
        Assert.All(
            _trust.Ledger.Entries.Where(entry => entry.Type == LedgerEntryTypes.Tampering),
            entry => Assert.Equal(stray, (string?)entry.Body["place"])
        );
    }

    [Fact]
    public async Task The_marks_by_which_requests_are_listed_are_those_of_genuine_ones()
    {
        var request = await FillAsync();
        var mark = Assert.Single(
            _trust.Store.Names,
            name => name.StartsWith("requests-by-expiry/", StringComparison.Ordinal)
        );
        var later = mark.Replace("2026", "2036", StringComparison.Ordinal);
        _trust.Store.Forge(later, "hello"u8);

        Assert.Equal(
            [$"trust/{later}: no request of ours expires then"],
            await _audit.RunAsync(Cancel).ToListAsync(Cancel)
        );
        Assert.Equal(
            [request.PlanHash],
            await _trust.FreshRequests().ListUnexpiredAsync(Asked.Now, Cancel).ToListAsync(Cancel)
        );

        _trust.Store.Remove(later);
        _trust.Store.Remove(mark);
        Assert.Equal(
            [$"trust/requests/{request.PlanHash}: the mark by which it is listed is gone"],
            await _audit.RunAsync(Cancel).ToListAsync(Cancel)
        );
    }

    [Fact]
    public async Task A_request_that_was_taken_away_before_anybody_decided_is_named()
    {
        var asked = new string('c', 64);
        await ProposedAsync(asked, approvers: [Asked.Ana]);
        await ProposedAsync(new string('d', 64), approvers: []);

        Assert.Equal(
            [$"trust/requests/{asked}: the ledger has 1, the trust store 0: records are gone"],
            await _audit.RunAsync(Cancel).ToListAsync(Cancel)
        );
    }

    [Fact]
    public async Task A_genuine_command_with_another_parameter_is_none()
    {
        var request = await FillAsync();
        var name = $"training/run7/{request.PlanHash}.json";
        var command = _account.Text(Containers.Commands, name);
        Assert.True(CommandDocument.IsGenuine(Encoding.UTF8.GetBytes(command), name, request.PlanHash, _signer));
        foreach (
            var (from, to) in new[] { ("\"4\"", "\"9\""), ("scale-fleet", "restart"), ("sha256:ab#F1", "sha256:ab#F2") }
        )
        {
            Assert.Contains(from, command, StringComparison.Ordinal);
            var edited = Encoding.UTF8.GetBytes(command.Replace(from, to, StringComparison.Ordinal));
            Assert.False(CommandDocument.IsGenuine(edited, name, request.PlanHash, _signer));
        }

        Assert.False(CommandDocument.IsGenuine(Encoding.UTF8.GetBytes(command), name, new string('b', 64), _signer));
        var elsewhere = name.Replace("run7", "run8", StringComparison.Ordinal);
        Assert.False(CommandDocument.IsGenuine(Encoding.UTF8.GetBytes(command), elsewhere, request.PlanHash, _signer));
        using var other = new TestSigner();
        Assert.False(CommandDocument.IsGenuine(Encoding.UTF8.GetBytes(command), name, request.PlanHash, other));
        foreach (
            var text in new[]
            {
                "",
                "[]",
                "null",
                "{}",
                "{\"planHash\":1,\"planHash\":1}",
                "{\"planHash\":1}",
                $"{{\"planHash\":\"{request.PlanHash}\",\"signature\":{{\"value\":\"?\"}}}}",
            }
        )
        {
            Assert.False(CommandDocument.IsGenuine(Encoding.UTF8.GetBytes(text), name, request.PlanHash, _signer));
        }
    }

    public void Dispose()
    {
        _trust.Dispose();
        _signer.Dispose();
    }

    private Task ProposedAsync(string planHash, string[] approvers) =>
        _trust.Ledger.AppendAsync(
            new LedgerEntry(
                $"run7:proposal:{planHash}",
                LedgerEntryTypes.Proposal,
                Asked.Now,
                "run7",
                LedgerActors.SelfDev,
                new JsonObject
                {
                    ["planHash"] = planHash,
                    ["approvers"] = new JsonArray([.. approvers.Select(who => (JsonNode)who)]),
                }
            ),
            Cancel
        );

    private async Task<SelfDev.Workflows.Approval.ApprovalRequest> FillAsync()
    {
        await _store.WriteAsync(
            Containers.Evidence,
            "run7/analysis.json",
            "{\"a\":1}"u8.ToArray(),
            "application/json",
            Cancel
        );
        await _store.WriteAsync(Containers.Reports, "run7/report.html", "<p>"u8.ToArray(), "text/html", Cancel);
        var request = await _trust.Requests.WriteAsync(
            Asked.Request(Asked.Plan with { Resource = "commands/training/run7" }, quorum: 2),
            Cancel
        );
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        await _trust.Intents.SetAsync(request.PlanHash, Cancel);
        var command = CommandDocument.Of(request.Plan, request.PlanHash);
        await CommandDocument.SignAsync(command, _signer, Cancel);
        _account.Put(Containers.Commands, $"training/run7/{request.PlanHash}.json", command.ToJsonString());
        return request;
    }
}
