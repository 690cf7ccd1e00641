namespace SelfDev.Local.Storage;

/// <summary>
/// A small file that is replaced whole: after a kill or a power cut it is the old one or the new one.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Replaces the file, readable by its owner only. Durable when it returns.</summary>
    /// <exception cref="IOException">The disk failed or is full; the old file stands.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var draft = path + ".new";
        // One that a crash left would keep the mode that it has.
        File.Delete(draft);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(draft, options))
        {
            file.Write(content);
            DurableFiles.Sync(file);
        }

        File.Move(draft, path, overwrite: true);
        DurableFiles.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
