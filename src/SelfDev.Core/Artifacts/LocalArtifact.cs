using System.Globalization;
using System.IO.Enumeration;
using SelfDev.Core.Text;

namespace SelfDev.Core.Artifacts;

/// <summary>An artifact on this machine: a file, a folder of files, or a pipe. Dispose deletes what was
/// spooled.</summary>
public sealed class LocalArtifact : IDisposable
{
    /// <summary>Files in one folder at most: beyond that somebody named the wrong folder.</summary>
    public const int MaxFiles = 10_000;

    /// <summary>Bytes spooled from a pipe at most.</summary>
    public const long MaxSpoolBytes = 16L << 30;

    private readonly FileStream? _spool;

    private LocalArtifact(IReadOnlyList<ArtifactFile> files, FileStream? spool)
    {
        Files = files;
        _spool = spool;
    }

    /// <value>At least one; those of a folder in ordinal order of their paths relative to it, which are their
    /// names.</value>
    public IReadOnlyList<ArtifactFile> Files { get; }

    /// <summary>
    /// Opens a file, or all files below a folder. Names that begin with a dot are left out, folders behind links too; a
    /// pipe (process substitution) is spooled.
    /// </summary>
    /// <exception cref="ArtifactUnreadableException">There is no such path, no access, or the folder holds no file or
    /// too many.</exception>
    public static LocalArtifact Open(string path, ReadLimits limits)
    {
        try
        {
            if (Directory.Exists(path))
            {
                return OpenFolder(path, limits);
            }

            using var probe = new FileStream(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            return probe.CanSeek ? new LocalArtifact([FileAt(path, path, limits)], null) : Spool(path, probe, limits);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactUnreadableException(
                $"There is no file or folder '{SafeText.SingleLine(path)}'.",
                failure
            );
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException or ArgumentException)
        {
            throw new ArtifactUnreadableException(
                $"'{SafeText.SingleLine(path)}' cannot be opened: {SafeText.SingleLine(failure.Message)}",
                failure
            );
        }
    }

    /// <summary>Copies a stream that can be read once, such as standard input, to a temporary file that only this user
    /// can read.</summary>
    /// <exception cref="ArtifactUnreadableException">It has more than <see cref="MaxSpoolBytes"/>.</exception>
    public static LocalArtifact Spool(string name, Stream once, ReadLimits limits, long maxBytes = MaxSpoolBytes)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var path = Path.Combine(Path.GetTempPath(), "selfdev-" + Path.GetRandomFileName());
        var spool = new FileStream(path, options);
        try
        {
            new CappedStream(default, once, maxBytes).CopyTo(spool);
            spool.Flush();
            return new LocalArtifact([FileAt(name, path, limits)], spool);
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    public void Dispose() => _spool?.Dispose();

    private static LocalArtifact OpenFolder(string folder, ReadLimits limits)
    {
        var paths = new FileSystemEnumerable<string>(
            folder,
            (ref FileSystemEntry entry) => entry.ToFullPath(),
            new EnumerationOptions
            {
                RecurseSubdirectories = true,
                IgnoreInaccessible = false,
                AttributesToSkip = 0,
            }
        )
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                !entry.IsDirectory && !entry.FileName.StartsWith('.'),
            ShouldRecursePredicate = (ref FileSystemEntry entry) =>
                !entry.FileName.StartsWith('.') && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        var files = paths
            .Take(MaxFiles + 1)
            .Select(path =>
                (Path: path, Name: Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
            )
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => FileAt(file.Name, file.Path, limits))
            .ToList();
        return files.Count switch
        {
            0 => throw new ArtifactUnreadableException($"The folder '{SafeText.SingleLine(folder)}' holds no file."),
            > MaxFiles => throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The folder '{SafeText.SingleLine(folder)}' holds more than {MaxFiles} files. Name a smaller one."
                )
            ),
            _ => new LocalArtifact(files, null),
        };
    }

    private static ArtifactFile FileAt(string name, string path, ReadLimits limits) =>
        ArtifactContent.File(
            name,
            () =>
                new FileStream(
                    path,
                    FileMode.Open,
                    FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete,
                    bufferSize: 1,
                    FileOptions.SequentialScan
                ),
            new FileInfo(path).Length,
            limits
        );
}
