using System.Diagnostics;

namespace SelfDev.Local.Storage;

/// <summary>A lock between processes that the operating system releases when its holder dies, however it
/// dies.</summary>
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

    /// <param name="limit">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/>: until it is free.</param>
    /// <param name="onWait">Called once if it has to wait.</param>
    /// <returns>Null when the time is up.</returns>
    public static async Task<FileStream?> WaitAsync(
        string path,
        TimeSpan limit,
        Action? onWait,
        CancellationToken cancellation
    )
    {
        var watch = Stopwatch.StartNew();
        for (var first = true; ; first = false)
        {
            var taken = TryTake(path);
            if (taken is not null || (limit != Timeout.InfiniteTimeSpan && watch.Elapsed >= limit))
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
