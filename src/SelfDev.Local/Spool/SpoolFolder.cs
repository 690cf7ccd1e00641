using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>
/// Files that outlive a power cut: one an entry, complete or not there at all. Content is streamed through a buffer of
/// 128 KiB. An entry is received first, under a name that counts for nothing, and gets its place in the order when it
/// is committed.
/// </summary>
internal sealed class SpoolFolder
{
    private const int BufferBytes = 128 * 1024;
    private const long BytesBetweenLooks = 16L << 20;
    private const string PartSuffix = ".part";
    private const string EntrySuffix = ".drop";
    private const string TornSuffix = ".torn";
    private const string RefusedSuffix = ".refused";

    private readonly SpoolOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private long _sequence;

    /// <summary>Opens the folder, or makes it for its owner only, and clears away what was never complete.</summary>
    public SpoolFolder(SpoolOptions options, TimeProvider clock, ILogger<SpoolFolder> logger)
    {
        (_options, _clock, _logger) = (options, clock, logger);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(options.Folder);
        }
        else
        {
            Directory.CreateDirectory(
                options.Folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
        }

        foreach (var part in Directory.EnumerateFiles(options.Folder, "*" + PartSuffix))
        {
            _logger.SpoolPartDiscarded(Path.GetFileName(part));
            File.Delete(part);
        }

        _sequence = Directory
            .EnumerateFiles(options.Folder, "*" + EntrySuffix)
            .Select(SequenceIn)
            .DefaultIfEmpty()
            .Max();
    }

    /// <summary>
    /// Whole entries, oldest first. A file that is not what was written is set aside under another suffix, and logged.
    /// </summary>
    public IReadOnlyList<SpoolEntry> ReadAll()
    {
        var entries = new List<SpoolEntry>();
        foreach (var path in Directory.EnumerateFiles(_options.Folder, "*" + EntrySuffix).ToList())
        {
            SpoolEntry? entry;
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0))
            {
                entry = SpoolFormat.ReadEntry(file);
            }

            if (entry is null || FileOf(entry) != path)
            {
                SetTornAside(path);
                continue;
            }

            entries.Add(entry);
        }

        return [.. entries.OrderBy(entry => entry.Sequence)];
    }

    /// <summary>Takes the content in, up to its end, and makes it durable. What fails leaves nothing.</summary>
    /// <exception cref="StorageUnavailableException">
    /// The disk is full, or fails. What the content's own stream throws passes through.
    /// </exception>
    public async Task<SpoolDraft> ReceiveAsync(Stream content, CancellationToken cancellation)
    {
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var path = Path.Combine(_options.Folder, mark + PartSuffix);
        LeaveRoomFor(0);
        var file = Guarded(() => new FileStream(path, Private(FileMode.CreateNew)));
        var draft = new SpoolDraft(mark, path, file);
        try
        {
            var buffer = new byte[BufferBytes];
            var nextLook = BytesBetweenLooks;
            while (await content.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                await GuardedAsync(() => file.WriteAsync(buffer.AsMemory(0, read), cancellation).AsTask());
                draft.Add(buffer.AsSpan(0, read));
                if (draft.Length >= nextLook)
                {
                    LeaveRoomFor(0);
                    nextLook += BytesBetweenLooks;
                }
            }

            // Storage needs as much again.
            LeaveRoomFor(draft.Length);
            Guarded(() => DurableFiles.Sync(file));
            return draft;
        }
        catch
        {
            draft.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Gives what was received its place in the order. From here on it survives everything but the loss of the disk.
    /// </summary>
    /// <exception cref="StorageUnavailableException">The disk is full, or fails; then nothing was kept.</exception>
    public SpoolEntry Commit(
        SpoolDraft draft,
        string container,
        string name,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        bool createOnly
    )
    {
        var entry = new SpoolEntry(
            Interlocked.Increment(ref _sequence),
            draft.Mark,
            container,
            name,
            contentType,
            metadata,
            createOnly,
            draft.Length,
            draft.Sha256(),
            _clock.GetUtcNow()
        );
        Guarded(() =>
        {
            draft.Finish(SpoolFormat.Footer(entry), FileOf(entry));
            try
            {
                DurableFiles.SyncFolder(_options.Folder);
            }
            catch
            {
                File.Delete(FileOf(entry));
                throw;
            }
        });
        return entry;
    }

    /// <summary>The content, from its start. Nothing checks it on the way: see <see cref="IsWholeAsync"/>.</summary>
    public Stream OpenContent(SpoolEntry entry) =>
        new SpoolContent(
            new FileStream(
                FileOf(entry),
                FileMode.Open,
                FileAccess.Read,
                FileShare.Read | FileShare.Delete,
                BufferBytes
            ),
            entry.Length
        );

    /// <summary>
    /// Reads the content and compares it with its hash. What does not match is set aside and logged: the disk did not
    /// keep it.
    /// </summary>
    public async Task<bool> IsWholeAsync(SpoolEntry entry, CancellationToken cancellation)
    {
        await using (var content = OpenContent(entry))
        {
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellation)) == entry.Sha256)
            {
                return true;
            }
        }

        SetTornAside(FileOf(entry));
        return false;
    }

    /// <summary>Lets an entry go: storage has it for good, or something newer has taken its place.</summary>
    public void Delete(SpoolEntry entry) => File.Delete(FileOf(entry));

    /// <summary>Keeps the file of an entry that storage will never take, for a person to look at.</summary>
    public void SetAside(SpoolEntry entry) =>
        File.Move(FileOf(entry), Path.ChangeExtension(FileOf(entry), RefusedSuffix), overwrite: true);

    private string FileOf(SpoolEntry entry) =>
        Path.Combine(
            _options.Folder,
            string.Create(CultureInfo.InvariantCulture, $"{entry.Sequence:D16}-{entry.Mark}{EntrySuffix}")
        );

    private static long SequenceIn(string path) =>
        long.TryParse(
            Path.GetFileName(path).Split('-')[0],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var sequence
        )
            ? sequence
            : 0;

    private void SetTornAside(string path)
    {
        _logger.SpoolEntryTorn(Path.GetFileName(path));
        File.Move(path, Path.ChangeExtension(path, TornSuffix), overwrite: true);
    }

    // What the engine and the ledger need to go on is not given away.
    private void LeaveRoomFor(long bytes)
    {
        var free = _options.FreeBytes(_options.Folder);
        if (free - bytes < _options.ReservedBytes)
        {
            throw Full(null);
        }
    }

    private static FileStreamOptions Private(FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.Write,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static void Guarded(Action write) =>
        Guarded(() =>
        {
            write();
            return true;
        });

    private static T Guarded<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Explain(failure);
        }
    }

    private static async Task GuardedAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Explain(failure);
        }
    }

    private static StorageUnavailableException Explain(Exception failure) =>
        failure switch
        {
            StorageUnavailableException known => known,
            _ when DiskFull.Is(failure) => Full(failure),
            _ => new StorageUnavailableException(
                "The host cannot keep what is dropped: its disk fails, or may not be written. Nothing was taken.",
                isFull: false,
                failure
            ),
        };

    private static StorageUnavailableException Full(Exception? failure) =>
        new(
            "The host's disk is full: nothing was taken. Make room in its data folder and send it again.",
            isFull: true,
            failure
        );
}
