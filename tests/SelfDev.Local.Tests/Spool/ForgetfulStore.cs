using System.Runtime.CompilerServices;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Spool;

/// <summary>
/// Storage as Azurite is: it answers at once, has on its disk what it last saved, and knows only that after a crash.
/// Versions rise, times are whole seconds of the test's clock, what was replaced is gone.
/// </summary>
internal sealed class ForgetfulStore(TimeProvider clock) : IArtifactStore
{
    private readonly Lock _gate = new();
    private Dictionary<(string Container, string Name), Stored> _blobs = [];
    private Dictionary<(string Container, string Name), Stored> _saved = [];
    private int _version;

    /// <value>Called in every write, before anything is stored; what it throws is the answer.</value>
    public Action<string>? BeforeWrite { get; set; }

    /// <value>How often its state was saved.</value>
    public int Savings { get; private set; }

    public int Writes => _version;

    public void Save()
    {
        lock (_gate)
        {
            _saved = new(_blobs);
            Savings++;
        }
    }

    public void Crash()
    {
        lock (_gate)
        {
            _blobs = new(_saved);
        }
    }

    /// <summary>Somebody writes to storage straight.</summary>
    public void PutStraight(string container, string name, string text) =>
        Store(container, name, System.Text.Encoding.UTF8.GetBytes(text), new Dictionary<string, string>());

    public void Delete(string container, string name)
    {
        lock (_gate)
        {
            _blobs.Remove((container, name));
        }
    }

    /// <summary>The disk goes bad: the blob keeps its name and length, not its bytes.</summary>
    public void Damage(string container, string name)
    {
        lock (_gate)
        {
            var blob = _blobs[(container, name)];
            _blobs[(container, name)] = blob with { Content = new byte[blob.Content.Length] };
        }
    }

    /// <returns>Null where there is no such blob.</returns>
    public string? Text(string container, string name)
    {
        lock (_gate)
        {
            return _blobs.TryGetValue((container, name), out var blob)
                ? System.Text.Encoding.UTF8.GetString(blob.Content)
                : null;
        }
    }

    public bool HasSaved(string container, string name, string mark)
    {
        lock (_gate)
        {
            return _saved.TryGetValue((container, name), out var blob)
                && blob.Metadata.GetValueOrDefault("selfdevdrop", mark) == mark;
        }
    }

    public async Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation)
    {
        await Task.Yield();
        lock (_gate)
        {
            return _blobs.TryGetValue((container, name), out var blob) ? Info(container, name, blob) : null;
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.Yield();
        List<BlobInfo> found;
        lock (_gate)
        {
            found =
            [
                .. _blobs
                    .Where(blob =>
                        blob.Key.Container == container && blob.Key.Name.StartsWith(prefix, StringComparison.Ordinal)
                    )
                    .OrderBy(blob => blob.Key.Name, StringComparer.Ordinal)
                    .Select(blob => Info(container, blob.Key.Name, blob.Value)),
            ];
        }

        foreach (var info in found)
        {
            yield return info;
        }
    }

    public async Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation)
    {
        await Task.Yield();
        lock (_gate)
        {
            return
                _blobs.TryGetValue((blob.Container, blob.Name), out var stored)
                && (blob.ETag is null || blob.ETag == stored.ETag)
                ? new MemoryStream(stored.Content, writable: false)
                : throw new BlobGoneException($"{blob.Container}/{blob.Name} is not there.");
        }
    }

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) =>
        WriteAsync(
            container,
            name,
            new MemoryStream(content.ToArray()),
            contentType,
            new Dictionary<string, string>(),
            cancellation
        );

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        BeforeWrite?.Invoke(name);
        using var memory = new MemoryStream();
        await content.CopyToAsync(memory, cancellation);
        return Store(container, name, memory.ToArray(), metadata);
    }

    public async Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        BeforeWrite?.Invoke(name);
        await Task.Yield();
        lock (_gate)
        {
            return _blobs.TryAdd((container, name), New(content.ToArray(), new Dictionary<string, string>()));
        }
    }

    private BlobRef Store(string container, string name, byte[] content, IReadOnlyDictionary<string, string> metadata)
    {
        lock (_gate)
        {
            var stored = New(content, metadata);
            _blobs[(container, name)] = stored;
            return new BlobRef(container, name, stored.ETag);
        }
    }

    private Stored New(byte[] content, IReadOnlyDictionary<string, string> metadata)
    {
        var now = clock.GetUtcNow();
        return new Stored(
            content,
            (++_version).ToString(System.Globalization.CultureInfo.InvariantCulture),
            metadata,
            now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond))
        );
    }

    private static BlobInfo Info(string container, string name, Stored blob) =>
        new(new BlobRef(container, name, blob.ETag), blob.Content.Length, blob.LastModified, blob.Metadata);

    private sealed record Stored(
        byte[] Content,
        string ETag,
        IReadOnlyDictionary<string, string> Metadata,
        DateTimeOffset LastModified
    );
}
