namespace SelfDev.Local.Storage;

/// <summary>A lock between processes that the operating system releases when its holder dies, however it dies.</summary>
internal static class LockFile
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <returns>Null while another process, or another caller in this one, holds it.</returns>
    public static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <param name="onWait">Called once if it has to wait.</param>
    public static async Task<FileStream> WaitAsync(string path, Action? onWait, CancellationToken cancellation)
    {
        for (var first = true; ; first = false)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (first)
            {
                onWait?.Invoke();
            }

            await Task.Delay(PollInterval, cancellation);
        }
    }
}
