using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Approval;

namespace SelfDev.Workflows.Tests.Approval;

/// <summary>A request as the pipeline would file it, and decisions about it.</summary>
internal static class Asked
{
    public const string Ana = "ana@example.com";
    public const string Bo = "bo@example.com";
    public const string Cy = "cy@example.com";
    public const string FleetId =
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train";

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static EffectPlan Plan { get; } =
        new()
        {
            Action = ScaleFleet.KindName,
            Resource = FleetId,
            From = new Dictionary<string, string> { ["capacity"] = "3", ["sku"] = "ND96" },
            To = new Dictionary<string, string> { ["capacity"] = "4", ["sku"] = "ND96" },
            ETag = "0x1",
            Evidence = ["sha256:ab#F1"],
            Proposer = "selfdev",
            ExpiresAt = Now.AddHours(1),
            InstanceId = "run7",
        };

    /// <value>Names everybody, allows the fleet up to 8, one approval.</value>
    public static ApprovalPolicy Policy { get; } =
        new(
            true,
            [new ApprovalRule(ApprovalRule.AnyAction, null, [Ana, Bo, Cy], 1, TimeSpan.FromHours(1), null)],
            new Dictionary<string, PolicyFleet> { ["gpu-train"] = new("gpu-train", FleetId, 0, 8, ["training/*"]) }
        );

    public static ApprovalRequest Request(EffectPlan? plan = null, int quorum = 1, params string[] approvers) =>
        new()
        {
            PlanHash = PlanHash.Of(plan ?? Plan),
            Plan = plan ?? Plan,
            Proposal = new Proposal(new ScaleFleet(4), "why") { Cost = "98 USD an hour", Risk = "little" },
            Requirement = new ApprovalRequirement(
                approvers.Length > 0 ? approvers : [Ana, Bo, Cy],
                quorum,
                TimeSpan.FromHours(1),
                null
            ),
            Round = 1,
            ApprovalInstanceId = "run7:approval:1",
            RequestedAt = Now,
            Subject = "training/run7",
        };

    public static Decision Approve(ApprovalRequest request, string who, DecisionKind kind = DecisionKind.Approve) =>
        new(request.PlanHash, request.Hash(), kind, who, Now, null, DecisionProof.Key(who));
}
