using System.Globalization;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Stops every new side effect, also in the middle of an action: execution reads it right before each effect. A sealed
/// log,
/// <c>kill-switch/000001</c> and on in the trust store, of which the last record counts.
/// </summary>
/// <remarks>
/// Anybody who is signed in may engage it; releasing it is for the people whom the policy of that moment names.
/// Deleting records does not release it: a switch of which the last record is missing (the ledger knows how many there
/// were), or that lies behind more records than are read, counts as engaged.
/// </remarks>
public sealed class KillSwitch(
    SealedLog log,
    ILedgerStore ledger,
    TamperReports tampering,
    IApprovalPolicySource policies,
    TimeProvider clock
)
{
    /// <summary>How long a change waits for the ledger before it is acknowledged without it: a stop answers under any
    /// load.</summary>
    public static readonly TimeSpan LedgerWait = TimeSpan.FromMilliseconds(50);

    private const string Folder = "kill-switch";

    public async Task<KillSwitchState> ReadAsync(CancellationToken cancellation)
    {
        var changes = await ReadLogAsync(cancellation);
        if (changes.IsCut)
        {
            return Unreadable(changes);
        }

        if (
            StateOf(changes) is { Number: > 0 } last
            && await ledger.FindAsync(LedgerKey(last.Number), cancellation) is null
        )
        {
            // The process died, or the ledger was away, between the record and the ledger.
            await WriteToLedgerAsync(last, cancellation);
        }

        if (await ledger.FindAsync(LedgerKey(Next(changes)), cancellation) is null)
        {
            return StateOf(changes);
        }

        // Somebody may have set it between the two looks; else a change that the ledger knows of is gone.
        var again = await ReadLogAsync(cancellation);
        if (Next(again) > Next(changes))
        {
            return StateOf(again);
        }

        var lost = string.Create(
            CultureInfo.InvariantCulture,
            $"The ledger has change {Next(changes)} of the kill switch; the trust store has lost it."
        );
        await tampering.ReportAsync(Folder, lost, null, cancellation);
        return new KillSwitchState(
            true,
            "selfdev",
            null,
            $"{lost} Until somebody sets it anew it counts as engaged.",
            Next(changes),
            DecisionProof.Clock
        );
    }

    /// <summary>Sets it. In force when this returns, and in the ledger unless that is away or takes longer than <see
    /// cref="LedgerWait"/>.</summary>
    /// <param name="by">Who; stands in the ledger and on the dashboard.</param>
    /// <param name="proof">How that person was known, as <see cref="DecisionProof"/> has it.</param>
    /// <returns>The state afterwards, or why it was not changed.</returns>
    public async Task<KillSwitchChange> SetAsync(
        bool engaged,
        string by,
        string? reason,
        string proof,
        CancellationToken cancellation
    )
    {
        if (!engaged && await RefusalAsync(by, cancellation) is { } refusal)
        {
            return new KillSwitchChange(await ReadAsync(cancellation), refusal);
        }

        while (true)
        {
            var changes = await ReadLogAsync(cancellation);
            if (changes.IsCut)
            {
                // It counts as engaged already, and nothing that is written here would be read.
                return new KillSwitchChange(
                    Unreadable(changes),
                    engaged ? null : $"It cannot be released: {changes.Damage}"
                );
            }

            var state = new KillSwitchState(
                engaged,
                by,
                clock.GetUtcNow(),
                reason,
                await FreeNumberAsync(changes, cancellation),
                proof
            );
            if (await log.TryAppendAsync(Folder, changes, state, cancellation))
            {
                return new KillSwitchChange(state, null) { LedgerProblem = await WaitForLedgerAsync(state) };
            }
        }
    }

    // Behind what the ledger knows of, also where records were lost: no change takes the place of another one in the
    // ledger.
    private async Task<int> FreeNumberAsync(SealedRecords<KillSwitchState> changes, CancellationToken cancellation)
    {
        var number = Next(changes);
        while (await ledger.FindAsync(LedgerKey(number), cancellation) is not null)
        {
            number++;
        }

        return number;
    }

    // It is in force already: a stop must not fail, or be late, for a ledger that is away. Whoever reads the switch
    // next makes up for it. What goes on behind the answer is not the caller's to cancel.
    private async Task<string?> WaitForLedgerAsync(KillSwitchState state)
    {
        var written = TryWriteToLedgerAsync(state);
        return await Task.WhenAny(written, Task.Delay(LedgerWait, clock)) == written
            ? await written
            : "It is in force; the ledger is busy and has it as soon as it can.";
    }

    private async Task<string?> TryWriteToLedgerAsync(KillSwitchState state)
    {
        try
        {
            await WriteToLedgerAsync(state, CancellationToken.None);
            return null;
        }
        catch (Exception failure)
        {
            return $"It is in force; the ledger could not be written yet: {failure.Message}";
        }
    }

    private Task<LedgerReceipt> WriteToLedgerAsync(KillSwitchState state, CancellationToken cancellation) =>
        ledger.AppendAsync(
            new LedgerEntry(
                LedgerKey(state.Number),
                LedgerEntryTypes.Decision,
                state.At!.Value,
                "kill-switch",
                state.By,
                new JsonObject
                {
                    ["killSwitch"] = state.Engaged ? "engaged" : "released",
                    ["reason"] = state.Reason,
                    ["proof"] = state.Proof,
                    ["identified"] = DecisionProof.Describe(state.Proof),
                }
            ),
            cancellation
        );

    private Task<SealedRecords<KillSwitchState>> ReadLogAsync(CancellationToken cancellation) =>
        log.ReadAsync<KillSwitchState>(Folder, cancellation);

    private async Task<string?> RefusalAsync(string by, CancellationToken cancellation)
    {
        var reading = await policies.ReadAsync(cancellation);
        return reading.Policy switch
        {
            null => "The policy file cannot be used, so nobody may release the kill switch: mend the file first. "
                + string.Join(" ", reading.Errors),
            { } policy when !policy.MayReleaseKillSwitch(by) =>
                $"{by} may not release the kill switch: the policy names others for that.",
            _ => null,
        };
    }

    private static KillSwitchState Unreadable(SealedRecords<KillSwitchState> changes) =>
        new(
            true,
            "selfdev",
            null,
            $"{changes.Damage} Until the forged ones are taken away it counts as engaged.",
            Next(changes),
            DecisionProof.Clock
        );

    private static KillSwitchState StateOf(SealedRecords<KillSwitchState> changes) =>
        changes.Items.Count == 0 ? KillSwitchState.Off : changes.Items[^1];

    private static int Next(SealedRecords<KillSwitchState> changes) => StateOf(changes).Number + 1;

    private static string LedgerKey(int number) => string.Create(CultureInfo.InvariantCulture, $"kill-switch:{number}");
}

/// <param name="At">Null where it was never set.</param>
/// <param name="Number">Which change it is, 1-based; 0 where it was never set.</param>
/// <param name="Proof">How whoever set it was known, as <see cref="DecisionProof"/> has it.</param>
public sealed record KillSwitchState(
    bool Engaged,
    string By,
    DateTimeOffset? At,
    string? Reason,
    int Number,
    string Proof
)
{
    public static KillSwitchState Off { get; } = new(false, "", null, null, 0, DecisionProof.Clock);
}

/// <param name="State">As it is now.</param>
/// <param name="Refusal">Why it was not changed; null where it was.</param>
public sealed record KillSwitchChange(KillSwitchState State, string? Refusal)
{
    /// <value>Why it is in force and not in the ledger yet; null where it is in both.</value>
    public string? LedgerProblem { get; init; }
}
