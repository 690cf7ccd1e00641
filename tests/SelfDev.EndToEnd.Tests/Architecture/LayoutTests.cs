using System.Reflection;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Engine;

namespace SelfDev.EndToEnd.Tests.Architecture;

/// <summary>A house in which a stranger finds the way: small folders, namespaces that tell the folder, no
/// circles.</summary>
public class LayoutTests
{
    private const int MaxFilesPerFolder = 16;
    private const int MaxColumns = 120;

    /// <summary>
    /// Rooms of a capability in the order of the data. Its own domain may be several rooms, and lie before the reading
    /// (what is known of prompts, while they are read) or behind it (comparisons of what was read).
    /// </summary>
    private static readonly string[] RoomOrder = ["Model", "Formats", "*", "Findings", "Report"];

    private static readonly string[] Capabilities = ["Training", "Evaluation", "Serving", "Traffic"];

    [Fact]
    public void A_folder_has_at_most_sixteen_files()
    {
        var crowded = SourceTree
            .Files("src")
            .GroupBy(file => Path.GetDirectoryName(file)!, (folder, files) => (folder, Count: files.Count()))
            .Where(folder => folder.Count > MaxFilesPerFolder);

        Assert.Empty(crowded);
    }

    [Fact]
    public void A_namespace_says_in_which_folder_a_file_lies()
    {
        var strays =
            from file in SourceTree.Files("src")
            let line = SourceTree
                .Lines(file)
                .FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal))
            let expected = "namespace " + Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.') + ";"
            where line is not null && line != expected
            select $"{file}: {line}";

        Assert.Empty(strays);
    }

    [Fact]
    public void A_line_has_at_most_120_columns_unless_it_is_a_text_that_cannot_be_broken()
    {
        var wide =
            from file in SourceTree.Files("src", "tests", "bench", "eng/mutation", "samples")
            from line in Code(SourceTree.Lines(file))
            where line.Text.Length > MaxColumns && !IsText(line.Text)
            select $"{file}:{line.Number}: {line.Text.Length} columns";

        Assert.Empty(wide);
    }

    [Theory]
    [InlineData("    \"one long text\"", true)]
    [InlineData("    <p>HTML of a raw string</p>", true)]
    [InlineData("    var text = \"one long text\";", true)]
    [InlineData("    return first.Second(third, fourth);", false)]
    [InlineData("    // A comment that goes on and on.", false)]
    public void What_counts_as_a_text_that_cannot_be_broken(string line, bool expected) =>
        Assert.Equal(expected, IsText(line));

    /// <returns>The lines, numbered from 1, but for those inside raw strings.</returns>
    private static IEnumerable<(string Text, int Number)> Code(string[] lines)
    {
        var isRaw = false;
        for (var index = 0; index < lines.Length; index++)
        {
            var isMark = (lines[index].Split("\"\"\"").Length - 1) % 2 == 1;
            if (!isRaw)
            {
                yield return (lines[index], index + 1);
            }

            isRaw ^= isMark;
        }
    }

    // Code is what the formatter breaks; what begins with a quote, a tag or a table's row is a text's.
    private static bool IsText(string line) =>
        line.TrimStart() is { Length: > 0 } text
        && (
            text[0] is '"' or '<' or '$' or '@' or '{' or '|' or '\\' or '['
            || text.StartsWith("+ ", StringComparison.Ordinal)
            || text.Count(character => character == '"') >= 2
        );

    [Theory]
    [InlineData(typeof(Finding))]
    [InlineData(typeof(IWorkflowContext))]
    public void No_folder_uses_one_that_uses_it(Type inAssembly)
    {
        var uses = Uses(inAssembly.Assembly)
            .Where(use => use.From.Namespace != use.To.Namespace)
            .ToLookup(use => use.From.Namespace!, use => use.To.Namespace!);

        Assert.Empty(SourceTree.Circles(uses).Select(circle => string.Join(" <-> ", circle)));
    }

    [Fact]
    public void Each_capability_has_the_same_rooms_and_they_use_each_other_in_the_order_of_the_data()
    {
        var offences = new List<string>();
        foreach (var (from, to) in Uses(typeof(Finding).Assembly))
        {
            if (
                Room(from) is { } user
                && Room(to) is { } used
                && user.Capability == used.Capability
                && Place(user.Room) < Place(used.Room)
            )
            {
                offences.Add($"{from.FullName} uses {to.FullName}");
            }
        }

        Assert.Empty(offences.Distinct());
        foreach (var capability in Capabilities)
        {
            var rooms = SourceTree
                .Files($"src/SelfDev.Core/{capability}")
                .Select(file => Path.GetFileName(Path.GetDirectoryName(file)!))
                .Distinct()
                .ToList();
            Assert.All(RoomOrder.Where(room => room != "*"), room => Assert.Contains(room, rooms));
        }
    }

    private static int Place(string room) =>
        Array.IndexOf(RoomOrder, room) is >= 0 and var place ? place : Array.IndexOf(RoomOrder, "*");

    private static (string Capability, string Room)? Room(Type type) =>
        type.Namespace?.Split('.') is ["SelfDev", "Core", var capability, var room, ..]
        && Capabilities.Contains(capability)
            ? (capability, room)
            : null;

    private static IEnumerable<(Type From, Type To)> Uses(Assembly assembly) =>
        from type in assembly.GetTypes()
        let owner = TypeUses.Owner(type)
        where owner.Namespace?.StartsWith("SelfDev.", StringComparison.Ordinal) == true
        from used in TypeUses.Of(type).Select(TypeUses.Owner)
        where
            used.Assembly == assembly
            && used != owner
            && used.Namespace?.StartsWith("SelfDev.", StringComparison.Ordinal) == true
        select (owner, used);
}
