using SelfDev.Azure.Blobs;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Storage;

/// <summary>The storage of the local host: an account or Azurite that is there already where the settings name one,
/// else an Azurite of its own.</summary>
public sealed class LocalStorage : IAsyncDisposable
{
    private LocalStorage(BlobStoreOptions options, AzuriteProcess? azurite)
    {
        Account = options;
        Store = new BlobArtifactStore(options);
        Azurite = azurite;
    }

    public BlobStoreOptions Account { get; }

    public BlobArtifactStore Store { get; }

    /// <value>
    /// Whether what it answers is durable: an account in Azure. Emulators answer before they have written, and speak
    /// plain HTTP.
    /// </value>
    public bool KeepsItsWord => Azurite is null && BlobArtifactStore.Connect(Account).Uri.Scheme == Uri.UriSchemeHttps;

    /// <value>Null where the settings named an account.</value>
    public AzuriteProcess? Azurite { get; }

    /// <value>
    /// Containers that lie elsewhere than in this storage: in a named account only what decides something, in an
    /// emulator of our own all that nobody else writes or picks up.
    /// </value>
    public IReadOnlyList<string> KeptElsewhere =>
        Azurite is null
            ? [Containers.Ledger, Containers.Trust]
            : [Containers.Evidence, Containers.Reports, Containers.Rejected, Containers.Ledger, Containers.Trust];

    /// <summary>Opens it and creates the containers that are missing.</summary>
    /// <param name="setting">A connection string, or an <c>https://</c> service address with the environment's
    /// credential; null or empty: start Azurite.</param>
    /// <exception cref="ArgumentException">The setting names no account that can be reached safely.</exception>
    /// <exception cref="AzuriteException">Azurite could not be started.</exception>
    /// <exception cref="IOException">The account does not answer.</exception>
    public static async Task<LocalStorage> OpenAsync(
        string? setting,
        AzuriteOptions azurite,
        CancellationToken cancellation
    )
    {
        var own = string.IsNullOrWhiteSpace(setting) ? await AzuriteProcess.StartAsync(azurite, cancellation) : null;
        try
        {
            var storage = new LocalStorage(BlobStoreOptions.Parse(own?.ConnectionString ?? setting!), own);
            await storage.Store.EnsureContainersAsync([.. Containers.All.Except(storage.KeptElsewhere)], cancellation);
            return storage;
        }
        catch
        {
            await (own?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw;
        }
    }

    public ValueTask DisposeAsync() => Azurite?.DisposeAsync() ?? ValueTask.CompletedTask;
}
