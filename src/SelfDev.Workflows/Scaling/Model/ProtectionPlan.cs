using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Scaling.Model;

/// <summary>Fields of a plan that puts protection from scale-in on an instance, or lifts it.</summary>
internal static class ProtectionPlan
{
    public const string KindName = "protect-instance";

    private const string InstanceField = "instance";
    private const string ProtectedField = "protected";

    public static Dictionary<string, string> Fields(string instance, bool isProtected) =>
        new() { [InstanceField] = instance, [ProtectedField] = isProtected ? "true" : "false" };

    public static string Instance(EffectPlan plan) => plan.To[InstanceField];

    public static bool IsProtected(EffectPlan plan) => plan.To[ProtectedField] == "true";
}
