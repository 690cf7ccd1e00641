using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace SelfDev.Local.Storage;

/// <summary>What a killed host left running. Two Azurites on one folder would overwrite each other's index.</summary>
internal static class OrphanProcess
{
    // It ends by itself within moments; see launch.cjs.
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(6);

    // Both sides derive the start time from a process age and a clock, each rounded.
    private static readonly TimeSpan StartTimeTolerance = TimeSpan.FromSeconds(3);

    /// <summary>Waits for the process that the file names to end, and ends it if it does not. A process id that was
    /// given to another program since is left alone.</summary>
    public static async Task ClearAsync(string pidFile, TimeSpan grace, CancellationToken cancellation)
    {
        if (Find(pidFile) is { } orphan)
        {
            using (orphan)
            {
                try
                {
                    await orphan.WaitForExitAsync(cancellation).WaitAsync(grace, cancellation);
                }
                catch (TimeoutException)
                {
                    orphan.Kill(entireProcessTree: true);
                    await orphan.WaitForExitAsync(cancellation);
                }
            }
        }

        File.Delete(pidFile);
    }

    private static Process? Find(string pidFile)
    {
        if (!File.Exists(pidFile))
        {
            return null;
        }

        Process? process = null;
        try
        {
            var written = JsonSerializer.Deserialize<PidFile>(File.ReadAllText(pidFile), JsonSerializerOptions.Web)!;
            process = Process.GetProcessById(written.Pid);
            var startedAt = DateTimeOffset.FromUnixTimeMilliseconds(written.StartedAt);
            if ((process.StartTime.ToUniversalTime() - startedAt.UtcDateTime).Duration() <= StartTimeTolerance)
            {
                return process;
            }
        }
        catch (Exception none)
            when (none is ArgumentException or InvalidOperationException or JsonException or Win32Exception)
        {
            // No such process any more, one of another user, or a file cut off by the crash: nothing of ours is
            // running.
        }

        process?.Dispose();
        return null;
    }

    /// <param name="StartedAt">Unix milliseconds.</param>
    private sealed record PidFile(int Pid, long StartedAt);
}
