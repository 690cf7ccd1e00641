using System.CommandLine;
using System.Text.Json.Nodes;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>approvals</c>: what waits for a person.</summary>
internal static class ApprovalsCommand
{
    public static Command Create(CommandIo io)
    {
        var data = HostClient.DataOption();
        var format = HostOutput.FormatOption();
        var verb = new Verb(
            "approvals",
            "Lists the plans that wait for a decision.",
            "selfdev approvals",
            "selfdev approvals --format json"
        )
        {
            data,
            format,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                using var host = HostClient.Open(io, parsed.GetValue(data));
                var answer = await host.GetAsync("api/approvals", cancellation);
                if (parsed.GetValue(format) == "json")
                {
                    HostOutput.WriteJson(io, answer);
                    return ExitCodes.Done;
                }

                var waiting = HostOutput.Items(answer);
                if (waiting.Count == 0)
                {
                    await io.Output.WriteLineAsync("Nothing waits for a decision.");
                    return ExitCodes.Done;
                }

                foreach (var approval in waiting)
                {
                    await WriteAsync(io, approval);
                }

                return ExitCodes.Done;
            }
        );
        return verb;
    }

    // A block each: why and cost are sentences, and a table of sentences is read by nobody at night.
    private static async Task WriteAsync(CommandIo io, JsonObject approval)
    {
        var id = Prefix(HostOutput.Text(approval, "id"));
        (string Name, string Value)[] lines =
        [
            ("why", HostOutput.Text(approval, "why")),
            ("cost", HostOutput.Text(approval, "cost")),
            ("resource", HostOutput.Text(approval, "plan", "resource")),
            ("expires", HostOutput.Time(approval, "expiresAt")),
        ];
        await io.Output.WriteLineAsync(
            SafeText.SingleLine($"{id}  {HostOutput.Text(approval, "plan", "action")}: {Change(approval["plan"])}")
        );
        foreach (var (name, value) in lines.Where(line => line.Value.Length > 0))
        {
            await io.Output.WriteLineAsync(SafeText.SingleLine($"  {name}: {value}"));
        }

        await io.Output.WriteLineAsync($"  selfdev approve {SafeText.SingleLine(id)}");
    }

    // The host takes the first 8 characters or more for the whole hash, where they are unambiguous.
    private static string Prefix(string id) => id.Length > 12 ? id[..12] : id;

    /// <summary>What changes, e.g. <c>capacity 3 -> 4</c>, then what stays in brackets.</summary>
    private static string Change(JsonNode? plan)
    {
        var fields = (plan?["to"] as JsonObject ?? [])
            .Select(field =>
                (field.Key, From: HostOutput.Text(plan, "from", field.Key), To: HostOutput.Text(field.Value))
            )
            .ToList();
        var changed = string.Join(
            ", ",
            fields.Where(field => field.From != field.To).Select(field => $"{field.Key} {field.From} -> {field.To}")
        );
        var same = string.Join(
            ", ",
            fields.Where(field => field.From == field.To).Select(field => $"{field.Key} {field.To}")
        );
        return same.Length > 0 ? $"{changed} ({same})" : changed;
    }
}
