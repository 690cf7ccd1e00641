using SelfDev.Local.Artifacts;
using SelfDev.Local.Engine;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Hosting;
using SelfDev.Local.Trust;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Reconcile;

/// <summary>The parts of a host that starts or runs: how each is marked, and how its changes are counted.</summary>
/// <param name="ownStorage">As of <see cref="Reconciliation.BeginAsync"/>.</param>
internal sealed class HostParts(
    Reconciliation reconciliation,
    DataDirectory data,
    bool ownStorage,
    SqliteTrustStore trust,
    SqliteLedgerLog ledger,
    SqliteArtifactStore artifacts,
    EmbeddedEngine engine
)
{
    /// <summary>
    /// Marks all parts with this start and has the ledger say what loss was accepted. The stores are open, the engine
    /// is not.
    /// </summary>
    public Task CompleteAsync(ILedgerStore record, CancellationToken cancellation)
    {
        var marks = new Dictionary<string, Func<long, long, Task>>
        {
            [Parts.Trust] = trust.MarkAsync,
            [Parts.Ledger] = ledger.MarkAsync,
            [Parts.Artifacts] = artifacts.MarkAsync,
            [Parts.Engine] = (set, start) =>
            {
                EngineStore.Mark(data.EngineDatabase, set, start);
                return Task.CompletedTask;
            },
        };
        if (ownStorage)
        {
            marks[Parts.Storage] = (set, start) =>
            {
                StorageMark.Write(data, set, start);
                return Task.CompletedTask;
            };
        }

        return reconciliation.CompleteAsync(marks, record, cancellation);
    }

    /// <summary>Remembers how far the parts have come: what is committed, and no more.</summary>
    public async Task NoteAsync(CancellationToken cancellation) =>
        reconciliation.Note(
            new Dictionary<string, long>
            {
                [Parts.Engine] = engine.ReadCommits(),
                [Parts.Trust] = await trust.ReadCommitsAsync(cancellation),
                [Parts.Ledger] = await ledger.ReadCommitsAsync(cancellation),
                [Parts.Artifacts] = await artifacts.ReadCommitsAsync(cancellation),
            }
        );
}
