using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>
/// Blobs in memory with the port's promises: versions by ETag, create-only with one winner, listing by name. Every call
/// yields once, so that concurrent callers meet.
/// </summary>
public sealed class InMemoryArtifactStore : IArtifactStore
{
    private readonly ConcurrentDictionary<(string Container, string Name), Stored> _blobs = new();
    private int _version;

    /// <value>Successful writes so far, creations included.</value>
    public int Writes => _version;

    /// <summary>All blobs as <c>container/name = etag</c>, to compare before and after.</summary>
    public IReadOnlyList<string> Snapshot() =>
        [
            .. _blobs
                .Select(blob => $"{blob.Key.Container}/{blob.Key.Name} = {blob.Value.ETag}")
                .Order(StringComparer.Ordinal),
        ];

    public string Text(string container, string name) =>
        System.Text.Encoding.UTF8.GetString(_blobs[(container, name)].Content);

    public void Put(string container, string name, string text) =>
        Store(container, name, System.Text.Encoding.UTF8.GetBytes(text), new Dictionary<string, string>());

    public async Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation)
    {
        BlobNames.Addressable(container, name);
        await Task.Yield();
        return _blobs.TryGetValue((container, name), out var blob) ? Info(container, name, blob) : null;
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.Yield();
        foreach (
            var (key, blob) in _blobs
                .Where(blob =>
                    blob.Key.Container == container && blob.Key.Name.StartsWith(prefix, StringComparison.Ordinal)
                )
                .OrderBy(blob => blob.Key.Name, StringComparer.Ordinal)
        )
        {
            yield return Info(key.Container, key.Name, blob);
        }
    }

    public async Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation)
    {
        BlobNames.Addressable(blob.Container, blob.Name);
        await Task.Yield();
        return
            _blobs.TryGetValue((blob.Container, blob.Name), out var stored)
            && (blob.ETag is null || blob.ETag == stored.ETag)
            ? new PinnedMemoryStream(
                stored.Content,
                () => _blobs.TryGetValue((blob.Container, blob.Name), out var now) && now.ETag == stored.ETag
            )
            : throw new BlobGoneException($"{blob.Container}/{blob.Name} is not there.");
    }

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        BlobNames.Addressable(container, name);
        var stored = content.ToArray();
        await Task.Yield();
        return Store(container, name, stored, new Dictionary<string, string>());
    }

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        BlobNames.Addressable(container, name);
        using var memory = new MemoryStream();
        await content.CopyToAsync(memory, cancellation);
        return Store(
            container,
            name,
            memory.ToArray(),
            metadata.ToDictionary(pair => pair.Key.ToLowerInvariant(), pair => pair.Value)
        );
    }

    public async Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        BlobNames.Addressable(container, name);
        var stored = content.ToArray();
        await Task.Yield();
        return _blobs.TryAdd((container, name), new Stored(stored, NextETag(), new Dictionary<string, string>()));
    }

    private BlobRef Store(string container, string name, byte[] content, IReadOnlyDictionary<string, string> metadata)
    {
        var stored = new Stored(content, NextETag(), metadata);
        _blobs[(container, name)] = stored;
        return new BlobRef(container, name, stored.ETag);
    }

    private string NextETag() => Interlocked.Increment(ref _version).ToString(CultureInfo.InvariantCulture);

    private static BlobInfo Info(string container, string name, Stored blob) =>
        new(new BlobRef(container, name, blob.ETag), blob.Content.Length, DateTimeOffset.UnixEpoch, blob.Metadata);

    private sealed record Stored(byte[] Content, string ETag, IReadOnlyDictionary<string, string> Metadata);
}
