namespace SelfDev.Local.Spool;

internal sealed record SpoolOptions
{
    /// <value>Where the entries lie; made if missing, for its owner only.</value>
    public required string Folder { get; init; }

    /// <value>
    /// Bytes that a drop must leave free on the disk, the copy in storage included: the engine's histories and the
    /// ledger share it, and must be able to go on. Default 64 MiB.
    /// </value>
    public long ReservedBytes { get; init; } = 64L << 20;

    /// <value>
    /// Bytes from which on a drop is acknowledged before storage has it: whoever sent it has waited for it once
    /// already. Default 256 MiB.
    /// </value>
    public long PutLaterBytes { get; init; } = 256L << 20;

    /// <value>Between two looks at what may be let go. Default 1 s.</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>Free bytes on a folder's disk; a test has its own.</value>
    internal Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;
}
