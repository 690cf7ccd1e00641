namespace SelfDev.Local.ArmSimulator;

/// <param name="Action">What the caller's role has to grant.</param>
internal sealed record ArmRoute(string Method, string Pattern, string Action, Func<ArmCall, ArmAnswer> Operation);

/// <summary>Addresses of the operations, as in the specifications, with the role action that each needs.</summary>
internal static class ArmRoutes
{
    private const string Subscription = "/subscriptions/{subscription}";
    private const string ScaleSets =
        Subscription + "/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets";
    private const string ScaleSet = ScaleSets + "/{name}";
    private const string Instance = ScaleSet + "/virtualMachines/{instance}";
    private const string ScaleSetAction = "Microsoft.Compute/virtualMachineScaleSets/";
    private const string InstanceAction = ScaleSetAction + "virtualMachines/";

    public static IReadOnlyList<ArmRoute> Of(ArmOperations operations) =>
        [
            new("GET", ScaleSets, ScaleSetAction + "read", operations.ListScaleSets),
            new("GET", ScaleSet, ScaleSetAction + "read", operations.GetScaleSet),
            new("PATCH", ScaleSet, ScaleSetAction + "write", operations.UpdateScaleSet),
            new("PUT", ScaleSet, ScaleSetAction + "write", operations.UpdateScaleSet),
            new("GET", ScaleSet + "/instanceView", ScaleSetAction + "instanceView/read", operations.GetScaleSetView),
            new("POST", ScaleSet + "/delete", ScaleSetAction + "delete/action", operations.DeleteInstances),
            new("POST", ScaleSet + "/reimage", ScaleSetAction + "reimage/action", operations.ReimageInstances),
            new("GET", ScaleSet + "/virtualMachines", InstanceAction + "read", operations.ListInstances),
            new("GET", Instance, InstanceAction + "read", operations.GetInstance),
            new("PUT", Instance, InstanceAction + "write", operations.UpdateInstance),
            new("DELETE", Instance, InstanceAction + "delete", operations.DeleteInstance),
            new("GET", Instance + "/instanceView", InstanceAction + "instanceView/read", operations.GetInstanceView),
            new("POST", Instance + "/reimage", InstanceAction + "reimage/action", operations.ReimageInstance),
            new(
                "POST",
                Instance + "/simulateEviction",
                InstanceAction + "simulateEviction/action",
                operations.SimulateEviction
            ),
            new(
                "GET",
                Subscription + "/providers/Microsoft.Compute/locations/{location}/operations/{operation}",
                "Microsoft.Compute/locations/operations/read",
                operations.GetOperation
            ),
            new(
                "GET",
                Subscription + "/providers/Microsoft.Compute/locations/{location}/usages",
                "Microsoft.Compute/locations/usages/read",
                operations.ListUsages
            ),
            new(
                "GET",
                Subscription + "/providers/Microsoft.Compute/skus",
                "Microsoft.Compute/skus/read",
                operations.ListSkus
            ),
            new(
                "GET",
                Subscription + "/providers/Microsoft.Insights/autoscalesettings",
                "Microsoft.Insights/autoscaleSettings/read",
                operations.ListAutoscaleSettings
            ),
            new(
                "GET",
                Subscription + "/resourceGroups/{group}/providers/Microsoft.Insights/autoscalesettings",
                "Microsoft.Insights/autoscaleSettings/read",
                operations.ListAutoscaleSettings
            ),
            new(
                "GET",
                ScaleSet + "/providers/Microsoft.Authorization/permissions",
                "Microsoft.Authorization/permissions/read",
                operations.ListPermissions
            ),
        ];
}
