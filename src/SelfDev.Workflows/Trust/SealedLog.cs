using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Trust;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Trust;

/// <summary>
/// Numbered, sealed records in a folder of the trust store, <c>&lt;folder&gt;/000001</c> and on. A number can be taken
/// once, so of any race there is one order, the same for everybody and for ever.
/// </summary>
/// <remarks>
/// What does not verify (forged, edited, copied from another place) is reported, passed over, and takes no number away
/// from a genuine record: that one goes into the next free slot. A genuine record that was taken out from between
/// others is noticed by its number; one that was taken off the end is not noticed here but by the ledger.
/// </remarks>
public sealed class SealedLog(ITrustStore store, Seals seals, TamperReports tampering, TimeProvider clock)
{
    /// <summary>Slots that are read at most. What lies behind them is not known, so a folder with more counts as
    /// damaged.</summary>
    public const int MaxSlots = 10_000;

    private const int SlotDigits = 6;

    /// <summary>All genuine records of a folder in their order.</summary>
    /// <exception cref="IOException">The store failed; try again.</exception>
    public async Task<SealedRecords<T>> ReadAsync<T>(string folder, CancellationToken cancellation)
        where T : class
    {
        var (items, taken, lastSlot, lastNumber) = (new List<T>(), new HashSet<int>(), 0, 0);
        var forged = new List<string>();
        string? damage = null;
        var isCut = false;
        await foreach (var name in store.ListAsync(folder + "/", "", cancellation))
        {
            if (SlotOf(folder, name) is not { } slot)
            {
                forged.Add(name);
                await tampering.ReportAsync(name, "nothing of that name belongs there", null, cancellation);
                continue;
            }

            if (taken.Count == MaxSlots)
            {
                damage = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{folder} has more than {MaxSlots} records: those from {name} on were not read."
                );
                await tampering.ReportAsync(folder, damage, null, cancellation);
                isCut = true;
                break;
            }

            taken.Add(slot);
            var stored = await TryReadAsync(name, cancellation);
            if (stored is null || Open<T>(name, stored) is not { } record)
            {
                forged.Add(name);
                await tampering.ReportAsync(name, "its seal is not good", stored, cancellation);
                continue;
            }

            items.Add(record.Value);
            if (record.Number != lastNumber + 1)
            {
                damage = string.Create(
                    CultureInfo.InvariantCulture,
                    $"Record {lastNumber + 1} of {folder} is missing: the next one has number {record.Number}."
                );
                await tampering.ReportAsync(name, damage, stored, cancellation);
            }

            (lastSlot, lastNumber) = (slot, record.Number);
        }

        var free = Enumerable.Range(lastSlot + 1, MaxSlots + 1).First(slot => !taken.Contains(slot));
        return new SealedRecords<T>(items, free, lastNumber + 1, damage) { Forged = forged, IsCut = isCut };
    }

    /// <summary>
    /// Appends a record behind what was read, unless somebody else did meanwhile. Durable when it returns.
    /// </summary>
    /// <returns>False where the slot was taken: read again, and think again.</returns>
    /// <exception cref="NonRetryableException">The folder has more than <see cref="MaxSlots"/>: it would never be
    /// read.</exception>
    public Task<bool> TryAppendAsync<T>(string folder, SealedRecords<T> read, T value, CancellationToken cancellation)
        where T : class
    {
        if (read.IsCut)
        {
            throw new NonRetryableException($"Nothing can be added to {folder}: {read.Damage}");
        }

        var name = Name(folder, read.FreeSlot);
        var content = JsonSerializer.SerializeToUtf8Bytes(new Numbered<T>(read.NextNumber, value), SelfDevJson.Stored);
        return store.TryCreateAsync(name, seals.Seal(name, content, clock.GetUtcNow()), cancellation);
    }

    // A record that cannot be read any more is none: it must keep nobody from reading the others, or from a stop.
    private async Task<byte[]?> TryReadAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await store.ReadAsync(name, cancellation);
        }
        catch (Exception unreadable) when (unreadable is not (OperationCanceledException or IOException))
        {
            return null;
        }
    }

    private Numbered<T>? Open<T>(string name, byte[] stored)
        where T : class
    {
        try
        {
            return
                seals.TryOpen(name, stored, out var content)
                && JsonSerializer.Deserialize<Numbered<T>>(content.Span, SelfDevJson.Stored)
                    is { Value: not null } record
                ? record
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Name(string folder, int slot) =>
        string.Create(CultureInfo.InvariantCulture, $"{folder}/{slot:000000}");

    private static int? SlotOf(string folder, string name)
    {
        var text = name.AsSpan(folder.Length + 1);
        return
            text.Length == SlotDigits
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var slot)
            ? slot
            : null;
    }

    private sealed record Numbered<T>(int Number, T Value);
}

/// <param name="Items">Genuine ones, in their order.</param>
/// <param name="FreeSlot">Where the next one goes.</param>
/// <param name="NextNumber">Number of the next one.</param>
/// <param name="Damage">A genuine record is missing, in words; null where none is known to be.</param>
public sealed record SealedRecords<T>(IReadOnlyList<T> Items, int FreeSlot, int NextNumber, string? Damage)
{
    /// <value>Names in the folder that hold nothing genuine; each was reported.</value>
    public IReadOnlyList<string> Forged { get; init; } = [];

    /// <value>There are more than <see cref="SealedLog.MaxSlots"/>, and the rest was not read. <see cref="Damage"/>
    /// says so.</value>
    public bool IsCut { get; init; }
}
