using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class PlanHashTests
{
    [Fact]
    public void The_hash_is_that_of_the_canonical_plan() =>
        Assert.Equal(
            Convert.ToHexStringLower(
                System.Security.Cryptography.SHA256.HashData(
                    System.Text.Encoding.UTF8.GetBytes(
                        """{"action":"scale-fleet","eTag":"0x1","evidence":["sha256:ab#F1"],"expiresAt":"2026-01-01T16:00:00+00:00","from":{"capacity":"3","sku":"ND96"},"instanceId":"run7","proposer":"selfdev","resource":"/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train","to":{"capacity":"4","sku":"ND96"}}"""
                    )
                )
            ),
            PlanHash.Of(Plans.Scale())
        );

    public static TheoryData<string> Properties =>
        [
            .. typeof(EffectPlan)
                .GetProperties()
                .Where(property => property.Name != "EqualityContract")
                .Select(property => property.Name),
        ];

    // Driven by the type itself: a property that is added later and left out of the hash fails here.
    [Theory]
    [MemberData(nameof(Properties))]
    public void Every_property_counts(string property)
    {
        var plan = Plans.Scale();
        var changed = property switch
        {
            nameof(EffectPlan.Action) => plan with { Action = "replace-node" },
            nameof(EffectPlan.Resource) => plan with { Resource = plan.Resource + "2" },
            nameof(EffectPlan.From) => plan with
            {
                From = new Dictionary<string, string>(plan.From) { ["capacity"] = "2" },
            },
            nameof(EffectPlan.To) => plan with
            {
                To = new Dictionary<string, string>(plan.To) { ["capacity"] = "400" },
            },
            nameof(EffectPlan.ETag) => plan with { ETag = null },
            nameof(EffectPlan.Evidence) => plan with { Evidence = [] },
            nameof(EffectPlan.Proposer) => plan with { Proposer = "ana@example.com" },
            nameof(EffectPlan.ExpiresAt) => plan with { ExpiresAt = plan.ExpiresAt.AddTicks(1) },
            nameof(EffectPlan.InstanceId) => plan with { InstanceId = "run8" },
            _ => throw new InvalidOperationException($"Say here how to change {property}."),
        };
        Assert.NotEqual(PlanHash.Of(plan), PlanHash.Of(changed));
    }

    [Fact]
    public void Neither_time_zone_nor_order_of_fields_counts()
    {
        var plan = Plans.Scale();
        Assert.Equal(
            PlanHash.Of(plan),
            PlanHash.Of(
                plan with
                {
                    ExpiresAt = plan.ExpiresAt.ToOffset(TimeSpan.FromHours(2)),
                    To = plan.To.Reverse().ToDictionary(),
                }
            )
        );
    }

    [Theory]
    [InlineData("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328", true)]
    [InlineData("5DC9DA79A70659A9AD559CB701DED9A2AB9D823AAD2F4960CFE370EFF4604328", false)]
    [InlineData("../../../../../../../../../../../../../../../../../../../../../..", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_a_hash_may_become_a_blob_name(string? text, bool expected) =>
        Assert.Equal(expected, PlanHash.IsWellFormed(text));
}
