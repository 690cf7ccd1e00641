using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Azure.Storage.Blobs;
using SelfDev.Core.Artifacts;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Benchmarks;

/// <summary>
/// Upload and version-pinned reading through the artifact store against the SDK's own calls, on the same Azurite in the
/// same run; and gzip with every check against .NET's without. Options: <c>mib</c> (10), <c>rounds</c> (15).
/// </summary>
public sealed class StorageBenchmark : IBenchmarkSuite
{
    public string Name => "storage";

    public async Task<BenchmarkResult> RunAsync(
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var mebibytes = Option(options, "mib", 10);
        var rounds = Option(options, "rounds", 15);
        var log = TrainingLog(mebibytes << 20);
        var folder = Directory.CreateTempSubdirectory("selfdev-bench-").FullName;
        var result = new BenchmarkResult(Name);
        try
        {
            var start = Stopwatch.StartNew();
            await using var storage = await LocalStorage.OpenAsync(
                null,
                new AzuriteOptions { DataFolder = folder, Progress = Console.Error.WriteLine },
                cancellation
            );
            result.Add("Azurite start, installed, until containers exist", start.Elapsed.TotalSeconds, "s");
            await MeasureAsync(storage, log, rounds, result, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        MeasureGzip(log, rounds, result);
        return result;
    }

    private static async Task MeasureAsync(
        LocalStorage storage,
        byte[] log,
        int rounds,
        BenchmarkResult result,
        CancellationToken cancellation
    )
    {
        var store = storage.Store;
        var plain = new BlobClient(storage.Azurite!.ConnectionString, Containers.Intake, "training/run/log");
        var uploads = new List<double>();
        var plainUploads = new List<double>();
        var reads = new List<double>();
        var blockingReads = new List<double>();
        var plainReads = new List<double>();

        // Interleaved, so that a slow moment of the machine falls on all of them.
        for (var round = 0; round <= rounds; round++)
        {
            BlobRef? blob = null;
            var noMetadata = new Dictionary<string, string>();
            uploads.Add(
                await TimeAsync(async () =>
                    blob = await store.WriteAsync(
                        Containers.Intake,
                        "training/run/log",
                        new MemoryStream(log),
                        "text/plain",
                        noMetadata,
                        cancellation
                    )
                )
            );
            reads.Add(
                await TimeAsync(async () =>
                {
                    await using var content = await store.OpenReadAsync(blob!, cancellation);
                    await content.CopyToAsync(Stream.Null, cancellation);
                })
            );
            blockingReads.Add(
                await TimeAsync(async () =>
                {
                    await using var content = await store.OpenReadAsync(blob!, cancellation);
                    Drain(content);
                })
            );
            plainReads.Add(await TimeAsync(() => plain.DownloadToAsync(Stream.Null, cancellation)));
            plainUploads.Add(
                await TimeAsync(() => plain.UploadAsync(new MemoryStream(log), overwrite: true, cancellation))
            );
        }

        var read = Median(reads);
        var plainRead = Median(plainReads);
        var size = string.Create(CultureInfo.InvariantCulture, $"{log.Length >> 20} MiB log");
        result.Add($"{size}: upload in blocks", Median(uploads) * 1000, "ms");
        result.Add($"{size}: upload, BlobClient.UploadAsync", Median(plainUploads) * 1000, "ms");
        result.Add($"{size}: pinned read", read * 1000, "ms", log.Length == 10 << 20 ? "< 300" : null);
        result.Add(
            $"{size}: pinned read, blocking calls",
            Median(blockingReads) * 1000,
            "ms",
            log.Length == 10 << 20 ? "< 300" : null
        );
        result.Add($"{size}: read, BlobClient.DownloadToAsync", plainRead * 1000, "ms");
        result.Add("pinned read over BlobClient.DownloadToAsync", read / plainRead, "x");
        result.Add("pinned read", log.Length / read / 1e6, "MB/s");
    }

    private static void MeasureGzip(byte[] log, int rounds, BenchmarkResult result)
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(log);
        }

        var compressed = stored.ToArray();
        var ours = new List<double>();
        var lenient = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            ours.Add(
                Time(() =>
                {
                    using var content = ArtifactContent.Open(new MemoryStream(compressed), ReadLimits.Default);
                    Drain(content);
                })
            );
            lenient.Add(
                Time(() =>
                {
                    using var content = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
                    Drain(content);
                })
            );
        }

        result.Add("gzip ratio of the log", log.Length / (double)compressed.Length, "x");
        result.Add("gzip, capped and checked", log.Length / Median(ours) / 1e6, "MB/s");
        result.Add("gzip, System.IO.Compression (truncation unnoticed)", log.Length / Median(lenient) / 1e6, "MB/s");
    }

    private static byte[] TrainingLog(int bytes)
    {
        var random = new Random(1);
        var text = new StringBuilder(bytes + 256);
        for (var step = 0; text.Length < bytes; step++)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"step {step} | loss {2 + random.NextDouble():F6} | grad norm {random.NextDouble():F4} | lr 3.0e-04 | "
                    + $"{250 + random.Next(20)} ms | {random.Next(900_000, 1_000_000)} tok/s\n"
            );
        }

        return Encoding.UTF8.GetBytes(text.ToString(0, bytes));
    }

    private static void Drain(Stream content)
    {
        var buffer = new byte[128 * 1024];
        while (content.Read(buffer, 0, buffer.Length) > 0) { }
    }

    private static double Time(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalSeconds;
    }

    // The first round warms up and does not count.
    private static double Median(List<double> seconds) => seconds.Skip(1).Order().ElementAt((seconds.Count - 1) / 2);

    private static int Option(IReadOnlyDictionary<string, string> options, string name, int fallback) =>
        options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;
}
