using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Azure.Blobs;
using SelfDev.Azure.Ledger;
using SelfDev.Core.Ledger;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Storage;
using SelfDev.Local.Trust;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Benchmarks.Stores;

/// <summary>
/// What is written on one machine: trust records, ledger entries and artifacts in SQLite, every commit on the disk,
/// against the same on Azurite, which acknowledges before it has written, in the same run. Then a long ledger. Options:
/// <c>folder</c> (default: the current directory's file system), <c>writers</c> (16), <c>seconds</c> of each
/// measurement (10), <c>entries</c> of the long ledger (1000000; 0: none).
/// </summary>
internal sealed class StoresBenchmark : IBenchmarkSuite
{
    private const int ArtifactBytes = 5 * 1024;
    private const int RecordBytes = 1024;

    public string Name => "stores";

    public async Task<BenchmarkResult> RunAsync(
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var root = Path.Combine(options.GetValueOrDefault("folder", "."), "bench-" + Path.GetRandomFileName());
        Directory.CreateDirectory(root);
        var (writers, time) = (Number(options, "writers", 16), TimeSpan.FromSeconds(Number(options, "seconds", 10)));
        var result = new BenchmarkResult(Name);
        try
        {
            // First, while the process is small: memory is one of its figures.
            await LongLedgerAsync(
                result,
                Path.Combine(root, "long.db"),
                Number(options, "entries", 1_000_000),
                cancellation
            );
            await using var storage = await LocalStorage.OpenAsync(
                null,
                new AzuriteOptions { DataFolder = Path.Combine(root, "azurite"), Progress = Console.Error.WriteLine },
                cancellation
            );
            await storage.Store.EnsureContainersAsync(cancellation);
            await TrustAsync(result, root, storage, writers, time, cancellation);
            await LedgerAsync(result, root, storage, writers, time, cancellation);
            await ArtifactsAsync(result, root, storage, writers, time, cancellation);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        return result;
    }

    private static async Task TrustAsync(
        BenchmarkResult result,
        string root,
        LocalStorage storage,
        int writers,
        TimeSpan time,
        CancellationToken cancellation
    )
    {
        using var sqlite = SqliteTrustStore.Open(Path.Combine(root, "trust.db"));
        var azurite = new ArtifactTrustStore(storage.Store);
        var record = new byte[RecordBytes];
        var (ours, ourTimes) = await RateAsync(
            writers,
            time,
            name => sqlite.TryCreateAsync($"decisions/{name}", record, cancellation)
        );
        var (theirs, _) = await RateAsync(
            writers,
            time,
            name => azurite.TryCreateAsync($"decisions/{name}", record, cancellation)
        );
        Add(result, $"trust records created, {writers} writers", ours, theirs);
        result.Add("  p99 of one", Percentile(ourTimes, 99), "ms");
    }

    private static async Task LedgerAsync(
        BenchmarkResult result,
        string root,
        LocalStorage storage,
        int writers,
        TimeSpan time,
        CancellationToken cancellation
    )
    {
        using var signer = PemTreeHeadSigner.FromFile(Path.Combine(root, "ledger.pem"));
        using var sqliteLog = SqliteLedgerLog.Open(Path.Combine(root, "ledger.db"));
        using var sqlite = new LedgerStore(sqliteLog, signer, TimeProvider.System);
        using var blobLog = BlobLedger.Open(BlobArtifactStore.Connect(storage.Account));
        using var azurite = new LedgerStore(blobLog, signer, TimeProvider.System);
        var (ours, ourHeads) = await AppendAsync(sqlite, writers, time, cancellation);
        var (theirs, theirHeads) = await AppendAsync(azurite, writers, time, cancellation);
        Add(result, $"ledger entries appended and signed, {writers} writers", ours, theirs);
        result.Add("  newest head meanwhile, p99", Percentile(ourHeads, 99), "ms", "< 200");
        result.Add("  newest head meanwhile, worst", ourHeads.Max(), "ms");
        result.Add("  newest head meanwhile on Azurite, p99", Percentile(theirHeads, 99), "ms");
    }

    private static async Task ArtifactsAsync(
        BenchmarkResult result,
        string root,
        LocalStorage storage,
        int writers,
        TimeSpan time,
        CancellationToken cancellation
    )
    {
        using var sqlite = SqliteArtifactStore.Open(
            Path.Combine(root, "artifacts.db"),
            [Containers.Evidence],
            TimeProvider.System
        );
        var content = new byte[ArtifactBytes];
        new Random(1).NextBytes(content);
        var (ours, ourTimes) = await RateAsync(
            writers,
            time,
            name => sqlite.WriteAsync(Containers.Evidence, name, content, "application/json", cancellation)
        );
        var (theirs, _) = await RateAsync(
            writers,
            time,
            name => storage.Store.WriteAsync(Containers.Evidence, name, content, "application/json", cancellation)
        );
        Add(result, $"artifacts of 5 KB written, {writers} writers", ours, theirs);
        result.Add("  p99 of one", Percentile(ourTimes, 99), "ms");
    }

    private static async Task LongLedgerAsync(
        BenchmarkResult result,
        string path,
        int entries,
        CancellationToken cancellation
    )
    {
        if (entries == 0)
        {
            return;
        }

        using var signer = PemTreeHeadSigner.FromFile(Path.Combine(Path.GetDirectoryName(path)!, "long.pem"));
        await FillAsync(path, entries, signer, cancellation);
        var name = entries.ToString("N0", CultureInfo.InvariantCulture) + " ledger entries";
        result.Add(name + ": file", new FileInfo(path).Length / 1048576.0, "MiB");

        var before = Memory();
        var clock = Stopwatch.StartNew();
        using var log = SqliteLedgerLog.Open(path);
        using var ledger = new LedgerStore(log, signer, TimeProvider.System);
        await ledger.OpenAsync(cancellation);
        result.Add(name + ": opened and compared with its head in", clock.Elapsed.TotalMilliseconds, "ms");
        result.Add(name + ": managed memory more", (Memory() - before) / 1048576.0, "MiB");

        result.Add(
            name + ": one found by its key",
            await MedianAsync(number => ledger.FindAsync($"run-{number}:step", cancellation), entries),
            "ms"
        );
        result.Add(
            name + ": one proved",
            await MedianAsync(number => ledger.ProveAsync(number, cancellation), entries),
            "ms"
        );
        result.Add(
            name + ": the last 100 read",
            await MedianAsync(
                _ => ledger.ReadAsync(entries - 100, cancellation).CountAsync(cancellation).AsTask(),
                entries
            ),
            "ms"
        );
        result.Add(
            name + ": one appended",
            await MedianAsync(number => ledger.AppendAsync(Entry($"new-{number}"), cancellation), entries),
            "ms"
        );

        clock.Restart();
        var damage = await new LedgerCheck(log, ledger, TimeProvider.System, NullLogger<LedgerCheck>.Instance).RunAsync(
            rests: false,
            cancellation
        );
        result.Add(name + ": all checked, as in the background", clock.Elapsed.TotalSeconds, "s");
        if (damage is not null)
        {
            throw new InvalidDataException(damage);
        }
    }

    // As appending does it, with larger batches.
    private static async Task FillAsync(
        string path,
        int entries,
        PemTreeHeadSigner signer,
        CancellationToken cancellation
    )
    {
        const int Batch = 10_000;
        using var log = SqliteLedgerLog.Open(path);
        var tree = new MerkleFrontier();
        while (tree.Size < entries)
        {
            var from = tree.Size;
            var lines = new List<LedgerLine>();
            var completed = new List<MerkleSubtree>();
            for (var number = 0; number < Batch && tree.Size < entries; number++)
            {
                var entry = Entry($"run-{tree.Size}:step");
                var line = LedgerEntryFormat.Serialize(tree.Size, entry);
                lines.Add(new LedgerLine(entry.Key, line));
                tree.Append(MerkleHash.Leaf(line), completed);
            }

            var at = TimeProvider.System.GetUtcNow();
            var signature = await signer.SignAsync(
                TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, tree.Size, tree.Root(), at),
                cancellation
            );
            var head = new SignedTreeHead(
                tree.Size,
                tree.RootHex(),
                at,
                signer.KeyId,
                Convert.ToBase64String(signature)
            );
            await log.TryAppendAsync(new LedgerAppend(from, lines, completed, head), cancellation);
        }
    }

