using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Artifacts;

/// <summary>
/// Storage in two places: what others write or pick up lies where they can reach it (the emulator), what SelfDev writes
/// for itself in a store of its own.
/// </summary>
/// <param name="own">Has <paramref name="ownContainers"/>.</param>
/// <param name="shared">Has all others.</param>
internal sealed class RoutedArtifactStore(
    IArtifactStore own,
    IReadOnlyCollection<string> ownContainers,
    IArtifactStore shared
) : IArtifactStore
{
    public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
        Of(container).GetInfoAsync(container, name, cancellation);

    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation) =>
        Of(container).ListAsync(container, prefix, cancellation);

    public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
        Of(blob.Container).OpenReadAsync(blob, cancellation);

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) => Of(container).WriteAsync(container, name, content, contentType, cancellation);

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    ) => Of(container).WriteAsync(container, name, content, contentType, metadata, cancellation);

    public Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) => Of(container).TryCreateAsync(container, name, content, contentType, cancellation);

    private IArtifactStore Of(string container) => ownContainers.Contains(container) ? own : shared;
}
