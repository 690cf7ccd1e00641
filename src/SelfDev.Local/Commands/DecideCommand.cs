using System.CommandLine;
using System.Text.Json.Nodes;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>approve</c> and <c>reject</c>: a person's decision about one plan.</summary>
internal static class DecideCommand
{
    public static Command CreateApprove(CommandIo io)
    {
        var reason = new Option<string?>("--reason") { Description = "Why; stands in the ledger.", HelpName = "text" };
        return Create(io, "approve", "Approves one plan, exactly as it is shown.", reason, "selfdev approve 3f2a9c...");
    }

    public static Command CreateReject(CommandIo io)
    {
        var reason = new Option<string?>("--reason")
        {
            Description = "Why; stands in the ledger.",
            HelpName = "text",
            Required = true,
        };
        return Create(
            io,
            "reject",
            "Rejects one plan; nothing will be done.",
            reason,
            "selfdev reject 3f2a9c... --reason \"wait for the next checkpoint\""
        );
    }

    private static Verb Create(
        CommandIo io,
        string decision,
        string description,
        Option<string?> reason,
        string example
    )
    {
        var id = new Argument<string>("id") { Description = "The plan's hash, as 'selfdev approvals' lists it." };
        var approver = new Option<string?>("--as")
        {
            Description = "Who decides, of the people whom the policy names. Default: the first of them.",
            HelpName = "person",
        };
        var data = HostClient.DataOption();
        var format = HostOutput.FormatOption();
        var verb = new Verb(decision, description, example) { id, reason, approver, data, format };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                using var host = HostClient.OpenAsApprover(io, parsed.GetValue(data), parsed.GetValue(approver));
                var plan = parsed.GetRequiredValue(id);
                var answer = await host.PostAsync(
                    $"api/approvals/{Uri.EscapeDataString(plan)}",
                    new JsonObject { ["decision"] = decision, ["reason"] = parsed.GetValue(reason) },
                    cancellation
                );
                if (parsed.GetValue(format) == "json")
                {
                    HostOutput.WriteJson(io, answer);
                }
                else
                {
                    await io.Output.WriteLineAsync($"Recorded: {decision} {SafeText.SingleLine(plan)}");
                }

                return ExitCodes.Done;
            }
        );
        return verb;
    }
}
