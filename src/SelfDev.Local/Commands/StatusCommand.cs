using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>status</c>: what the running host works on.</summary>
internal static class StatusCommand
{
    public static Command Create(CommandIo io)
    {
        var id = new Argument<string?>("id")
        {
            Description = "One instance, in full. Default: all, newest first.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var data = HostClient.DataOption();
        var format = HostOutput.FormatOption();
        var verb = new Verb(
            "status",
            "Shows the workflow instances of the running host.",
            "selfdev status",
            "selfdev status --format json training-3f2a"
        )
        {
            id,
            data,
            format,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                using var host = HostClient.Open(io, parsed.GetValue(data));
                var asked = parsed.GetValue(id);
                var answer = await host.GetAsync(
                    asked is null ? "api/instances" : $"api/instances/{Uri.EscapeDataString(asked)}",
                    cancellation
                );
                if (parsed.GetValue(format) == "json")
                {
                    HostOutput.WriteJson(io, answer);
                }
                else if (asked is null)
                {
                    var rows = HostOutput.Items(answer);
                    if (rows.Count == 0)
                    {
                        await io.Output.WriteLineAsync("No instances yet: drop an artifact with 'selfdev drop'.");
                        return ExitCodes.Done;
                    }

                    HostOutput.WriteTable(
                        io,
                        ["Instance", "Workflow", "Status", "Updated", "At"],
                        rows.Select(row =>
                            new[]
                            {
                                HostOutput.Text(row, "instanceId"),
                                HostOutput.Text(row, "name"),
                                HostOutput.Text(row, "status"),
                                HostOutput.Time(row, "updatedAt"),
                                Progress(row),
                            }
                        )
                    );
                }
                else
                {
                    foreach (var (name, _) in answer as JsonObject ?? [])
                    {
                        if (HostOutput.Text(answer, name) is { Length: > 0 } value)
                        {
                            await io.Output.WriteLineAsync(SafeText.SingleLine($"{name}: {value}"));
                        }
                    }
                }

                return ExitCodes.Done;
            }
        );
        return verb;
    }

    // Our workflows say { "phase": "acting", "findings": 6 }; anything else is shown as it is.
    private static string Progress(JsonObject row)
    {
        var text = HostOutput.Text(row, "customStatus");
        try
        {
            return JsonNode.Parse(text) is JsonObject status && status["phase"] is JsonValue
                ? string.Join(
                    ", ",
                    status
                        .Where(field => field.Key != "planHash" && field.Value is not null)
                        .Select(field =>
                            field.Key == "phase"
                                ? HostOutput.Text(field.Value)
                                : $"{HostOutput.Text(field.Value)} {field.Key}"
                        )
                )
                : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
