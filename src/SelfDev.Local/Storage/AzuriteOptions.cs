namespace SelfDev.Local.Storage;

/// <summary>How Azurite, the storage emulator, is started.</summary>
public sealed record AzuriteOptions
{
    /// <value>Where blobs are kept between starts. One host at a time: a second one is refused.</value>
    public required string DataFolder { get; init; }

    /// <value>Keep blobs in memory and forget them at the end: for tests. <see cref="DataFolder"/> then holds nothing
    /// of worth.</value>
    public bool InMemory { get; init; }

    /// <value>TCP port on 127.0.0.1; 0, the default, takes a free one.</value>
    public int Port { get; init; }

    /// <value>
    /// Accounts that exist, 3 to 24 lower-case letters and digits each; the first is the one that
    /// <see cref="AzuriteProcess.ConnectionString"/> names. All have the same key.
    /// </value>
    public IReadOnlyList<string> Accounts { get; init; } = ["selfdev"];

    /// <value>Where the installed npm package lives, shared by all clones and hosts of this user.</value>
    public string CacheFolder { get; init; } = AzuriteInstall.DefaultCacheFolder();

    /// <value>Told what is going on, one short line each, only where it takes long (the first installation).</value>
    public Action<string>? Progress { get; init; }

    /// <value>How long to wait for another host on the same data to end: one that was just killed takes a moment.
    /// Default 5 s.</value>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>Until the first request must have been answered. Default 60 s: a loaded CI machine takes many times the
    /// usual second.</value>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>Local storage could not be started; the message says why and what to do.</summary>
public sealed class AzuriteException(string message, Exception? inner = null) : Exception(message, inner);
