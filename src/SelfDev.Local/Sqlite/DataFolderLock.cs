using System.Globalization;

namespace SelfDev.Local.Sqlite;

/// <summary>
/// Keeps a second process off a data folder. The operating system drops the lock when the process ends, however it
/// ends. Where file locks do not hold (some network folders), the epoch in the engine's store still fences the older
/// process off.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    private readonly FileStream _lock;

    /// <param name="name">Of the lock's files in the folder: <c>&lt;name&gt;.lock</c>, and <c>&lt;name&gt;.pid</c> with
    /// the owner's process id.</param>
    /// <exception cref="DataFolderInUseException">Another process, or another store of this one, has the
    /// folder.</exception>
    public DataFolderLock(string folder, string name = "engine")
    {
        Directory.CreateDirectory(folder);
        var owner = Path.Combine(folder, name + ".pid");
        try
        {
            _lock = new FileStream(
                Path.Combine(folder, name + ".lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException exception)
        {
            var by = File.Exists(owner) ? $"process {File.ReadAllText(owner)}" : "another process";
            throw new DataFolderInUseException(
                $"The data folder '{folder}' is in use by {by}: one host at a time. Stop that one or use another "
                    + $"folder.",
                exception
            );
        }

        File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    }

    public void Dispose() => _lock.Dispose();
}
