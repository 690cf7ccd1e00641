using System.Collections.Concurrent;
using SelfDev.Core.Ledger;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>Everything that a client was told is done, in whichever life of the host.</summary>
internal sealed class Acknowledged
{
    public ConcurrentQueue<AcknowledgedDrop> Drops { get; } = new();

    public ConcurrentQueue<AcknowledgedDecision> Decisions { get; } = new();

    public ConcurrentQueue<AcknowledgedSwitch> Switches { get; } = new();

    /// <value>Of the fleet's samples, the time of each.</value>
    public ConcurrentQueue<DateTimeOffset> Samples { get; } = new();

    /// <value>Heads that were shown: the ledger may never be without them again.</value>
    public ConcurrentQueue<SignedTreeHead> Heads { get; } = new();
}

/// <param name="Name">In the intake.</param>
/// <param name="Sha256">Of the content, lower-case hex.</param>
internal sealed record AcknowledgedDrop(string Name, string Sha256);

/// <param name="Kind"><c>approve</c> or <c>reject</c>.</param>
internal sealed record AcknowledgedDecision(string PlanHash, string Approver, string Kind);

/// <param name="Number">Which change of the switch it was.</param>
internal sealed record AcknowledgedSwitch(int Number, bool Engaged);
