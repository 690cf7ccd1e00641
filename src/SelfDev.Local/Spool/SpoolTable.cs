namespace SelfDev.Local.Spool;

/// <summary>Which entries are held in the folder, and how far each has come. Safe for concurrent use.</summary>
internal sealed class SpoolTable(SpoolFolder folder)
{
    private readonly Dictionary<string, HeldEntry> _held = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_held)
            {
                return _held.Count;
            }
        }
    }

    public void Add(SpoolEntry entry)
    {
        lock (_held)
        {
            _held[entry.Mark] = new HeldEntry(entry, null, null, 0);
        }
    }

    /// <summary>Storage has taken it: it stands where older ones of its name stood, and those are let go.</summary>
    public void Put(SpoolEntry entry, DateTimeOffset at)
    {
        List<SpoolEntry> older;
        lock (_held)
        {
            _held[entry.Mark] = new HeldEntry(entry, at, null, 0);
            older = [.. _held.Values.Select(held => held.Entry).Where(other => IsOlder(other, entry))];
        }

        older.ForEach(LetGo);
    }

    /// <summary>Notes the state of the disk that an entry was not found in.</summary>
    /// <returns>How many such states there were since it was put; 0 for a state that was noted before.</returns>
    public int Missed(SpoolEntry entry, string version)
    {
        lock (_held)
        {
            if (!_held.TryGetValue(entry.Mark, out var held) || held.LastMissed == version)
            {
                return 0;
            }

            _held[entry.Mark] = held with { LastMissed = version, Misses = held.Misses + 1 };
            return held.Misses + 1;
        }
    }

    public void LetGo(SpoolEntry entry)
    {
        // The file first: what is not in the table is never looked at again.
        folder.Delete(entry);
        lock (_held)
        {
            _held.Remove(entry.Mark);
        }
    }

    /// <summary>
    /// Storage will never take it: the file stays, for a person to look at, and is not looked after any more.
    /// </summary>
    public void SetAside(SpoolEntry entry)
    {
        folder.SetAside(entry);
        lock (_held)
        {
            _held.Remove(entry.Mark);
        }
    }

    /// <returns>Oldest first.</returns>
    public IReadOnlyList<HeldEntry> Snapshot()
    {
        lock (_held)
        {
            return [.. _held.Values.OrderBy(held => held.Entry.Sequence)];
        }
    }

    private static bool IsOlder(SpoolEntry one, SpoolEntry than) =>
        one.Place == than.Place && one.Sequence < than.Sequence;
}

/// <param name="PutAt">When storage took it; null: it has not yet.</param>
/// <param name="LastMissed">The newest state of the disk that it was not found in.</param>
internal sealed record HeldEntry(SpoolEntry Entry, DateTimeOffset? PutAt, string? LastMissed, int Misses);
