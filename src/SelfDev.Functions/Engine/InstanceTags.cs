namespace SelfDev.Functions.Engine;

/// <summary>What Durable Functions knows of an instance but does not report to clients: its version and its parent.
/// Kept as tags.</summary>
internal static class InstanceTags
{
    private const string VersionName = "selfdev.version";
    private const string ParentName = "selfdev.parent";

    /// <param name="parent">Instance that starts it as a child; null for a top-level one.</param>
    public static Dictionary<string, string> Of(string version, string? parent)
    {
        var tags = new Dictionary<string, string> { [VersionName] = version };
        if (parent is not null)
        {
            tags.Add(ParentName, parent);
        }

        return tags;
    }

    /// <returns>Empty where a backend keeps no tags.</returns>
    public static string Version(IReadOnlyDictionary<string, string> tags) =>
        tags.GetValueOrDefault(VersionName, string.Empty);

    /// <returns>Null for a top-level instance, and where a backend keeps no tags.</returns>
    public static string? Parent(IReadOnlyDictionary<string, string> tags) => tags.GetValueOrDefault(ParentName);
}
