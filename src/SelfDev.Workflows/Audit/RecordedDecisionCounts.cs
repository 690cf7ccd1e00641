using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Audit;

/// <summary>How many sealed records the trust store has to have, by what the ledger says people were asked and
/// decided.</summary>
/// <param name="Folders">Folder of the trust store to the least number of genuine records in it, in order of
/// name.</param>
public sealed partial record RecordedDecisionCounts(IReadOnlyDictionary<string, int> Folders)
{
    /// <summary>Reads the whole ledger; two numbers for each plan that people were asked about are kept.</summary>
    public static async Task<RecordedDecisionCounts> OfAsync(ILedgerStore ledger, CancellationToken cancellation)
    {
        var folders = new SortedDictionary<string, int>(StringComparer.Ordinal);
        await foreach (var line in ledger.ReadAsync(0, cancellation))
        {
            if (LedgerEntryFormat.Parse(line.Span).Entry is not { } entry)
            {
                continue;
            }

            if (entry.Type == LedgerEntryTypes.Proposal && AskedAbout(entry.Body) is { } asked)
            {
                folders[$"requests/{asked}"] = 1;
                continue;
            }

            if (entry.Type != LedgerEntryTypes.Decision)
            {
                continue;
            }

            if (PlanDecision().Match(entry.Key) is { Success: true } decided)
            {
                var plan = decided.Groups["plan"].Value;
                folders[$"decisions/{plan}"] = Math.Max(
                    folders.GetValueOrDefault($"decisions/{plan}"),
                    Number(decided.Groups["n"].Value)
                );
                folders[$"requests/{plan}"] = 1;
            }
            else if (SwitchChange().Match(entry.Key) is { Success: true } change)
            {
                folders["kill-switch"] = Math.Max(
                    folders.GetValueOrDefault("kill-switch"),
                    Number(change.Groups["n"].Value)
                );
            }
        }

        return new RecordedDecisionCounts(folders);
    }

    // A proposal that people were asked about names them; one within the policy, or with an obstacle, was filed
    // nowhere.
    private static string? AskedAbout(JsonObject body) =>
        body["approvers"] is JsonArray { Count: > 0 }
        && body["planHash"] is JsonValue hash
        && hash.TryGetValue<string>(out var plan)
        && PlanHash.IsWellFormed(plan)
            ? plan
            : null;

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    // As DecisionStore and KillSwitch make their keys. Nine digits fit an int.
    [GeneratedRegex(
        "^.+:(?<plan>[0-9a-f]{64}):decision:(?<n>[0-9]{1,9})$",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline
    )]
    private static partial Regex PlanDecision();

    [GeneratedRegex("^kill-switch:(?<n>[0-9]{1,9})$", RegexOptions.ExplicitCapture)]
    private static partial Regex SwitchChange();
}
