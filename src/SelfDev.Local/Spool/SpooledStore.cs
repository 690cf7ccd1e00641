using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>
/// Storage that forgets, made to keep its word: what is written to the containers that others share with us is a synced
/// file of our own first, and acknowledged only then. The file stays until storage has the blob on its disk (<see
/// cref="SpoolKeeper"/>); what storage lost by the next start is put again (<see cref="SpoolReplay"/>).
/// </summary>
/// <param name="storage">Where everything else goes as it is.</param>
internal sealed class SpooledStore(
    IArtifactStore storage,
    SpoolFolder folder,
    SpoolTable table,
    SpooledBlobs blobs,
    NameTurns turns,
    SpoolOptions options,
    TimeProvider clock,
    ILogger<SpooledStore> logger
) : IArtifactStore
{
    public static bool IsSpooled(string container) => container is Containers.Intake or Containers.Commands;

    public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
        storage.GetInfoAsync(container, name, cancellation);

    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation) =>
        storage.ListAsync(container, prefix, cancellation);

    public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
        storage.OpenReadAsync(blob, cancellation);

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        if (!IsSpooled(container))
        {
            return await storage.WriteAsync(container, name, content, contentType, cancellation);
        }

        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await WriteAsync(container, name, stream, contentType, new Dictionary<string, string>(), cancellation);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// When it returns, the blob will be there whatever happens. Its version is null where storage did not take it at
    /// once, or gets it later because it is large: it is tried until it does.
    /// </remarks>
    /// <exception cref="StorageUnavailableException">
    /// The host's own disk is full, or fails: nothing was kept.
    /// </exception>
    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        if (!IsSpooled(container))
        {
            return await storage.WriteAsync(container, name, content, contentType, metadata, cancellation);
        }

        return await KeepAsync(container, name, content, contentType, metadata, createOnly: false, cancellation)
            ?? new BlobRef(container, name, null);
    }

    /// <inheritdoc/>
    /// <exception cref="StorageUnavailableException">As of writing.</exception>
    public async Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        if (!IsSpooled(container))
        {
            return await storage.TryCreateAsync(container, name, content, contentType, cancellation);
        }

        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await KeepAsync(
            container,
            name,
            stream,
            contentType,
            new Dictionary<string, string>(),
            createOnly: true,
            cancellation
        )
            is not null;
    }

    /// <returns>
    /// What was put, without its version where that comes later; null where it was to be created and there is one.
    /// </returns>
    private async Task<BlobRef?> KeepAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        bool createOnly,
        CancellationToken cancellation
    )
    {
        using var draft = await folder.ReceiveAsync(content, cancellation);
        // The order of entries of one name is the order in which storage gets them.
        using var turn = await turns.EnterAsync($"{container}/{name}", cancellation);
        var entry = folder.Commit(draft, container, name, contentType, metadata, createOnly);
        table.Add(entry);
        if (entry.Length >= options.PutLaterBytes && !createOnly)
        {
            return new BlobRef(container, name, null);
        }

        try
        {
            // Whoever sent it may be gone by now; what was kept is put all the same.
            var put = await blobs.PutAsync(entry, CancellationToken.None);
            if (put is null)
            {
                table.LetGo(entry);
                return null;
            }

            table.Put(entry, clock.GetUtcNow());
            return put;
        }
        catch (IOException failure)
        {
            logger.SpoolPutFailed(entry.Sequence, failure);
            return new BlobRef(container, name, null);
        }
        catch
        {
            // Storage will never take it: whoever sent it is told, and nothing was promised.
            table.LetGo(entry);
            throw;
        }
    }
}
