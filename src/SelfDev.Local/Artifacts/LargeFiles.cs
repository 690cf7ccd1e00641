using System.Buffers;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Artifacts;

/// <summary>Files that hold the content of large blobs, one a version, never changed once they are complete.</summary>
internal sealed class LargeFiles
{
    private const int BufferBytes = 128 << 10;

    private readonly string _folder;

    public LargeFiles(string folder)
    {
        _folder = folder;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(
                folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
        }
    }

    /// <summary>Writes a new file, a buffer at a time. Content and name are on the disk when it returns.</summary>
    /// <param name="start">What comes before the stream's content.</param>
    /// <param name="checksum">Takes all of it.</param>
    /// <exception cref="IOException">The disk failed or is full; nothing is left of it.</exception>
    public async Task<(string Name, long Length, ulong Checksum)> WriteAsync(
        ReadOnlyMemory<byte> start,
        Stream content,
        BlobChecksum checksum,
        CancellationToken cancellation
    )
    {
        var name = Guid.NewGuid().ToString("N");
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long length = start.Length;
            await using (var file = new FileStream(Path.Combine(_folder, name), Options()))
            {
                await file.WriteAsync(start, cancellation);
                checksum.Add(start.Span);
                while (await content.ReadAsync(buffer, cancellation) is > 0 and var count)
                {
                    await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
                    checksum.Add(buffer.AsSpan(0, count));
                    length += count;
                }

                file.Flush(flushToDisk: true);
            }

            DurableFiles.SyncFolder(_folder);
            return (name, length, checksum.OfParts());
        }
        catch
        {
            Delete(name);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>Null where there is no such file.</returns>
    public FileStream? TryOpen(string name)
    {
        try
        {
            return new FileStream(
                Path.Combine(_folder, name),
                new FileStreamOptions
                {
                    Access = FileAccess.Read,
                    Share = FileShare.Read | FileShare.Delete,
                    BufferSize = 0,
                    Options = FileOptions.SequentialScan,
                }
            );
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Deletes a file that no row names any more. Whoever has it open reads on; one that cannot be deleted now
    /// is at the next opening.</summary>
    public void Delete(string name)
    {
        try
        {
            File.Delete(Path.Combine(_folder, name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { }
    }

    /// <summary>Deletes what a crash left behind.</summary>
    public void DeleteAllBut(IReadOnlySet<string> named)
    {
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            if (!named.Contains(Path.GetFileName(path)))
            {
                Delete(Path.GetFileName(path));
            }
        }
    }

    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
