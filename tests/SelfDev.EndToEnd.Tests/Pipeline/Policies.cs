namespace SelfDev.EndToEnd.Tests.Pipeline;

internal static class Policies
{
    private const string Fleets = """
        "fleets": { "trainvm": {
          "resourceId": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/selfdev/providers/Microsoft.Compute/virtualMachineScaleSets/trainvm",
          "minCapacity": 0, "maxCapacity": 16, "subjects": ["training/*"] } }
        """;

    /// <summary>Lets one person approve scale-outs, and nothing else.</summary>
    public static string ScaleOutOnly(string expiresAfter = "1h") => $$"""
        { "schema": "selfdev.policy/1", "actionsEnabled": true,
          "rules": [ { "action": "scale-fleet", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "{{expiresAfter}}" } ],
          {{Fleets}} }
        """;

    public static string Nothing() => $$"""
        { "schema": "selfdev.policy/1", "actionsEnabled": true, "rules": [], {{Fleets}} }
        """;
}
