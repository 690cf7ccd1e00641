using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Ledger;
using SelfDev.Core.Redaction;
using SelfDev.Core.Reports;
using SelfDev.Local.Hosting;

namespace SelfDev.Local.Commands;

/// <summary>
/// <c>ledger verify</c> and <c>ledger prove</c>: the audit. Everything is computed here from what the host hands out; the host's own
/// word counts for nothing.
/// </summary>
internal static class LedgerCommand
{
    public static Command Create(CommandIo io)
    {
        var ledger = new Verb("ledger", "Audits the record of everything that was decided and done.", "selfdev ledger verify", "selfdev ledger verify --anchor head.json", "selfdev ledger prove 12 --format json");
        ledger.Add(CreateVerify(io));
        ledger.Add(CreateProve(io));
        return ledger;
    }

    private static Verb CreateVerify(CommandIo io)
    {
        var anchor = new Option<string?>("--anchor") { Description = "A signed head that was kept elsewhere (the JSON of 'ledger verify'): catches a ledger that was written anew.", HelpName = "file" };
        var (data, key, format) = (HostClient.DataOption(), KeyOption(), HostOutput.FormatOption());
        var verb = new Verb("verify", "Downloads the whole ledger and checks every entry, every root and every signature. Exit code 1 when it does not hold.") { anchor, key, data, format };
        verb.SetAction(async (parsed, cancellation) =>
        {
            var keys = Keys(parsed.GetValue(key), parsed.GetValue(data));
            using var host = HostClient.Open(io, parsed.GetValue(data));
            // Heads first: an entry that is appended meanwhile is then one that no head covers yet, not a head without its entries.
            var heads = HostOutput.Items(await host.GetAsync("api/ledger/heads", cancellation))
                .Select(head => Read<SignedTreeHead>(head, "A signed head of the host"))
                .ToList();
            var verification = await LedgerVerifier.VerifyAsync(
                host.ReadLinesAsync("api/ledger/entries", cancellation), heads.ToAsyncEnumerable(), keys, Anchors(parsed.GetValue(anchor)), cancellation: cancellation);
            if (parsed.GetValue(format) == "json")
            {
                HostOutput.WriteJson(io, new JsonObject
                {
                    ["intact"] = verification.IsIntact,
                    ["entries"] = verification.Entries,
                    ["rootHash"] = verification.RootHash,
                    ["heads"] = verification.Heads,
                    ["unsignedEntries"] = verification.UnsignedEntries,
                    ["problems"] = JsonSerializer.SerializeToNode(verification.Problems, ReportJson.Options),
                    ["head"] = JsonSerializer.SerializeToNode(heads.Count == 0 ? null : heads[^1], ReportJson.Options),
                });
            }
            else
            {
                await io.Output.WriteLineAsync(verification.IsIntact
                    ? $"The ledger is intact: {verification.Entries} entries, {verification.Heads} signed heads, root {verification.RootHash}."
                    : $"The ledger does NOT hold: {verification.Problems.Count} problems in {verification.Entries} entries.");
                foreach (var problem in verification.Problems)
                {
                    await io.Output.WriteLineAsync("  " + SafeText.SingleLine(problem.Message));
                }

                if (verification.UnsignedEntries > 0)
                {
                    await io.Output.WriteLineAsync($"  The last {verification.UnsignedEntries} entries are not under a signed head yet.");
                }
            }

            return verification.IsIntact ? ExitCodes.Done : ExitCodes.Findings;
        });
        return verb;
    }

    private static Verb CreateProve(CommandIo io)
    {
        var number = new Argument<long>("n") { Description = "The entry's index, from 0." };
        var (data, key, format) = (HostClient.DataOption(), KeyOption(), HostOutput.FormatOption());
        var verb = new Verb("prove", "Proves that one entry is in the ledger: its path to the newest signed root (RFC 6962).") { number, key, data, format };
        verb.SetAction(async (parsed, cancellation) =>
        {
            var keys = Keys(parsed.GetValue(key), parsed.GetValue(data));
            using var host = HostClient.Open(io, parsed.GetValue(data));
            var index = parsed.GetRequiredValue(number);
            var proof = Read<LedgerProof>(await host.GetAsync(string.Create(CultureInfo.InvariantCulture, $"api/ledger/entries/{index}"), cancellation), "The proof");
            var wrong = proof.Index == index ? proof.Verify(keys) : $"The host proves entry {proof.Index} instead of {index}.";
            if (parsed.GetValue(format) == "json")
            {
                var json = JsonSerializer.SerializeToNode(proof, ReportJson.Options)!.AsObject();
                json["holds"] = wrong is null;
                HostOutput.WriteJson(io, json);
            }
            else
            {
                await io.Output.WriteLineAsync(SafeText.SingleLine(proof.Entry));
                foreach (var hash in proof.Path)
                {
                    await io.Output.WriteLineAsync($"  {hash}");
                }

                await io.Output.WriteLineAsync(wrong is null
                    ? $"Entry {proof.Index} is in the ledger of {proof.Head.TreeSize} entries with root {proof.Head.RootHash}, signed by {proof.Head.KeyId}."
                    : SafeText.SingleLine(wrong));
            }

            return wrong is null ? ExitCodes.Done : ExitCodes.Findings;
        });
        return verb;
    }

    private static T Read<T>(JsonNode? node, string what)
    {
        try
        {
            return node.Deserialize<T>(ReportJson.Options) ?? throw new JsonException("It is null.");
        }
        catch (JsonException failure)
        {
            throw new BadInputException($"{what} cannot be read: {failure.Message}", failure);
        }
    }

    private static Option<string?> KeyOption() => new("--key")
    {
        Description = "PEM file with the public keys that may sign. Default: the key in the data folder; take it from elsewhere for a real audit.",
        HelpName = "file",
    };

    private static LedgerKeys Keys(string? file, string? data)
    {
        var path = file ?? DataDirectory.Resolve(data).LedgerKey;
        try
        {
            return LedgerKeys.FromPem(File.ReadAllText(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"The keys in '{path}' cannot be used: {failure.Message}", failure);
        }
    }

    private static IReadOnlyList<SignedTreeHead> Anchors(string? file)
    {
        if (file is null)
        {
            return [];
        }

        try
        {
            var node = JsonNode.Parse(File.ReadAllText(file)) ?? throw new JsonException("It is null.");
            return [Read<SignedTreeHead>((node as JsonObject)?["head"] ?? node, $"The anchor '{file}'")];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            throw new BadInputException($"The anchor '{file}' cannot be read: {failure.Message}", failure);
        }
    }
}
