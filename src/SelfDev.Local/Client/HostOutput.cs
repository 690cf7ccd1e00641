using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Client;

/// <summary>What the verbs that ask a host print: its JSON as it came, or a table for people.</summary>
internal static class HostOutput
{
    public static Option<string> FormatOption()
    {
        var format = new Option<string>("--format")
        {
            Description = "text or json.",
            DefaultValueFactory = _ => "text",
            HelpName = "format",
        };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    /// <summary>Validates a TCP port, 0 for any free one.</summary>
    public static void IsPort(OptionResult option)
    {
        if (option.GetValueOrDefault<int>() is < 0 or > 65535)
        {
            option.AddError($"{option.IdentifierToken?.Value}: a port is a number from 0 to 65535.");
        }
    }

    public static void WriteJson(CommandIo io, JsonNode? node) =>
        io.Output.WriteLine(node?.ToJsonString(ReportJson.Indented) ?? "null");

    /// <summary>Lists may come bare or as the only array of an object (<c>{ "items": [...] }</c>).</summary>
    public static IReadOnlyList<JsonObject> Items(JsonNode? node)
    {
        var array =
            node as JsonArray
            ?? (node as JsonObject)?.Select(property => property.Value).OfType<JsonArray>().FirstOrDefault();
        return [.. array?.OfType<JsonObject>() ?? []];
    }

    /// <summary>A field's value as text; empty where it is absent or null.</summary>
    public static string Text(JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            node = (node as JsonObject)?[name];
        }

        return node switch
        {
            null => "",
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            _ => node.ToJsonString(SelfDevJson.Http),
        };
    }

    /// <summary>A field's time in UTC to the second; what is no time as it came.</summary>
    public static string Time(JsonNode? node, string name) =>
        DateTimeOffset.TryParse(
            Text(node, name),
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var time
        )
            ? ReportWording.Time(time)
            : Text(node, name);

    public static void WriteTable(CommandIo io, string[] columns, IEnumerable<string[]> rows) =>
        new TerminalWriter(Consoles.For(io.Output, io.IsTerminal, io.Width)).Table(
            columns,
            rows.Select(row => row.Select(TerminalWriter.Escape).ToArray()),
            []
        );
}
