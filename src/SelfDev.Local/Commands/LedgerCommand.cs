using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary>
/// <c>ledger verify</c> and <c>ledger prove</c>: the audit. Everything about the ledger is computed here from what the
/// host hands out; the host's own word counts for nothing. What else it keeps only the host can check
/// (<see cref="StorageCheck"/>).
/// </summary>
internal static class LedgerCommand
{
    private const int MaxShown = 50;

    public static Command Create(CommandIo io)
    {
        var ledger = new Verb(
            "ledger",
            "Audits the record of everything that was decided and done.",
            "selfdev ledger verify",
            "selfdev ledger verify --anchor head.json",
            "selfdev ledger prove 12 --format json"
        );
        ledger.Add(CreateVerify(io));
        ledger.Add(CreateProve(io));
        return ledger;
    }

    private static Verb CreateVerify(CommandIo io)
    {
        var anchor = new Option<string?>("--anchor")
        {
            Description =
                "A signed head that was kept elsewhere (the JSON of 'ledger verify'), besides those that the data "
                + "folder and your earlier audits keep.",
            HelpName = "file",
        };
        var forget = new Option<bool>("--forget")
        {
            Description = "Forget what your earlier audits saw of this ledger, once you know why it is another one.",
        };
        var ledgerOnly = new Option<bool>("--ledger-only")
        {
            Description =
                "Leave out the host's check of requests, decisions, marks, commands, evidence and reports, which "
                + "reads all of them.",
        };
        var (data, key, format) = (HostClient.DataOption(), KeyOption(), HostOutput.FormatOption());
        var verb = new Verb(
            "verify",
            "Downloads the whole ledger and checks every entry, every root, every signature, and that it goes on from "
                + "every head seen before. Then has the host check the seals of everything else that it alone may "
                + "write. "
                + "Exit code 1 when something does not hold."
        )
        {
            anchor,
            forget,
            ledgerOnly,
            key,
            data,
            format,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var keys = Keys(parsed.GetValue(key), parsed.GetValue(data));
                var seen = io.StateFolder is { } folder ? new SeenHeads(folder) : null;
                if (parsed.GetValue(forget))
                {
                    keys.KeyIds.ToList().ForEach(id => seen?.Forget(id));
                }

                var anchors = LedgerAnchors.Find(
                    parsed.GetValue(anchor),
                    DataDirectory.Resolve(parsed.GetValue(data)),
                    seen,
                    keys
                );
                using var host = HostClient.Open(io, parsed.GetValue(data));
                // Heads first: an entry that is appended meanwhile is then one that no head covers yet, not a head
                // without its entries.
                var heads = HostOutput
                    .Items(await host.GetAsync("api/ledger/heads", cancellation))
                    .Select(head => Read<SignedTreeHead>(head, "A signed head of the host"))
                    .ToList();
                var verification = await LedgerVerifier.VerifyAsync(
                    host.ReadLinesAsync("api/ledger/entries", cancellation),
                    heads.ToAsyncEnumerable(),
                    keys,
                    [.. anchors.Select(known => known.Head)],
                    cancellation: cancellation
                );
                var newest = heads.Count == 0 ? null : heads[^1];
                if (verification.IsIntact && newest is not null)
                {
                    seen?.Remember(newest);
                }

                var storage = parsed.GetValue(ledgerOnly) ? null : await StorageCheck.AskAsync(host, cancellation);
                await (
                    parsed.GetValue(format) == "json"
                        ? WriteJsonAsync(io, verification, newest, anchors, storage)
                        : WriteTextAsync(io, verification, newest, anchors, storage)
                );
                var isGenuine = storage is null or { IsGenuine: true };
                return verification.IsIntact && isGenuine ? ExitCodes.Done : ExitCodes.Findings;
            }
        );
        return verb;
    }

    private static Task WriteJsonAsync(
        CommandIo io,
        LedgerVerification verification,
        SignedTreeHead? head,
        IReadOnlyList<LedgerAnchor> anchors,
        StorageCheck? storage
    )
    {
        HostOutput.WriteJson(
            io,
            new JsonObject
            {
                ["intact"] = verification.IsIntact,
                ["entries"] = verification.Entries,
                ["rootHash"] = verification.RootHash,
                ["heads"] = verification.Heads,
                ["unsignedEntries"] = verification.UnsignedEntries,
                ["problems"] = JsonSerializer.SerializeToNode(verification.Problems, SelfDevJson.Http),
                ["head"] = JsonSerializer.SerializeToNode(head, SelfDevJson.Http),
                ["checkedAgainst"] = JsonSerializer.SerializeToNode(anchors, SelfDevJson.Http),
                ["storage"] = JsonSerializer.SerializeToNode(storage, SelfDevJson.Http),
            }
        );
        return Task.CompletedTask;
    }

    private static async Task WriteTextAsync(
        CommandIo io,
        LedgerVerification verification,
        SignedTreeHead? head,
        IReadOnlyList<LedgerAnchor> anchors,
        StorageCheck? storage
    )
    {
        await io.Output.WriteLineAsync(
            verification.IsIntact
                ? $"The ledger is intact: {verification.Entries} entries, {verification.Heads} signed heads, root "
                    + $"{verification.RootHash}."
                : $"The ledger does NOT hold: {verification.Problems.Count} problems in {verification.Entries} entries."
        );
        foreach (var problem in verification.Problems)
        {
            await io.Output.WriteLineAsync("  " + SafeText.SingleLine(problem.Message));
        }

        if (verification.UnsignedEntries > 0)
        {
            await io.Output.WriteLineAsync(
                $"  The last {verification.UnsignedEntries} entries are not under a signed head yet."
            );
        }

        foreach (var anchor in anchors)
        {
            await io.Output.WriteLineAsync(SafeText.SingleLine($"  Held to {anchor.Source}: {anchor.Head.Full()}."));
        }

        if (verification.IsIntact && head is not null)
        {
            await io.Output.WriteLineAsync(SafeText.SingleLine($"Note it elsewhere: {head.Full()}."));
        }

        await WriteTextAsync(io, storage);
    }

    private static async Task WriteTextAsync(CommandIo io, StorageCheck? storage)
    {
        await io.Output.WriteLineAsync(
            storage switch
            {
                null => "What else the host keeps was not checked (--ledger-only).",
                { IsGenuine: true } => "The host found everything else that it keeps as it was written.",
                { IsComplete: false } => "The host did NOT finish its check of what else it keeps: "
                    + $"{storage.Count} problems so far, the rest is unknown.",
                _ => $"What else the host keeps does NOT hold: {storage.Count} problems.",
            }
        );
        foreach (var problem in (storage?.Problems ?? []).Take(MaxShown))
        {
            await io.Output.WriteLineAsync("  " + SafeText.SingleLine(problem));
        }

        if (storage?.Count > MaxShown)
        {
            await io.Output.WriteLineAsync($"  And {storage.Count - MaxShown} more; --format json lists them.");
        }
    }

    private static Verb CreateProve(CommandIo io)
    {
        var number = new Argument<long>("n") { Description = "The entry's index, from 0." };
        var (data, key, format) = (HostClient.DataOption(), KeyOption(), HostOutput.FormatOption());
        var verb = new Verb(
            "prove",
            "Proves that one entry is in the ledger: its path to the newest signed root (RFC 6962)."
        )
        {
            number,
            key,
            data,
            format,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var keys = Keys(parsed.GetValue(key), parsed.GetValue(data));
                using var host = HostClient.Open(io, parsed.GetValue(data));
                var index = parsed.GetRequiredValue(number);
                var proof = Read<LedgerProof>(
                    await host.GetAsync(
                        string.Create(CultureInfo.InvariantCulture, $"api/ledger/entries/{index}"),
                        cancellation
                    ),
                    "The proof"
                );
                var wrong =
                    proof.Index == index
                        ? proof.Verify(keys)
                        : $"The host proves entry {proof.Index} instead of {index}.";
                if (parsed.GetValue(format) == "json")
                {
                    var json = JsonSerializer.SerializeToNode(proof, SelfDevJson.Http)!.AsObject();
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

                    await io.Output.WriteLineAsync(
                        wrong is null
                            ? $"Entry {proof.Index} is in the ledger of {proof.Head.TreeSize} entries with root "
                                + $"{proof.Head.RootHash}, signed by {proof.Head.KeyId}."
                            : SafeText.SingleLine(wrong)
                    );
                }

                return wrong is null ? ExitCodes.Done : ExitCodes.Findings;
            }
        );
        return verb;
    }

    private static T Read<T>(JsonNode? node, string what)
    {
        try
        {
            return node.Deserialize<T>(SelfDevJson.Http) ?? throw new JsonException("It is null.");
        }
        catch (JsonException failure)
        {
            throw new BadInputException($"{what} cannot be read: {failure.Message}", failure);
        }
    }

    private static Option<string?> KeyOption() =>
        new("--key")
        {
            Description =
                "PEM file with the public keys that may sign. Default: the key in the data folder; take it from "
                + "elsewhere for a real audit.",
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
}
