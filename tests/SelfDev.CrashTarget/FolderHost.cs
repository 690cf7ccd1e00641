using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Azure.Ledger;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Engine;
using SelfDev.Local.Hosting;
using SelfDev.Local.Reconcile;
using SelfDev.Local.Trust;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.CrashTarget;

/// <summary>
/// What a host keeps, without the rest of it: engine, trust records, ledger and artifacts on a data folder, looked at,
/// marked and noted as a host does it. Its runs record in the ledger and in the trust store.
/// </summary>
internal sealed class FolderHost : IAsyncDisposable
{
    private static readonly Workflow<int, int> Run = new("FolderRun");

    private readonly SqliteTrustStore _trust;
    private readonly SqliteLedgerLog _log;
    private readonly SqliteArtifactStore _artifacts;
    private readonly HeadFile _head;
    private readonly PemTreeHeadSigner _signer;
    private readonly HostParts _parts;
    private readonly EmbeddedEngine _engine;
    private readonly ServiceProvider _services;

    private FolderHost(
        SqliteTrustStore trust,
        SqliteLedgerLog log,
        SqliteArtifactStore artifacts,
        HeadFile head,
        PemTreeHeadSigner signer,
        LedgerStore ledger,
        HostParts parts,
        EmbeddedEngine engine,
        ServiceProvider services
    )
    {
        (_trust, _log, _artifacts, _head, _signer, Ledger, _parts, _engine, _services) = (
            trust,
            log,
            artifacts,
            head,
            signer,
            ledger,
            parts,
            engine,
            services
        );
    }

    public LedgerStore Ledger { get; }

    public static async Task<FolderHost> StartAsync(DataDirectory data, string? acceptLoss = null)
    {
        data.Create();
        var reconciliation = await Reconciliation.BeginAsync(
            data,
            ownStorage: false,
            acceptLoss,
            TimeProvider.System.GetUtcNow(),
            CancellationToken.None
        );
        var trust = SqliteTrustStore.Open(data.TrustDatabase);
        var log = SqliteLedgerLog.Open(data.LedgerDatabase);
        var artifacts = SqliteArtifactStore.Open(data.ArtifactsDatabase, [Containers.Evidence], TimeProvider.System);
        var head = new HeadFile(data.LastHead, TimeProvider.System, NullLogger<HeadFile>.Instance);
        var signer = PemTreeHeadSigner.FromFile(data.LedgerKey);
        var ledger = new LedgerStore(log, signer, TimeProvider.System, head);
        await ledger.OpenAsync(CancellationToken.None);
        var services = new ServiceCollection().BuildServiceProvider();
        var catalog = new WorkflowCatalog()
            .Add(RecordLedgerEntry.Handle, _ => new RecordLedgerEntry(ledger))
            .Add(
                Run,
                async (context, input) =>
                {
                    await context.RecordAsync("finding", "first", "selfdev", new { input });
                    await context.RecordAsync("effect", "second", "selfdev", new { input });
                    return input;
                }
            );
        var engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = data.Engine },
            catalog,
            services,
            NullLoggerFactory.Instance
        );
        var parts = new HostParts(reconciliation, data, ownStorage: false, trust, log, artifacts, engine);
        await parts.CompleteAsync(ledger, CancellationToken.None);
        await engine.StartAsync(CancellationToken.None);
        return new FolderHost(trust, log, artifacts, head, signer, ledger, parts, engine, services);
    }

    /// <summary>One run to its end, one trust record, and evidence small and large.</summary>
    public async Task WorkAsync(string id)
    {
        await _trust.TryCreateAsync($"decisions/{id}", Encoding.UTF8.GetBytes(id), CancellationToken.None);
        await _artifacts.WriteAsync(
            Containers.Evidence,
            id,
            Encoding.UTF8.GetBytes(id),
            "text/plain",
            CancellationToken.None
        );
        var large = new byte[SqliteArtifactStore.MaxRowBytes + 1];
        Encoding.UTF8.GetBytes(id, large);
        await _artifacts.WriteAsync(Containers.Evidence, id + "-large", large, "text/plain", CancellationToken.None);
        await _engine.StartAsync(Run, 1, id, CancellationToken.None);
        await _engine.WaitForCompletionAsync(id, CancellationToken.None);
    }

    /// <returns>Whether everything that a run of that id leaves is there and as it was written.</returns>
    public async Task<bool> HasAsync(string id)
    {
        var content = Encoding.UTF8.GetBytes(id);
        foreach (var name in new[] { id, id + "-large" })
        {
            await using var stream = await _artifacts.OpenReadAsync(
                new BlobRef(Containers.Evidence, name, null),
                CancellationToken.None
            );
            var start = new byte[content.Length];
            await stream.ReadExactlyAsync(start);
            await stream.CopyToAsync(Stream.Null);
            if (!start.AsSpan().SequenceEqual(content))
            {
                return false;
            }
        }

        return (await _trust.ReadAsync($"decisions/{id}", CancellationToken.None))?.AsSpan().SequenceEqual(content)
                == true
            && await Ledger.FindAsync($"{id}:first", CancellationToken.None) is not null
            && await Ledger.FindAsync($"{id}:second", CancellationToken.None) is not null;
    }

    /// <summary>What a host does about once a second.</summary>
    public Task NoteAsync() => _parts.NoteAsync(CancellationToken.None);

    /// <summary>Works until it is killed, and says what is done: <c>worked &lt;id&gt;</c>.</summary>
    public async Task WorkOnAsync()
    {
        for (var number = 0; ; number++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid():N}-{number}");
            await WorkAsync(id);
            Console.WriteLine("worked " + id);
            await NoteAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.StopAsync(CancellationToken.None);
        _engine.Dispose();
        Ledger.Dispose();
        _head.Dispose();
        _log.Dispose();
        _artifacts.Dispose();
        _trust.Dispose();
        _signer.Dispose();
        await _services.DisposeAsync();
    }
}
