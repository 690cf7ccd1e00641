using System.Globalization;

namespace SelfDev.Local.Engine;

/// <summary>
/// Keeps a second process off a data folder. The operating system drops the lock when the process ends, however it ends. Where
/// file locks do not hold (some network folders), the epoch in the store still fences the older process off.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    private readonly FileStream _lock;

    /// <exception cref="DataFolderInUseException">Another process, or another engine of this one, has the folder.</exception>
    public DataFolderLock(string folder)
    {
        Directory.CreateDirectory(folder);
        var owner = Path.Combine(folder, "engine.pid");
        try
        {
            _lock = new FileStream(Path.Combine(folder, "engine.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            var by = File.Exists(owner) ? $"process {File.ReadAllText(owner)}" : "another process";
            throw new DataFolderInUseException(
                $"The data folder '{folder}' is in use by {by}: one engine at a time. Stop that one or use another folder.", exception);
        }

        File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    }

    public void Dispose() => _lock.Dispose();
}
