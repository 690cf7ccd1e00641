using System.Globalization;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.FleetScaling;

/// <summary>Fields of a plan that scales at once.</summary>
internal static class ScalePlan
{
    private const string SkuField = "sku";
    private const string DeleteField = "delete";

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

    public static int Capacity(IReadOnlyDictionary<string, string> fields) => int.Parse(fields[ApprovalPolicy.CapacityField], CultureInfo.InvariantCulture);

    /// <returns>Null where the platform chooses.</returns>
    public static IReadOnlySet<string>? Delete(IReadOnlyDictionary<string, string> fields) =>
        fields.TryGetValue(DeleteField, out var names) ? names.Split(',').ToHashSet(StringComparer.Ordinal) : null;
}
