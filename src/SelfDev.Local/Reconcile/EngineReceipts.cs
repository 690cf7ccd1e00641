using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Reconcile;

/// <summary>Receipts of the ledger in the engine's histories: what workflows were told is recorded.</summary>
internal static class EngineReceipts
{
    /// <summary>
    /// Rows of history that are looked at. Appends overtake each other by no more than the activities that run at once.
    /// </summary>
    private const int NewestRows = 500;

    /// <param name="path">Of <c>engine.db</c>, which is there.</param>
    /// <param name="afterRow">Rows up to this one are from a ledger whose loss was accepted.</param>
    /// <returns>The receipt of the largest tree among the newest rows; null where there is none.</returns>
    public static LedgerReceipt? Newest(string path, long afterRow)
    {
        using var connection = SqliteFile.OpenReader(path);
        var candidates = new List<(LedgerReceipt Receipt, long Sequence, int Action)>();
        var newest = $"SELECT seq, data FROM history WHERE row > ? ORDER BY row DESC LIMIT {NewestRows}";
        using (var rows = new Statement(connection, newest))
        {
            rows.Bind(afterRow);
            while (rows.Step())
            {
                var events = Decode(rows.Blob(1));
                candidates.AddRange(
                    events
                        .Where(entry => entry.Kind == HistoryKind.ActivityCompleted)
                        .Select(entry => (Receipt: ReadReceipt(entry.Data), Sequence: rows.Int64(0), Action: entry.Id))
                        .Where(found => found.Receipt is not null)
                        .Select(found => (found.Receipt!, found.Sequence, found.Action))
                );
            }
        }

        // Looks like one; whether it is one, the call says that it answers.
        using var history = new Statement(connection, "SELECT data FROM history WHERE seq = ? ORDER BY position");
        return candidates
            .OrderByDescending(candidate => candidate.Receipt.TreeSize)
            .FirstOrDefault(candidate => IsRecording(history, candidate.Sequence, candidate.Action))
            .Receipt;
    }

    /// <returns>The newest row; 0 where there is none.</returns>
    public static long NewestRow(string path)
    {
        using var connection = SqliteFile.OpenReader(path);
        return SqliteFile.Scalar(connection, "SELECT coalesce(max(row), 0) FROM history");
    }

    private static bool IsRecording(Statement history, long sequence, int action)
    {
        history.Bind(sequence);
        return history
            .All(row => Decode(row.Blob(0)))
            .Any(events =>
                events.Any(entry =>
                    entry.Kind == HistoryKind.ActivityScheduled
                    && entry.Id == action
                    && entry.Name == RecordLedgerEntry.Handle.Name
                )
            );
    }

    // A damaged row is the engine's to name, which checks every row that it reads.
    private static List<HistoryEvent> Decode(ReadOnlySpan<byte> data)
    {
        var events = new List<HistoryEvent>();
        try
        {
            HistoryCodec.Decode(data, events);
        }
        catch (CorruptStoreException) { }

        return events;
    }

    private static LedgerReceipt? ReadReceipt(string? data)
    {
        if (data?.Contains("\"rootHash\"", StringComparison.Ordinal) != true)
        {
            return null;
        }

        try
        {
            return
                JsonSerializer.Deserialize<LedgerReceipt>(data, SelfDevJson.Payload)
                    is { TreeSize: > 0, RootHash: not null } receipt
                ? receipt
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
