using System.Runtime.CompilerServices;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Testing;

/// <summary>Trust records in memory, as strict as the genuine stores. Every call yields once, so that concurrent
/// callers meet.</summary>
public sealed class InMemoryTrustStore : ITrustStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, byte[]> _records = new(StringComparer.Ordinal);

    /// <value>Names of all records, in ordinal order.</value>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _records.Keys];
            }
        }
    }

    /// <summary>What somebody with access to the storage does: replaces, or adds, a record behind the port's
    /// back.</summary>
    public void Forge(string name, ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            _records[name] = content.ToArray();
        }
    }

    /// <summary>Deletes a record behind the port's back.</summary>
    public void Remove(string name)
    {
        lock (_gate)
        {
            _records.Remove(name);
        }
    }

    public async Task<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        TrustRecords.CheckContent(name, content);
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return _records.TryAdd(name, content.ToArray());
        }
    }

    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return _records.TryGetValue(name, out var content) ? (byte[])content.Clone() : null;
        }
    }

    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        string from,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        TrustRecords.CheckPrefix(prefix);
        TrustRecords.CheckPrefix(from);
        await Task.Yield();
        foreach (
            var name in Names.Where(name =>
                name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, from) >= 0
            )
        )
        {
            cancellation.ThrowIfCancellationRequested();
            yield return name;
        }
    }
}
