using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Reconcile;

/// <summary>
/// The look at a data folder before anything in it runs: are all its parts there, of one folder, and as new as was last
/// seen? If so they are marked with a new start; if not, the host does not start, unless a person accepts the loss.
/// </summary>
/// <remarks>
/// The order makes a crash at any moment harmless: first the file that says that a start has begun and which marks the
/// parts had, then the marks, then the ledger's word about an accepted loss, then the file again.
/// </remarks>
internal sealed class Reconciliation
{
    private readonly string _path;
    private readonly Lock _gate = new();
    private LastSeen _seen;

    private Reconciliation(string path, LastSeen seen) => (_path, _seen) = (path, seen);

    /// <summary>Looks, and notes that a start has begun. The folder's lock is the caller's to hold.</summary>
    /// <param name="ownStorage">Whether the host runs an emulator of its own.</param>
    /// <param name="acceptLoss">Why a person goes on without what is lost; null: nobody does.</param>
    /// <exception cref="LocalHostException">
    /// The parts do not belong together; the message says which, and what to do.
    /// </exception>
    /// <exception cref="Sqlite.CorruptStoreException">A part is damaged.</exception>
    public static async Task<Reconciliation> BeginAsync(
        DataDirectory data,
        bool ownStorage,
        string? acceptLoss,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var evidence = await Gathering.OfAsync(data, ownStorage, cancellation);
        var problems = Comparison.Of(evidence);
        if (problems.Count > 0 && acceptLoss is null)
        {
            throw new LocalHostException(Refuse(data, problems));
        }

        var loss = problems.Count > 0 ? Accept(data, evidence, problems, acceptLoss!, now) : evidence.Seen?.Loss;
        var seen = Next(evidence) with { Loss = loss };
        if (problems.Count > 0)
        {
            seen = seen with
            {
                Commits = evidence
                    .Parts.Where(part => part.Mark is not null)
                    .ToDictionary(part => part.Part, part => part.Mark!.Commits),
                ReceiptsAfterRow =
                    loss!.IsNewLedger && evidence.Receipt is not null
                        ? EngineReceipts.NewestRow(data.EngineDatabase)
                        : seen.ReceiptsAfterRow,
            };
        }

        seen.Write(data.LastSeen);
        return new Reconciliation(data.LastSeen, seen);
    }

    /// <summary>
    /// Marks the parts with this start, and has the ledger say what loss was accepted. Nothing else may have run
    /// before.
    /// </summary>
    /// <param name="marks">By part, what marks it: durable when it returns.</param>
    public async Task CompleteAsync(
        IReadOnlyDictionary<string, Func<long, long, Task>> marks,
        ILedgerStore ledger,
        CancellationToken cancellation
    )
    {
        foreach (var mark in marks.Values)
        {
            await mark(_seen.Set, _seen.Start);
        }

        if (_seen.Loss is { } loss)
        {
            await ledger.AppendAsync(EntryOf(loss), cancellation);
        }

        var starts = new Dictionary<string, long>(_seen.Starts);
        foreach (var part in marks.Keys)
        {
            starts[part] = _seen.Start;
        }

        _seen = _seen with { IsOpening = false, Starts = starts, Loss = null };
        _seen.Write(_path);
    }

    /// <summary>
    /// Remembers how many changes the parts have, where it is more than before. Durable when it returns.
    /// </summary>
    /// <exception cref="IOException">The disk failed; what was remembered before stands.</exception>
    public void Note(IReadOnlyDictionary<string, long> commits)
    {
        lock (_gate)
        {
            if (commits.All(count => _seen.Commits.GetValueOrDefault(count.Key, -1) >= count.Value))
            {
                return;
            }

            var merged = new Dictionary<string, long>(_seen.Commits);
            foreach (var (part, count) in commits)
            {
                merged[part] = Math.Max(count, merged.GetValueOrDefault(part));
            }

            var seen = _seen with { Commits = merged };
            seen.Write(_path);
            _seen = seen;
        }
    }

    private static LastSeen Next(Evidence evidence)
    {
        var starts = new Dictionary<string, long>(evidence.Seen?.Starts ?? new Dictionary<string, long>());
        foreach (var part in evidence.Parts)
        {
            if (part.Mark is { } mark)
            {
                starts[part.Part] = mark.Start;
            }
            else
            {
                starts.Remove(part.Part);
            }
        }

        var newest = evidence.Parts.Select(part => part.Mark).OfType<PartMark>().MaxBy(mark => mark.Start);
        return new LastSeen
        {
            Set = evidence.Seen?.Set ?? newest?.Set ?? RandomNumberGenerator.GetInt32(int.MaxValue) + 1L,
            Start = Comparison.NewestStart(evidence) + 1,
            IsOpening = true,
            Starts = starts,
            Commits = evidence.Seen?.Commits ?? new Dictionary<string, long>(),
            ReceiptsAfterRow = evidence.Seen?.ReceiptsAfterRow ?? 0,
        };
    }

    private static AcceptedLoss Accept(
        DataDirectory data,
        Evidence evidence,
        IReadOnlyList<Discrepancy> problems,
        string why,
        DateTimeOffset now
    )
    {
        // A ledger that lost entries is never appended to: two ledgers of one key that agree up to there would be two
        // truths.
        var isNewLedger = problems.Any(problem => problem.Part == Parts.Ledger);
        var suffix = now.UtcDateTime.ToString("'.lost-'yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var setAside =
            isNewLedger && File.Exists(data.LedgerDatabase) ? Path.GetFileName(data.LedgerDatabase) + suffix : null;
        if (isNewLedger)
        {
            var ledger = data.LedgerDatabase;
            foreach (var file in new[] { ledger, ledger + "-wal", ledger + "-shm", data.LastHead }.Where(File.Exists))
            {
                File.Move(file, file + suffix, overwrite: true);
            }
        }

        return new AcceptedLoss(
            [.. problems.Select(problem => problem.Text)],
            why,
            Environment.UserName,
            now,
            evidence.LastHead,
            setAside,
            isNewLedger
        );
    }

    private LedgerEntry EntryOf(AcceptedLoss loss) =>
        new(
            string.Create(CultureInfo.InvariantCulture, $"loss:{_seen.Set}:{loss.At.UtcTicks}"),
            LedgerEntryTypes.Loss,
            loss.At,
            "start",
            ApiKeyFile.Operator,
            JsonSerializer.SerializeToNode(loss, SelfDevJson.Signed)!.AsObject()
        );

    private static string Refuse(DataDirectory data, IReadOnlyList<Discrepancy> problems)
    {
        var what = string.Join("; ", problems.Select(problem => problem.Text));
        return $"The data folder {data.Root} is not as it was left: {what}. "
            + "Nothing was started and nothing was changed. "
            + "Restore what is named from the copy that belongs to the rest of the folder, "
            + "or start with another --data folder. "
            + "To go on without what is lost, 'selfdev up --accept-loss \"<why>\"': the ledger will say so.";
    }
}
