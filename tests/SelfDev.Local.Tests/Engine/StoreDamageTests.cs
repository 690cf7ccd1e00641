using System.Buffers.Binary;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Engine;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>Files that are shorter than written, or have a changed byte.</summary>
public sealed class StoreDamageTests : IAsyncLifetime
{
    private const int Commits = 6;
    private const int FrameBytes = 24 + 4096;

    // Changed bytes tried in the main file; a setting, so that all of them can be.
    private static readonly int Samples = int.Parse(
        Environment.GetEnvironmentVariable("SELFDEV_DAMAGE_SAMPLES") ?? "300",
        System.Globalization.CultureInfo.InvariantCulture
    );

    private static readonly Workflow<string, string> Waiter = new("Waiter");
    private static readonly WorkflowEvent<string> Note = new("note");

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "selfdev-damage-" + Path.GetRandomFileName());
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Crashed => Path.Combine(_folder, "crashed");

    private string Closed => Path.Combine(_folder, "closed");

    /// <summary>One store as a kill leaves it (all in the write-ahead log), one as a clean stop does (all in the main
    /// file).</summary>
    public async ValueTask InitializeAsync()
    {
        using var engine = await OpenAsync(Closed);
        Assert.Equal(StartOutcome.Started, await engine.StartAsync(Waiter, "input-input-input", "run", Cancellation));
        for (var note = 1; note < Commits; note++)
        {
            await engine.RaiseEventAsync("run", Note, $"note-{note}-note-{note}", Cancellation);
        }

        Copy(Closed, Crashed);
        await engine.StopAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_truncated_log_recovers_to_its_last_whole_commit()
    {
        var wal = await File.ReadAllBytesAsync(Path.Combine(Crashed, "engine.db-wal"), Cancellation);
        var whole = await NotesAsync(Variant(Crashed));
        Assert.Equal(Commits - 1, whole.Count);
        var before = 0;
        foreach (var length in Lengths(wal.Length))
        {
            var copy = Variant(Crashed);
            await File.WriteAllBytesAsync(Path.Combine(copy, "engine.db-wal"), wal[..length], Cancellation);

            var notes = await NotesAsync(copy);

            // A prefix of what was written, never a gap, and never less for a longer log.
            Assert.Equal(whole.Take(notes.Count), notes);
            Assert.True(notes.Count >= before, $"{length} bytes give {notes.Count} notes, fewer gave {before}");
            before = notes.Count;
        }

        Assert.Equal(Commits - 1, before);

        static IEnumerable<int> Lengths(int total) =>
            Enumerable
                .Range(0, 33)
                .Concat(
                    Enumerable
                        .Range(0, ((total - 32) / FrameBytes) + 1)
                        .SelectMany(frame =>
                            new[] { 0, 1, 12, 23, 24, 25, 2000, FrameBytes - 1 }.Select(more =>
                                32 + (frame * FrameBytes) + more
                            )
                        )
                )
                .Where(length => length <= total);
    }

    [Fact]
    public async Task A_changed_byte_in_the_log_is_refused_or_was_in_the_last_commit()
    {
        var wal = await File.ReadAllBytesAsync(Path.Combine(Crashed, "engine.db-wal"), Cancellation);
        var lastCommit = LastCommitStart(wal);
        var refused = 0;
        foreach (var at in Positions(wal.Length))
        {
            var copy = Variant(Crashed);
            var damaged = (byte[])wal.Clone();
            damaged[at] ^= 0x41;
            await File.WriteAllBytesAsync(Path.Combine(copy, "engine.db-wal"), damaged, Cancellation);
            try
            {
                // A torn last commit and a changed one look the same; no earlier one may be missing.
                Assert.InRange((await NotesAsync(copy)).Count, Commits - 2, Commits - 1);
                Assert.True(at >= lastCommit, $"byte {at} of {wal.Length} was changed and not seen");
            }
            catch (CorruptStoreException)
            {
                refused++;
            }
        }

        Assert.True(refused > 50, $"only {refused} refused");

        // Every field of the header and of every frame's header, and a sample of the pages.
        static IEnumerable<int> Positions(int total) =>
            Enumerable
                .Range(0, 32)
                .Concat(
                    Enumerable
                        .Range(0, (total - 32) / FrameBytes)
                        .SelectMany(frame =>
                            new[] { 0, 3, 4, 7, 8, 12, 16, 20, 24, 1500, FrameBytes - 1 }.Select(more =>
                                32 + (frame * FrameBytes) + more
                            )
                        )
                );
    }

    [Fact]
    public async Task A_changed_byte_in_the_main_file_is_refused_quarantined_or_harmless()
    {
        var database = await File.ReadAllBytesAsync(Path.Combine(Closed, "engine.db"), Cancellation);
        var whole = await NotesAsync(Variant(Closed));
        Assert.Equal(Commits - 1, whole.Count);
        var detected = 0;
        var used = Enumerable.Range(0, database.Length).Where(at => database[at] != 0).ToList();
        var stride = Math.Max(1, used.Count / Samples);
        foreach (var at in used.Where((_, index) => index % stride == 0))
        {
            var copy = Variant(Closed);
            var damaged = (byte[])database.Clone();
            damaged[at] ^= 0x15;
            await File.WriteAllBytesAsync(Path.Combine(copy, "engine.db"), damaged, Cancellation);
            try
            {
                var notes = await NotesAsync(copy);
                Assert.True(
                    whole.SequenceEqual(notes),
                    $"byte {at} of {database.Length} was changed and not seen: {notes.Count} notes"
                );
            }
            catch (CorruptStoreException)
            {
                detected++;
            }
        }

        Assert.True(detected > 100, $"only {detected} detected");
    }

    [Fact]
    public async Task A_damaged_history_quarantines_its_instance_and_leaves_the_others_alone()
    {
        using (var engine = await OpenAsync(Closed))
        {
            await engine.StartAsync(Waiter, "the other", "other", Cancellation);
            await engine.StopAsync(Cancellation);
        }

        var path = Path.Combine(Closed, "engine.db");
        var database = await File.ReadAllBytesAsync(path, Cancellation);
        database[database.AsSpan().IndexOf("note-2-note-2"u8)] ^= 0x01;
        await File.WriteAllBytesAsync(path, database, Cancellation);

        using var reopened = await OpenAsync(Closed);
        var run = await reopened.GetAsync("run", Cancellation);
        Assert.Equal(WorkflowStatus.Quarantined, run!.Status);
        Assert.Contains("checksum", run.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(WorkflowStatus.Running, (await reopened.GetAsync("other", Cancellation))!.Status);
        await reopened.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_store_of_another_version_is_refused()
    {
        using (var connection = SqliteFile.OpenWriter(Path.Combine(Closed, "engine.db"), StoreSchema.Schema, 1000))
        {
            SqliteFile.Execute(connection, "PRAGMA user_version = 99");
        }

        var refused = await Assert.ThrowsAsync<CorruptStoreException>(() => OpenAsync(Closed));
        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The payloads of the events that the instance has, read through a recovered engine.</summary>
    /// <exception cref="CorruptStoreException">The damage was seen, by the engine as a whole or for the
    /// instance.</exception>
    private async Task<IReadOnlyList<string>> NotesAsync(string folder)
    {
        using var engine = await OpenAsync(folder);
        try
        {
            var instance = await engine.GetAsync("run", Cancellation);
            if (instance is null)
            {
                return [];
            }

            // An instance that stands still because of the damage is seen damage too.
            return instance.Status == WorkflowStatus.Quarantined
                ? throw new CorruptStoreException(instance.Failure!.Message)
                :
                [
                    .. engine
                        .ReadHistory("run")
                        .Where(entry => entry.Kind == HistoryKind.EventRaised)
                        .Select(entry => entry.Data!),
                ];
        }
        finally
        {
            await engine.StopAsync(Cancellation);
        }
    }

    private async Task<EmbeddedEngine> OpenAsync(string folder)
    {
        var catalog = new WorkflowCatalog().Add(
            Waiter,
            async (context, _) =>
            {
                for (var note = 0; note < 1000; note++)
                {
                    context.SetCustomStatus("got " + await context.WaitForExternalEvent(Note));
                }

                return "";
            }
        );
        var engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = folder },
            catalog,
            _services,
            NullLoggerFactory.Instance
        );
        await engine.StartAsync(Cancellation);
        return engine;
    }

    private string Variant(string of)
    {
        var copy = Path.Combine(_folder, "variant");
        if (Directory.Exists(copy))
        {
            Directory.Delete(copy, recursive: true);
        }

        Copy(of, copy);
        return copy;
    }

    private static int LastCommitStart(byte[] wal)
    {
        var start = 32;
        for (var at = 32; at + FrameBytes < wal.Length; at += FrameBytes)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(wal.AsSpan(at + 4)) != 0)
            {
                start = at + FrameBytes;
            }
        }

        return start;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (
            var file in Directory
                .GetFiles(from, "engine.db*")
                .Where(file => !file.EndsWith("-shm", StringComparison.Ordinal))
        )
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
