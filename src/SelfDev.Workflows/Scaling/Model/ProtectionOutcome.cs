using System.Globalization;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Scaling.Model;

/// <param name="Outcome">As the ledger has it.</param>
/// <param name="IsAsked">Whether ARM was asked at all: what was there already is somebody else's.</param>
internal sealed record ProtectionOutcome(EffectOutcome Outcome, bool IsAsked, string Detail)
{
    /// <value>When ARM may be called again; null unless it throttled.</value>
    public DateTimeOffset? ThrottledUntil { get; init; }
}
