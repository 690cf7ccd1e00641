using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Trust;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Scaling.Model;

/// <summary>
/// Seals the plans of a look at a fleet. Between the look and the change they lie in the engine's history, which has no
/// seal of its own: whoever can write there could put a plan of their own before the code that carries it out.
/// </summary>
public sealed class FleetPlanSeals(Seals seals, TamperReports tampering, TimeProvider clock)
{
    /// <summary>What <see cref="StartFleetScale"/> and <see cref="ProtectInstance"/> say of a plan without a good
    /// seal.</summary>
    public const string NotOurs =
        "No look at the fleet made this plan as it stands here: it was not carried out. The next look plans anew.";

    /// <returns>The decision with <see cref="FleetDecision.Seal"/> and <see cref="FleetDecision.PlanSeals"/>.</returns>
    public FleetDecision Seal(string fleet, FleetDecision decision) =>
        decision with
        {
            Seal = seals.Sign(AskPlace(fleet), Bytes(decision), clock.GetUtcNow()),
            PlanSeals = decision
                .Plans.Select(plan => SealedPlan.Of(fleet, plan, decision))
                .Concat(decision.Protections.Select(plan => SealedPlan.Of(fleet, plan)))
                .ToDictionary(
                    one => PlanHash.Of(one.Plan),
                    one => seals.Sign(Place(one.Plan), Bytes(one), clock.GetUtcNow())
                ),
        };

    /// <summary>Whether a look made the plan, with just these surroundings. What it did not make is reported.</summary>
    public async Task<bool> IsGenuineAsync(SealedPlan plan, string? seal, CancellationToken cancellation)
    {
        var content = Bytes(plan);
        if (seals.IsGenuine(Place(plan.Plan), content, seal))
        {
            return true;
        }

        await tampering.ReportAsync(
            Place(plan.Plan),
            $"no look at the fleet '{plan.Fleet}' made it",
            content,
            cancellation
        );
        return false;
    }

    /// <summary>Whether a look at this fleet decided that. What it did not decide is reported.</summary>
    public async Task<bool> IsGenuineAsync(string fleet, FleetDecision decision, CancellationToken cancellation)
    {
        var content = Bytes(decision with { Seal = null, PlanSeals = new Dictionary<string, string>() });
        if (seals.IsGenuine(AskPlace(fleet), content, decision.Seal))
        {
            return true;
        }

        await tampering.ReportAsync(
            AskPlace(fleet),
            $"no look at the fleet '{fleet}' decided that",
            content,
            cancellation
        );
        return false;
    }

    private static string AskPlace(string fleet) => $"fleet-decisions/{fleet}";

    private static string Place(EffectPlan plan) => $"fleet-plans/{PlanHash.Of(plan)}";

    private static byte[] Bytes<T>(T content) => JsonSerializer.SerializeToUtf8Bytes(content, SelfDevJson.Signed);
}

/// <summary>A plan with what else of a decision bears on its being carried out.</summary>
/// <param name="IsBudget">As <see cref="FleetDecision.IsBudget"/>; false for a protection, which no budget asks
/// for.</param>
/// <param name="Protected">As <see cref="FleetDecision.Protected"/>; empty for a protection.</param>
/// <param name="Unreadable">As <see cref="FleetDecision.Unreadable"/>; empty for a protection.</param>
public sealed record SealedPlan(
    string Fleet,
    EffectPlan Plan,
    bool IsBudget,
    IReadOnlyList<ProtectedInstance> Protected,
    IReadOnlyList<SeenScaleSet> Unreadable
)
{
    /// <summary>A change of size.</summary>
    public static SealedPlan Of(string fleet, EffectPlan plan, FleetDecision decision) =>
        new(fleet, plan, decision.IsBudget, decision.Protected, decision.Unreadable);

    /// <summary>A protection.</summary>
    public static SealedPlan Of(string fleet, EffectPlan plan) => new(fleet, plan, false, [], []);
}
