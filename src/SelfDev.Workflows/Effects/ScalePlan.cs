using System.Globalization;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Effects;

/// <summary>Fields of a plan that changes the size of a scale set.</summary>
internal static class ScalePlan
{
    private const string SkuField = "sku";
    private const string DeleteField = "delete";
    private const string FleetCapacityField = "fleetCapacity";

    /// <param name="delete">Host names of the instances to take; null: the platform chooses.</param>
    public static Dictionary<string, string> Fields(int capacity, string sku, IReadOnlyList<string>? delete = null)
    {
        var fields = new Dictionary<string, string>
        {
            [ApprovalPolicy.CapacityField] = capacity.ToString(CultureInfo.InvariantCulture),
            [SkuField] = sku,
        };
        if (delete is not null)
        {
            fields[DeleteField] = string.Join(',', delete);
        }

        return fields;
    }

    /// <summary>The fields with what all scale sets of the fleet come to, once everything that was decided with it is
    /// done.</summary>
    public static Dictionary<string, string> WithFleetCapacity(this Dictionary<string, string> fields, int capacity)
    {
        fields[FleetCapacityField] = capacity.ToString(CultureInfo.InvariantCulture);
        return fields;
    }

    /// <returns>Null where the plan does not say.</returns>
    public static int? FleetCapacity(IReadOnlyDictionary<string, string> fields) =>
        fields.TryGetValue(FleetCapacityField, out var capacity)
            ? int.Parse(capacity, CultureInfo.InvariantCulture)
            : null;

    public static int Capacity(IReadOnlyDictionary<string, string> fields) =>
        int.Parse(fields[ApprovalPolicy.CapacityField], CultureInfo.InvariantCulture);

    /// <returns>0 where nothing was seen.</returns>
    public static int SeenCapacity(IReadOnlyDictionary<string, string> fields) =>
        fields.ContainsKey(ApprovalPolicy.CapacityField) ? Capacity(fields) : 0;

    /// <returns>Null where the platform chooses.</returns>
    public static IReadOnlySet<string>? Delete(IReadOnlyDictionary<string, string> fields) =>
        fields.TryGetValue(DeleteField, out var names) ? names.Split(',').ToHashSet(StringComparer.Ordinal) : null;
}
