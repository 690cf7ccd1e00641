using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

internal static class Plans
{
    public const string FleetId =
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train";

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static EffectPlan Scale(string from = "3", string to = "4") =>
        new()
        {
            Action = "scale-fleet",
            Resource = FleetId,
            From = new Dictionary<string, string> { ["capacity"] = from, ["sku"] = "ND96" },
            To = new Dictionary<string, string> { ["capacity"] = to, ["sku"] = "ND96" },
            ETag = "0x1",
            Evidence = ["sha256:ab#F1"],
            Proposer = "selfdev",
            ExpiresAt = Now.AddHours(4),
            InstanceId = "run7",
        };

    public static string RequestHash { get; } = new('a', 64);

    public static ApprovalTerms Terms(EffectPlan plan, ApprovalRequirement requirement) =>
        new(PlanHash.Of(plan), RequestHash, plan.Proposer, requirement, plan.ExpiresAt);

    public static ApprovalRequirement Require(int quorum, params string[] approvers) =>
        new(approvers, quorum, TimeSpan.FromHours(4), null);
}
