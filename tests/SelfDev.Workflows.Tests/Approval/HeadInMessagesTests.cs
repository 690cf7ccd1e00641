using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Approval;

/// <summary>
/// What people are sent anyway carries the ledger's head: whoever keeps their mail can hold the ledger to it.
/// </summary>
public sealed class HeadInMessagesTests : IDisposable
{
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly TrustRoom _room;

    public HeadInMessagesTests()
    {
        _room = new TrustRoom(_clock, new FixedPolicySource(Asked.Policy));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _room.Dispose();

    [Fact]
    public async Task A_request_and_the_word_of_an_effect_end_with_size_and_root()
    {
        var receipt = await _room.Ledger.AppendAsync(
            new LedgerEntry("k", "finding", Asked.Now, "i", "selfdev", new JsonObject()),
            Cancellation
        );
        var request = Asked.Request();
        await _room.Requests.WriteAsync(request, Cancellation);

        await AskAsync(request, _room.Ledger);
        await new NotifyEffect(new FixedPolicySource(Asked.Policy), _room.Ledger, _room.Told).RunAsync(
            new NotifyEffectInput(
                request.PlanHash,
                "scale-fleet",
                EffectOutcome.Applied,
                "capacity 3 -> 4",
                [Asked.Ana]
            ),
            Context
        );

        Assert.All(
            _room.Told.All,
            told =>
                Assert.EndsWith(
                    $"(ledger: 1 entries, root {receipt.RootHash[..8]}…)",
                    told.Text,
                    StringComparison.Ordinal
                )
        );
        Assert.Equal(4, _room.Told.All.Count);
    }

    [Fact]
    public async Task A_ledger_that_is_away_keeps_nobody_from_being_asked()
    {
        var request = Asked.Request();
        await _room.Requests.WriteAsync(request, Cancellation);

        await AskAsync(request, new AwayLedger());

        Assert.Equal(3, _room.Told.All.Count);
    }

    private static ActivityContext Context => new("i", "1", Cancellation);

    private Task<Nothing> AskAsync(ApprovalRequest request, ILedgerStore ledger) =>
        new RequestApproval(
            _room.Requests,
            _room.Decisions,
            new ApprovalLinks(_room.Keys, new Uri("http://localhost/"), _clock),
            new FixedPolicySource(Asked.Policy),
            ledger,
            _room.Told
        ).RunAsync(new RequestApprovalInput(request.PlanHash, 0), Context);

    private sealed class AwayLedger : ILedgerStore
    {
        public Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation) =>
            throw new IOException("away");

        public Task<long?> FindAsync(string key, CancellationToken cancellation) => throw new IOException("away");

        public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation) =>
            throw new IOException("away");

        public IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation) =>
            throw new IOException("away");

        public Task<string?> FindDamageAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation) => throw new IOException("away");

        public Task<T> ReadTreeAsync<T>(long size, Func<MerkleNode, T> read, CancellationToken cancellation) =>
            throw new IOException("away");
    }
}
