namespace SelfDev.Local.Spool;

/// <summary>What of storage is on its disk, so that it survives the loss of the process and of the power.</summary>
internal interface IStorageDisk
{
    /// <value>
    /// Whether storage may lose what it had while this host runs: it is a process of its own, and may be started anew
    /// without our being told. Where it is false, a blob that is missing was deleted by somebody.
    /// </value>
    bool MayForget { get; }

    /// <summary>Looks at the disk, and makes durable what it finds there.</summary>
    /// <param name="held">Entries that were put, with the time.</param>
    /// <exception cref="IOException">The disk cannot be read or fails; nothing is known then.</exception>
    Task<DiskState> LookAsync(
        IReadOnlyList<(SpoolEntry Entry, DateTimeOffset PutAt)> held,
        CancellationToken cancellation
    );
}

/// <param name="Version">Changes when what is on the disk has changed as a whole; equal: nothing new since.</param>
/// <param name="Kept">Marks of the entries that are there for good.</param>
internal sealed record DiskState(string Version, IReadOnlySet<string> Kept)
{
    public static DiskState Unchanged(string version) => new(version, new HashSet<string>());
}
