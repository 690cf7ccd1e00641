using System.CommandLine;
using System.Text.Json.Nodes;

namespace SelfDev.Local.Commands;

/// <summary><c>approvals</c>: what waits for a person.</summary>
internal static class ApprovalsCommand
{
    public static Command Create(CommandIo io)
    {
        var data = HostClient.DataOption();
        var format = HostOutput.FormatOption();
        var verb = new Verb("approvals", "Lists the plans that wait for a decision.", "selfdev approvals", "selfdev approvals --format json") { data, format };
        verb.SetAction(async (parsed, cancellation) =>
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

            HostOutput.WriteTable(io, ["Id", "Action", "Change", "Why", "Cost", "Expires", "Resource"], waiting.Select(approval => new[]
            {
                Prefix(HostOutput.Text(approval, "id")),
                HostOutput.Text(approval, "plan", "action"),
                Change(approval["plan"]),
                HostOutput.Text(approval, "why"),
                HostOutput.Text(approval, "cost"),
                HostOutput.Text(approval, "expiresAt"),
                HostOutput.Text(approval, "plan", "resource"),
            }));
            return ExitCodes.Done;
        });
        return verb;
    }

    // The host takes the first 8 characters or more for the whole hash, where they are unambiguous.
    private static string Prefix(string id) => id.Length > 12 ? id[..12] : id;

    /// <summary>E.g. <c>capacity 3 -> 4</c>.</summary>
    private static string Change(JsonNode? plan) => string.Join(", ", (plan?["to"] as JsonObject ?? [])
        .Select(field => $"{field.Key} {HostOutput.Text(plan, "from", field.Key)} -> {HostOutput.Text(field.Value)}"));
}
