using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Trust;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Trust;

namespace SelfDev.Testing;

/// <summary>The genuine trust core over stores in memory: seals, decisions, requests, kill switch, intents,
/// ledger.</summary>
public sealed class TrustRoom : IDisposable
{
    public TrustRoom(
        TimeProvider clock,
        IApprovalPolicySource policies,
        ApprovalKeyRing? keys = null,
        ITrustStore? store = null,
        InMemoryLedgerStore? ledger = null
    )
    {
        Clock = clock;
        Keys = keys ?? new ApprovalKeyRing([NewKey("k1")]);
        Seals = new Seals(Keys);
        Ledger = ledger ?? new InMemoryLedgerStore();
        var records = store ?? Store;
        Tampering = new TamperReports(Ledger, Told, clock, NullLogger<TamperReports>.Instance);
        Log = new SealedLog(records, Seals, Tampering, clock);
        Requests = new ApprovalRequests(records, Log, Tampering);
        Decisions = new DecisionStore(Log, Ledger, Tampering);
        KillSwitch = new KillSwitch(Log, Ledger, Tampering, policies, clock);
        Intents = new EffectIntents(Log, clock);
        FleetPlans = new FleetPlanSeals(Seals, Tampering, clock);
    }

    public TimeProvider Clock { get; }

    public ApprovalKeyRing Keys { get; }

    public Seals Seals { get; }

    public InMemoryTrustStore Store { get; } = new();

    public InMemoryLedgerStore Ledger { get; }

    public RecordingNotifier Told { get; } = new();

    public TamperReports Tampering { get; }

    public SealedLog Log { get; }

    public ApprovalRequests Requests { get; }

    public DecisionStore Decisions { get; }

    public KillSwitch KillSwitch { get; }

    public EffectIntents Intents { get; }

    public FleetPlanSeals FleetPlans { get; }

    public static ApprovalKey NewKey(string id) =>
        new(
            id,
            RandomNumberGenerator.GetBytes(ApprovalKey.MinSecretBytes),
            DateTimeOffset.MinValue,
            DateTimeOffset.MaxValue
        );

    /// <summary>Other instances over the same stores: what a restarted process sees.</summary>
    public ApprovalRequests FreshRequests() => new(Store, Log, Tampering);

    public void Dispose() => Ledger.Dispose();
}

/// <summary>Keeps what people would be told.</summary>
/// <param name="failures">How many of the first messages nobody answers; each is kept all the same.</param>
public sealed class RecordingNotifier(int failures = 0) : INotifier
{
    public ConcurrentQueue<Notification> All { get; } = new();

    public Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        All.Enqueue(notification);
        return Task.FromResult(All.Count <= failures ? "no answer" : null);
    }
}
