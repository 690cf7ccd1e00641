using System.Globalization;

namespace SelfDev.Core.Serving.Model;

/// <summary>What block traces add to the ledger: simulated hits, since such a trace logs none.</summary>
internal sealed record BlockTraceTotals(
    long Requests,
    long Prompt,
    long Cached,
    long Ceiling,
    long Unblocked,
    int BlockTokens,
    long ClockReversals,
    long CyclicIds,
    long EmptyBlocks
);
