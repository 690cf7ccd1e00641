using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Ledger;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// Puts three accounts side by side: what clients were told is done, what the ledger says, and what ARM and storage
/// have. Everything that is in one and not in the others as it should be is a contradiction, in words.
/// </summary>
internal sealed class SoakReckoning
{
    private readonly List<string> _contradictions = [];
    private readonly RunningPipeline _host;
    private readonly Acknowledged _acknowledged;
    private readonly List<JsonNode> _entries;
    private readonly List<ArmChange> _changes;

    private SoakReckoning(
        RunningPipeline host,
        Acknowledged acknowledged,
        List<JsonNode> entries,
        List<ArmChange> changes
    )
    {
        (_host, _acknowledged, _entries, _changes) = (host, acknowledged, entries, changes);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public int Entries => _entries.Count;

    public int ArmChanges => _changes.Count;

    public int Effects => OfType(LedgerEntryTypes.Effect).Count(IsDone);

    public IReadOnlyList<string> Contradictions => _contradictions;

    /// <param name="host">Started on the data after the last kill, with nothing under way any more.</param>
    public static async Task<SoakReckoning> OfAsync(RunningPipeline host, Acknowledged acknowledged)
    {
        var entries = new List<JsonNode>();
        await foreach (var line in host.Host.Services.GetRequiredService<ILedgerStore>().ReadAsync(0, Cancellation))
        {
            entries.Add(JsonNode.Parse(line.Span)!);
        }

        var data = new DataDirectory(host.Folder);
        var arm = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(data.Simulator, "arm-state.json"), Cancellation)
        )!;
        var changes = arm["Writes"]!
            .AsArray()
            .Where(write =>
                (string?)write!["Method"] == "PATCH"
                && ((string)write["Path"]!).EndsWith("/trainvm", StringComparison.Ordinal)
            )
            .Select(write => new ArmChange(
                ((string?)write!["IfMatch"])?.Trim('"'),
                (string)JsonNode.Parse((string)write["Body"]!)!["sku"]!["capacity"]!.ToString()
            ))
            .ToList();
        var reckoning = new SoakReckoning(host, acknowledged, entries, changes);
        await reckoning.VerifyLedgerAsync();
        await reckoning.CheckDropsAsync();
        reckoning.CheckDecisions();
        await reckoning.CheckSwitchAsync();
        reckoning.CheckArm();
        await reckoning.CheckCommandsAsync();
        return reckoning;
    }

    private async Task VerifyLedgerAsync()
    {
        var verification = await _host
            .Host.Services.GetRequiredService<ILedgerStore>()
            .VerifyAsync(
                _host.Host.Services.GetRequiredService<LedgerPublicKeys>().Keys,
                [.. _acknowledged.Heads.DistinctBy(head => head.TreeSize)],
                cancellation: Cancellation
            );
        _contradictions.AddRange(verification.Problems.Select(problem => problem.Message));
    }

    private async Task CheckDropsAsync()
    {
        var read = OfType(LedgerEntryTypes.Artifact)
            .Where(entry => (string?)entry["body"]!["outcome"] == "accepted")
            .ToLookup(entry => (string)entry["body"]!["sha256"]!);
        var proposing = OfType(LedgerEntryTypes.Proposal)
            .Select(entry => Root((string)entry["instanceId"]!))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var drop in _acknowledged.Drops)
        {
            if (!read.Contains(drop.Sha256))
            {
                _contradictions.Add($"{drop.Name} was acknowledged, the ledger does not know it.");
            }

            var asking = read[drop.Sha256]
                .Select(entry => (string)entry["instanceId"]!)
                .Distinct()
                .Count(proposing.Contains);
            if (asking != 1)
            {
                _contradictions.Add(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{drop.Name} led to {asking} runs that proposed something; one was to."
                    )
                );
            }

            if (await HashAsync(drop.Name) is var hash && hash != drop.Sha256)
            {
                _contradictions.Add($"{drop.Name} was acknowledged, storage has {hash ?? "nothing"}.");
            }
        }
    }

    private void CheckDecisions()
    {
        var recorded = OfType(LedgerEntryTypes.Decision)
            .Where(entry => entry["body"]!["planHash"] is not null)
            .ToLookup(entry => ((string)entry["body"]!["planHash"]!, (string)entry["actor"]!));
        foreach (var decision in _acknowledged.Decisions)
        {
            var found = recorded[(decision.PlanHash, decision.Approver)]
                .Select(entry => (string)entry["body"]!["kind"]!)
                .ToList();
            if (found is not [var kind] || kind != decision.Kind)
            {
                _contradictions.Add(
                    $"{decision.Approver} did {decision.Kind} {decision.PlanHash[..8]}; the ledger: "
                        + $"[{string.Join(", ", found)}]."
                );
            }
        }
    }

    private async Task CheckSwitchAsync()
    {
        var recorded = OfType(LedgerEntryTypes.Decision)
            .Where(entry => entry["body"]!["killSwitch"] is not null)
            .ToDictionary(entry => (string)entry["key"]!, entry => (string)entry["body"]!["killSwitch"]! == "engaged");
        foreach (var change in _acknowledged.Switches)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"kill-switch:{change.Number}");
            if (!recorded.TryGetValue(key, out var engaged) || engaged != change.Engaged)
            {
                _contradictions.Add(
                    $"Change {change.Number} of the kill switch was acknowledged ({change.Engaged}), not recorded."
                );
            }
        }

        var state = await _host.Host.Services.GetRequiredService<KillSwitch>().ReadAsync(Cancellation);
        if (
            _acknowledged.Switches.MaxBy(change => change.Number) is { } last
            && (state.Number < last.Number || (state.Number == last.Number && state.Engaged != last.Engaged))
        )
        {
            _contradictions.Add(
                $"The kill switch is {state.Engaged} at {state.Number}; {last.Engaged} at {last.Number} was "
                    + $"acknowledged."
            );
        }
    }

    // Each change of ARM belongs to one approved plan, each effect to one change.
    private void CheckArm()
    {
        var approved = Approved();
        var plans = OfType(LedgerEntryTypes.Proposal)
            .Where(entry => (string?)entry["body"]!["action"] == "scale-fleet" && entry["body"]!["obstacle"] is null)
            .Select(entry =>
                (
                    Hash: (string)entry["body"]!["planHash"]!,
                    Change: new ArmChange(
                        ((string?)entry["body"]!["eTag"])?.Trim('"'),
                        (string)entry["body"]!["to"]!["capacity"]!
                    )
                )
            )
            .DistinctBy(plan => plan.Hash)
            .ToList();
        foreach (var change in _changes.GroupBy(change => change))
        {
            if (change.Count() != 1 || !plans.Any(plan => plan.Change == change.Key && approved.Contains(plan.Hash)))
            {
                _contradictions.Add(
                    $"ARM took {change.Key.Capacity} at {change.Key.ETag} {change.Count()} time(s); one approved plan "
                        + $"was to."
                );
            }
        }

        foreach (var effect in Done("scale-fleet"))
        {
            var hash = (string)effect["body"]!["planHash"]!;
            if (
                plans.FirstOrDefault(plan => plan.Hash == hash) is not { Change: { } change }
                || !_changes.Contains(change)
            )
            {
                _contradictions.Add($"The ledger says that {hash[..8]} was done; ARM knows nothing of it.");
            }
        }
    }

    private async Task CheckCommandsAsync()
    {
        var approved = Approved();
        var done = OfType(LedgerEntryTypes.Effect)
            .Where(entry => (string?)entry["body"]!["action"] == "restart" && IsDone(entry))
            .Select(entry => (string)entry["body"]!["planHash"]!)
            .ToHashSet(StringComparer.Ordinal);
        var there = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var blob in _host.Store.ListAsync(Containers.Commands, "", Cancellation))
        {
            there.Add(Path.GetFileNameWithoutExtension(blob.Blob.Name));
        }

        _contradictions.AddRange(
            done.Except(there)
                .Select(hash => $"The ledger says that the command {hash[..8]} was given; storage does not have it.")
        );
        _contradictions.AddRange(
            there
                .Where(hash => !done.Contains(hash) || !approved.Contains(hash))
                .Select(hash =>
                    $"Command {hash[..8]} is there; approved: {approved.Contains(hash)}, done: {done.Contains(hash)}."
                )
        );
    }

    private HashSet<string> Approved() =>
        OfType(LedgerEntryTypes.Decision)
            .Where(entry => (string?)entry["body"]!["kind"] is "approve" or "within-policy")
            .Select(entry => (string)entry["body"]!["planHash"]!)
            .ToHashSet(StringComparer.Ordinal);

    private IEnumerable<JsonNode> Done(string action) =>
        OfType(LedgerEntryTypes.Effect).Where(entry => (string?)entry["body"]!["action"] == action && IsDone(entry));

    private static bool IsDone(JsonNode effect) => (string?)effect["body"]!["outcome"] is "applied" or "partly-applied";

    private IEnumerable<JsonNode> OfType(string type) => _entries.Where(entry => (string?)entry["type"] == type);

    // Of the instance of an action, e.g. intake-…:action:1, that of its diagnosis.
    private static string Root(string instanceId) => instanceId.Split(':')[0];

    private async Task<string?> HashAsync(string name)
    {
        try
        {
            await using var content = await _host.Store.OpenReadAsync(
                new BlobRef(Containers.Intake, name, null),
                Cancellation
            );
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, Cancellation));
        }
        catch (BlobGoneException)
        {
            return null;
        }
    }

    private sealed record ArmChange(string? ETag, string Capacity);
}
