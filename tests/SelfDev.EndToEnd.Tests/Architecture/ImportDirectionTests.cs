using System.Reflection;
using System.Xml.Linq;
using SelfDev.Core.Findings;
using SelfDev.Testing;

namespace SelfDev.EndToEnd.Tests.Architecture;

/// <summary>One way of imports: Core &lt;- Workflows &lt;- {Azure, Web} &lt;- {Functions, Local}; inside Core no room
/// uses another.</summary>
public class ImportDirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["SelfDev.Core"] = [],
        ["SelfDev.Workflows"] = ["SelfDev.Core"],
        ["SelfDev.Azure"] = ["SelfDev.Core", "SelfDev.Workflows"],
        ["SelfDev.Web"] = ["SelfDev.Core", "SelfDev.Workflows"],
        ["SelfDev.Functions"] = ["SelfDev.Core", "SelfDev.Workflows", "SelfDev.Azure", "SelfDev.Web"],
        ["SelfDev.Local"] = ["SelfDev.Core", "SelfDev.Workflows", "SelfDev.Azure", "SelfDev.Web"],
    };

    /// <summary>Rooms of Core that are capabilities; every other folder is a shared noun.</summary>
    private static readonly string[] Capabilities = ["Training", "Evaluation", "Serving", "Traffic", "Rollouts"];

    public static TheoryData<string> Projects() =>
        new(
            Directory
                .GetDirectories(Path.Combine(SharedData.RepositoryRoot(), "src"))
                .Select(folder => Path.GetFileName(folder)!)
        );

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_lies_before_it(string project)
    {
        var file = Path.Combine(SharedData.RepositoryRoot(), "src", project, project + ".csproj");
        var references = XDocument
            .Load(file)
            .Descendants("ProjectReference")
            .Select(reference =>
                Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
            )
            .Where(reference => reference.StartsWith("SelfDev.", StringComparison.Ordinal));

        Assert.True(Allowed.ContainsKey(project), $"{project} has no place in the order of imports.");
        Assert.All(references, reference => Assert.Contains(reference, Allowed[project]));
    }

    [Fact]
    public void Core_references_no_cloud_no_engine_and_no_web()
    {
        var references = typeof(Finding).Assembly.GetReferencedAssemblies().Select(name => name.Name!);

        Assert.All(
            references,
            reference =>
                Assert.DoesNotMatch(
                    @"^(Azure|Microsoft\.(Azure|Data|DurableTask|AspNetCore|Extensions)|OpenAI)",
                    reference
                )
        );
    }

    [Fact]
    public void Inside_Core_no_capability_uses_another()
    {
        var offences =
            from type in typeof(Finding).Assembly.GetTypes()
            let room = Room(type)
            where room is not null
            from used in TypeUses.Of(type)
            let usedRoom = Room(used)
            where usedRoom is not null && usedRoom != room
            select $"{type.FullName} uses {used.FullName}";

        Assert.Empty(offences.Distinct());
    }

    [Fact]
    public void Inside_Core_no_shared_noun_uses_a_capability()
    {
        var offences =
            from type in typeof(Finding).Assembly.GetTypes()
            where type.Namespace?.StartsWith("SelfDev.Core.", StringComparison.Ordinal) == true && Room(type) is null
            from used in TypeUses.Of(type)
            where Room(used) is not null
            select $"{type.FullName} uses {used.FullName}";

        Assert.Empty(offences.Distinct());
    }

    [Fact]
    public void The_check_sees_a_use_that_stands_only_in_a_method_body()
    {
        Assert.Contains(typeof(Uri), TypeUses.Of(typeof(Sample)));
    }

    private static string? Room(Type type)
    {
        var parts = TypeUses.Owner(type).Namespace?.Split('.') ?? [];
        return parts is ["SelfDev", "Core", var room, ..] && Capabilities.Contains(room) ? room : null;
    }

    private static class Sample
    {
        public static string Body() => Build().ToString()!;

        private static object Build() => new Uri("https://example.org");
    }
}
