using System.Globalization;

namespace SelfDev.EndToEnd.Tests.Pipeline;

internal static class Policies
{
    /// <summary>Lets one person approve scale-outs, and nothing else.</summary>
    public static string ScaleOutOnly(string expiresAfter = "1h", int maxCapacity = 16) =>
        Of(
            $$"""{ "action": "scale-fleet", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "{{expiresAfter}}" }""",
            maxCapacity
        );

    /// <summary>Lets one person approve one kind of action; services run on the fleet.</summary>
    public static string Serving(string action) =>
        Of(
            $$"""{ "action": "{{action}}", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "1h" }""",
            maxCapacity: 64
        );

    /// <summary>Covers none of the actions that the logs of these tests lead to.</summary>
    public static string Nothing() =>
        Of(
            """{ "action": "wait", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "1h" }""",
            maxCapacity: 16
        );

    /// <summary>Lets any one of these people decide whether a checkpoint passes, and nothing else.</summary>
    /// <param name="analysts">What the policy says of the models that explain, JSON.</param>
    public static string Gate(string approvers, string analysts = "{}") =>
        Of(
            $$"""
            { "action": "allow-promotion", "approvers": {{approvers}}, "quorum": 1, "expiresAfter": "1h" },
            { "action": "block-promotion", "approvers": {{approvers}}, "quorum": 1, "expiresAfter": "1h" }
            """,
            maxCapacity: 16,
            analysts: analysts
        );

    /// <summary>A fleet that is scaled by its metrics, with one person to ask.</summary>
    /// <param name="envelope">JSON; null: every change is asked for.</param>
    public static string Scaled(string? envelope) =>
        Of(
            """{ "action": "scale-fleet", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "1h" }""",
            maxCapacity: 16,
            $$"""
            , "scaling": { "interval": "5s", {{(envelope is null ? "" : $"\"envelope\": {envelope}, ")}}
              "specification": { "coldStartSeconds": 60, "replica": { "stepSeconds": 0.02, "sequenceSeconds": 0.001, "prefillTokenSeconds": 0.0001, "batchLimit": 64 } } }
            """
        );

    /// <summary>Scale-outs and restarts are asked for, one person decides; a fleet that is asked about by its
    /// metrics.</summary>
    public static string Soak() =>
        Of(
            """
            { "action": "scale-fleet", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "1h" },
            { "action": "restart", "approvers": ["oncall@localhost"], "quorum": 1, "expiresAfter": "1h" }
            """,
            maxCapacity: 100,
            """
            , "scaling": { "interval": "5s",
              "specification": { "coldStartSeconds": 60, "replica": { "stepSeconds": 0.02, "sequenceSeconds": 0.001, "prefillTokenSeconds": 0.0001, "batchLimit": 64 } } }
            """
        );

    private static string Of(string rules, int maxCapacity, string scaling = "", string analysts = "{}") =>
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            { "schema": "selfdev.policy/1", "actionsEnabled": true,
              "rules": [ {{rules}} ],
              "analysts": {{analysts}},
              "fleets": { "trainvm": {
                "resourceId": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/selfdev/providers/Microsoft.Compute/virtualMachineScaleSets/trainvm",
                "minCapacity": 0, "maxCapacity": {{maxCapacity}}, "instanceHourUsd": 98.32, "subjects": ["training/*", "serving/*"]{{scaling}} } } }
            """
        );
}
