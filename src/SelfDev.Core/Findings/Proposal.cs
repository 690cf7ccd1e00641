using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>One action that code proposes and people decide on. The model never writes one.</summary>
/// <param name="Action">The typed action; its JSON carries the kind as <c>action</c>.</param>
/// <param name="Why">One sentence in our own words, with the numbers that speak for it.</param>
[JsonConverter(typeof(ProposalConverter))]
public sealed record Proposal(ProposedAction Action, string Why)
{
    /// <value>What will be observed if the action works; checked later against what is.</value>
    public string? ExpectedOutcome { get; init; }

    /// <value>What it costs, e.g. "1 x ND96isr H100 v5, 98.32 USD an hour"; null where it costs nothing.</value>
    public string? Cost { get; init; }

    /// <value>What can go wrong.</value>
    public string? Risk { get; init; }

    /// <value>Ids of the findings behind it; filled when proposals of several findings are merged.</value>
    public IReadOnlyList<string> FindingIds { get; init; } = [];
}