    private static async Task<(double PerSecond, List<double> HeadTimes)> AppendAsync(
        LedgerStore ledger,
        int writers,
        TimeSpan time,
        CancellationToken cancellation
    )
    {
        await ledger.AppendAsync(Entry("first"), cancellation);
        using var done = new CancellationTokenSource();
        var heads = Task.Run(
            async () =>
            {
                var times = new List<double>();
                while (!done.IsCancellationRequested)
                {
                    var began = Stopwatch.GetTimestamp();
                    await ledger.LatestHeadAsync(cancellation);
                    times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    await Task.Delay(2, cancellation);
                }

                return times;
            },
            cancellation
        );
        var (perSecond, _) = await RateAsync(writers, time, name => ledger.AppendAsync(Entry(name), cancellation));
        await done.CancelAsync();
        return (perSecond, await heads);
    }

    /// <summary>Writers that each do one thing after the other until the time is over.</summary>
    /// <param name="act">Gets a name that nobody else has.</param>
    private static async Task<(double PerSecond, List<double> Milliseconds)> RateAsync(
        int writers,
        TimeSpan time,
        Func<string, Task> act
    )
    {
        await act("warm-" + Guid.NewGuid().ToString("N"));
        var clock = Stopwatch.StartNew();
        var times = await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(writer =>
                    Task.Run(async () =>
                    {
                        var own = new List<double>();
                        for (var number = 0; clock.Elapsed < time; number++)
                        {
                            var began = Stopwatch.GetTimestamp();
                            await act(
                                string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid():N}/{writer}-{number}")
                            );
                            own.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                        }

                        return own;
                    })
                )
        );
        var all = times.SelectMany(own => own).ToList();
        return (all.Count / clock.Elapsed.TotalSeconds, all);
    }

    private static async Task<double> MedianAsync<T>(Func<int, Task<T>> act, int entries)
    {
        var random = new Random(1);
        var times = new List<double>();
        for (var round = 0; round < 200; round++)
        {
            var number = random.Next(entries);
            var began = Stopwatch.GetTimestamp();
            await act(number);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return Percentile(times, 50);
    }

    private static void Add(BenchmarkResult result, string name, double ours, double azurite)
    {
        result.Add(name, ours, "/s");
        result.Add("  on Azurite", azurite, "/s");
        result.Add("  times Azurite", ours / azurite, "x");
    }

    private static LedgerEntry Entry(string key) =>
        new(
            key,
            LedgerEntryTypes.Effect,
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            "intake-0123456789abcdef0123456789abcdef",
            LedgerActors.SelfDev,
            new JsonObject
            {
                ["artifact"] = "intake/training/run7/train.log",
                ["sha256"] = new string('a', 64),
                ["findings"] = 3,
            }
        );

    private static double Percentile(List<double> values, int percent) =>
        values.Order().ElementAt(Math.Min(values.Count - 1, values.Count * percent / 100));

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static int Number(IReadOnlyDictionary<string, string> options, string name, int fallback) =>
        options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;
}
