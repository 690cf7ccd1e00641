using System.Runtime.InteropServices;
using System.Text;

namespace SelfDev.Local.Storage;

/// <summary>
/// What it takes on a file system for a file to be there after a power cut: its content synced, and the folder that
/// names it.
/// </summary>
internal static class DurableFiles
{
    /// <summary>
    /// Raised with the path of whatever has been written to its disk; for tests, which cannot cut the power.
    /// </summary>
    internal static event Action<string>? Synced;

    /// <summary>
    /// Makes the names in a folder durable: files that were made, renamed or deleted in it. On Windows renaming is
    /// enough.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk fails.</exception>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Synced?.Invoke(folder);
            return;
        }

        var descriptor = Open([.. Encoding.UTF8.GetBytes(folder), 0], flags: 0);
        if (descriptor < 0)
        {
            throw new IOException($"The folder '{folder}' cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw new IOException(
                    $"The folder '{folder}' cannot be written to its disk: {Marshal.GetLastPInvokeErrorMessage()}"
                );
            }

            Synced?.Invoke(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Makes what was written to a file durable.</summary>
    /// <exception cref="IOException">The disk failed, or is full.</exception>
    public static void Sync(FileStream file)
    {
        file.Flush(flushToDisk: true);
        Synced?.Invoke(file.Name);
    }

    /// <summary>Makes the content of a file durable that somebody else writes.</summary>
    /// <exception cref="IOException">There is no such file, or the disk fails.</exception>
    public static void SyncFile(string path)
    {
        using var file = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        RandomAccess.FlushToDisk(file);
        Synced?.Invoke(path);
    }

    // open(2) with O_RDONLY, which is 0 everywhere: .NET itself opens no folders.
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
