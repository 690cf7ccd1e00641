using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Effects;

/// <summary>Compares the fields that a plan names with what is.</summary>
public static class PlannedFields
{
    public static bool Equal(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count
        && left.All(field => right.TryGetValue(field.Key, out var value) && value == field.Value);

    /// <summary>What differs from the approved plan, for the person who has to approve again.</summary>
    public static string DescribeDrift(EffectPlan plan, IReadOnlyDictionary<string, string> now, string? etag)
    {
        var changed = plan
            .From.Where(field => !now.TryGetValue(field.Key, out var value) || value != field.Value)
            .Select(field => $"{field.Key} was {field.Value} and is {now.GetValueOrDefault(field.Key, "gone")}")
            .ToList();
        if (changed.Count == 0 && plan.ETag != etag)
        {
            changed.Add("the resource was changed (its ETag differs)");
        }

        return $"Changed since the approval: {string.Join(", ", changed)}.";
    }
}
