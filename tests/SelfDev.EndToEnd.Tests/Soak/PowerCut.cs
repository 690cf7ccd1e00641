namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// What a power cut takes that a killed process does not: content of files that nobody had synced. Of Azurite's index
/// the operating system may have written nothing since the host last synced it, and the host does so when it lets a
/// drop go. So the index is put back to what it was when an entry was last seen to leave the spool.
/// </summary>
/// <remarks>
/// Simulated: the loss of Azurite's two indexes; extents are longer than an older index says, which is what they would
/// be, for Azurite syncs them. Not simulated: torn sectors, and losses in our own SQLite and spool files, of which
/// fsync is believed.
/// </remarks>
internal sealed class PowerCut : IDisposable
{
    private static readonly string[] Indexes = ["__azurite_db_blob__.json", "__azurite_db_blob_extent__.json"];

    private readonly string _storage;
    private readonly string _spool;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Thread _watch;
    private Dictionary<string, byte[]> _synced;

    public PowerCut(string storage, string spool)
    {
        (_storage, _spool) = (storage, spool);
        _synced = Read();
        _watch = new Thread(Watch) { IsBackground = true, Name = "power cut" };
        _watch.Start();
    }

    /// <summary>After the kill: the disk as the power cut left it.</summary>
    /// <returns>How many bytes of index were lost.</returns>
    public long Strike()
    {
        _stopped.Cancel();
        _watch.Join();
        var lost = 0L;
        foreach (var index in Indexes)
        {
            var path = Path.Combine(_storage, index);
            lost += File.Exists(path) ? new FileInfo(path).Length : 0;
            if (_synced.TryGetValue(index, out var content))
            {
                File.WriteAllBytes(path, content);
                lost -= content.Length;
            }
            else
            {
                File.Delete(path);
            }

            File.Delete(path + "~");
        }

        return lost;
    }

    public void Dispose()
    {
        _stopped.Cancel();
        _watch.Join();
        _stopped.Dispose();
    }

    // The spool first: an entry that is gone from it went by an index that was there before.
    private void Watch()
    {
        var held = Held();
        while (!_stopped.IsCancellationRequested)
        {
            var now = Held();
            if (held.Except(now).Any())
            {
                _synced = Read();
            }

            held = now;
            Thread.Sleep(5);
        }
    }

    private HashSet<string> Held() =>
        Directory.Exists(_spool)
            ? Directory
                .EnumerateFiles(_spool, "*.drop")
                .Select(file => Path.GetFileName(file))
                .ToHashSet(StringComparer.Ordinal)
            : [];

    private Dictionary<string, byte[]> Read()
    {
        var contents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var index in Indexes)
        {
            var path = Path.Combine(_storage, index);
            try
            {
                contents[index] = File.ReadAllBytes(path);
            }
            catch (IOException)
            {
                // Not there yet: then there was nothing to lose either.
            }
        }

        return contents;
    }
}
