using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.CrashTarget;
using SelfDev.Local.Engine;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>
/// Pulls the plug at every point of every commit of a small run, one after the other. The files are copied as they
/// stand at that moment, which is what a kill leaves behind, and a new engine goes on from the copy.
/// </summary>
public sealed class CrashSweepTests
{
    private const int Instances = 2;
    private const int AtOnce = 8;

    [Fact]
    public async Task Wherever_the_crash_comes_the_outcome_is_the_same_and_no_recorded_step_runs_again()
    {
        var points = 0;
        for (var crashed = true; crashed; points += AtOnce)
        {
            Assert.InRange(points, 0, 1000);
            crashed = (
                await Task.WhenAll(
                    Enumerable.Range(points, AtOnce).Select(point => Task.Run(() => CrashAtAsync(point)))
                )
            ).Any(hit => hit);
        }

        // Two instances of eight steps each cannot take fewer commits than one chain of steps has.
        Assert.InRange(points, 40, 1000);
    }

    /// <returns>False when the run ended before that point.</returns>
    private static async Task<bool> CrashAtAsync(int point)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var folder = Path.Combine(Path.GetTempPath(), "selfdev-sweep-" + Path.GetRandomFileName());
        var snapshot = Path.Combine(folder, "snapshot");
        var store = Path.Combine(folder, "store");
        var effects = Path.Combine(folder, "effects");
        var passed = 0;
        var answered = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            var crashed = false;
            await using var services = new ServiceCollection().BuildServiceProvider();
            using (
                var engine = new EmbeddedEngine(
                    new EmbeddedEngineOptions
                    {
                        DataFolder = store,
                        Probe = _ =>
                        {
                            if (passed++ == point)
                            {
                                Copy(store, snapshot);
                                crashed = true;
                                throw new CrashException();
                            }
                        },
                    },
                    CrashWorkload.Catalog(effects),
                    services,
                    NullLoggerFactory.Instance
                )
            )
            {
                try
                {
                    await engine.StartAsync(cancellation);
                    await Task.WhenAll(
                        Enumerable.Range(0, Instances).Select(index => DriveAsync(engine, index, answered))
                    );
                }
                catch (Exception exception) when (exception is EngineStoppedException or CrashException)
                {
                    // What it was made to do.
                }

                await engine.StopAsync(cancellation);
            }

            if (!crashed)
            {
                return false;
            }

            await GoOnAsync(snapshot, effects, answered);
            return true;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task GoOnAsync(string snapshot, string effects, HashSet<string> answered)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var services = new ServiceCollection().BuildServiceProvider();
        var before = Runs(effects);
        var recorded = RecordedSteps(snapshot);
        using var engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = snapshot },
            CrashWorkload.Catalog(effects),
            services,
            NullLoggerFactory.Instance
        );
        await engine.StartAsync(cancellation);
        foreach (var index in Enumerable.Range(0, Instances))
        {
            // What was acknowledged is there; the client repeats only what it got no answer for.
            Assert.True(
                !answered.Contains("start" + index)
                    || await engine.GetAsync(CrashWorkload.Id(index), cancellation) is not null
            );
            await DriveAsync(engine, index, answered);
            var instance = await engine.GetAsync(CrashWorkload.Id(index), cancellation);
            Assert.Equal(CrashWorkload.Expected(index), Payload.Deserialize<int>(instance!.Output));
        }

        await engine.StopAsync(cancellation);
        var after = Runs(effects);
        Assert.Equal(Instances * CrashWorkload.StepsAnInstance, after.Count);
        Assert.All(recorded, key => Assert.Equal(before[key], after[key]));
        Assert.All(after.Values, runs => Assert.InRange(runs, 1, 2));
    }

    private static async Task DriveAsync(EmbeddedEngine engine, int index, HashSet<string> answered)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var id = CrashWorkload.Id(index);
        await engine.StartAsync(CrashWorkload.Parent, index, id, cancellation);
        lock (answered)
        {
            answered.Add("start" + index);
        }

        if (!answered.Contains("event" + index))
        {
            await engine.RaiseEventAsync(id, CrashWorkload.Go, index, cancellation);
            lock (answered)
            {
                answered.Add("event" + index);
            }
        }

        await engine.WaitForCompletionAsync(id, cancellation).WaitAsync(TimeSpan.FromSeconds(60), cancellation);
    }

    /// <summary>Idempotency keys of the steps whose result the unfinished parents' histories hold.</summary>
    private static List<string> RecordedSteps(string snapshot)
    {
        var keys = new List<string>();

        // In a copy: whoever opens a store repairs it, and that is for the engine under test to do.
        var copy = snapshot + "-read";
        Copy(snapshot, copy);
        var database = new EmbeddedEngineOptions { DataFolder = copy }.DatabasePath;
        if (!HasTables(database))
        {
            return keys;
        }

        using var reader = new StoreReader(database);
        foreach (var id in Enumerable.Range(0, Instances).Select(CrashWorkload.Id))
        {
            var history = reader.History(id);
            var results = history
                .Where(entry => entry.Kind == HistoryKind.ActivityCompleted)
                .Select(entry => entry.Id)
                .ToHashSet();
            var generation = history.Any(entry => entry.Kind == HistoryKind.Started && entry.Data!.Length >= 7) ? 1 : 0;
            keys.AddRange(
                history
                    .Where(entry => entry.Kind == HistoryKind.ActivityScheduled && results.Contains(entry.Id))
                    .Select(entry => $"{id}:{generation}:{entry.Call}")
            );
        }

        return keys;
    }

    private static bool HasTables(string database)
    {
        using var connection = SqliteFile.OpenReader(database);
        return SqliteFile.Scalar(connection, "PRAGMA user_version") == StoreSchema.Schema.Version;
    }

    private static Dictionary<string, int> Runs(string effects) =>
        Directory
            .GetFiles(effects)
            .SelectMany(File.ReadAllLines)
            .GroupBy(key => key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "engine.db*"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
