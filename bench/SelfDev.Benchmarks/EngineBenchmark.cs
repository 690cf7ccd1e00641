using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Engine;
using SelfDev.Workflows.Engine;

namespace SelfDev.Benchmarks;

/// <summary>
/// The embedded engine with full durability (every commit ends in an fsync). Options: <c>folder</c> (default: the
/// current directory's file system), <c>sequences</c>, <c>inflight</c>, <c>steps</c> (of the latency run),
/// <c>parked</c>.
/// </summary>
internal sealed class EngineBenchmark : IBenchmarkSuite
{
    // What one lone step writes to the write-ahead log: a frame (4,120 bytes) each of history, its index and the state.
    private const int CommitBytes = 3 * 4120;

    private static readonly Workflow<int, int> Sequence = new("Sequence");
    private static readonly Workflow<int, string> Approval = new("Approval");
    private static readonly Activity<int, int> Step = new("Step");
    private static readonly WorkflowEvent<string> Approved = new("approval:abc:1");

    public string Name => "engine";

    public async Task<BenchmarkResult> RunAsync(
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var root = Path.Combine(options.GetValueOrDefault("folder", "."), "bench-" + Path.GetRandomFileName());
        Directory.CreateDirectory(root);
        var result = new BenchmarkResult(Name);
        try
        {
            // First, while the process is small: memory is one of its figures.
            await ParkAsync(result, Path.Combine(root, "parked"), Number(options, "parked", 10_000), cancellation);
            await ThroughputAsync(
                result,
                Path.Combine(root, "throughput"),
                Number(options, "sequences", 10_000),
                Number(options, "inflight", 200),
                cancellation
            );
            await LatencyAsync(result, Path.Combine(root, "latency"), Number(options, "steps", 1_000), cancellation);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        return result;
    }

    private static async Task ParkAsync(
        BenchmarkResult result,
        string folder,
        int parked,
        CancellationToken cancellation
    )
    {
        var engine = await StartAsync(folder, new StepActivity(), cancellation);
        await Task.WhenAll(
            Enumerable
                .Range(0, parked)
                .Select(index =>
                    engine.StartAsync(
                        Approval,
                        index,
                        "approval/" + index.ToString(CultureInfo.InvariantCulture),
                        cancellation
                    )
                )
        );
        var name = parked.ToString("N0", CultureInfo.InvariantCulture) + " parked approvals";
        result.Add(name + ": working set", WorkingSetMiB(), "MiB", "at most 300");
        await engine.StopAsync(cancellation);

        var clock = Stopwatch.StartNew();
        engine = await StartAsync(folder, new StepActivity(), cancellation);
        result.Add(name + ": recovered in", clock.Elapsed.TotalSeconds, "s", "at most 5");
        result.Add(name + ": working set after recovery", WorkingSetMiB(), "MiB", "at most 300");

        clock.Restart();
        await Task.WhenAll(
            Enumerable
                .Range(0, parked)
                .Select(index =>
                    engine.RaiseEventAsync(
                        "approval/" + index.ToString(CultureInfo.InvariantCulture),
                        Approved,
                        "yes",
                        cancellation
                    )
                )
        );
        result.Add(name + ": all decided after recovery in", clock.Elapsed.TotalSeconds, "s");
        await CheckAllCompletedAsync(engine, parked, cancellation);
        await engine.StopAsync(cancellation);
    }

    private static async Task ThroughputAsync(
        BenchmarkResult result,
        string folder,
        int sequences,
        int inFlight,
        CancellationToken cancellation
    )
    {
        var engine = await StartAsync(folder, new StepActivity(), cancellation);
        await RunSequencesAsync(engine, "warm/", Math.Min(sequences, 2_000), inFlight, cancellation);

        var commits = engine.Commits;
        var clock = Stopwatch.StartNew();
        await RunSequencesAsync(engine, "run/", sequences, inFlight, cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        commits = engine.Commits - commits;

        var name = string.Create(CultureInfo.InvariantCulture, $"5-step sequences, {inFlight} in flight");
        result.Add(name, sequences / seconds, "1/s", "at least 1,000");
        result.Add(name + ": turns a commit", sequences * 6.0 / commits, "turns");
        result.Add(name + ": commits", commits / seconds, "1/s");
        await CheckAllCompletedAsync(engine, sequences + Math.Min(sequences, 2_000), cancellation);
        await engine.StopAsync(cancellation);
    }

    private static async Task LatencyAsync(
        BenchmarkResult result,
        string folder,
        int steps,
        CancellationToken cancellation
    )
    {
        var step = new StepActivity();
        var engine = await StartAsync(folder, step, cancellation);
        await RunSequencesAsync(engine, "warm/", 200, 1, cancellation);
        step.Starts = [];
        await RunSequencesAsync(engine, "run/", steps / 5, 1, cancellation);

        // From the start of one step to the start of the next: the step itself, its commit, and all hand-overs. File
        // systems answer an fsync that finds no new time stamp much faster than others, so the fsync to compare with is
        // the step's own.
        var durable = step
            .Starts.Zip(step.Starts.Skip(1))
            .Where((_, index) => index % 5 != 4)
            .Select(pair =>
                (Step: Stopwatch.GetElapsedTime(pair.First.At, pair.Second.At).TotalMilliseconds, pair.Second.Commit)
            )
            .ToList();
        result.Add("one step alone, median", Median(durable.Select(one => one.Step)), "ms");
        result.Add("one step alone, mean", durable.Average(one => one.Step), "ms");
        result.Add(
            "one step alone, 99 of 100",
            durable.Select(one => one.Step).Order().ElementAt(durable.Count * 99 / 100),
            "ms"
        );
        result.Add("the fsynced commit in it, median", Median(durable.Select(one => one.Commit)), "ms");
        result.Add(
            "one step alone over its own commit, median",
            Median(durable.Select(one => one.Step - one.Commit)),
            "ms",
            "at most 1"
        );
        result.Add("overwrite + fsync of the same size, median", MedianFsync(folder, steps), "ms");
        await engine.StopAsync(cancellation);
    }

    private static async Task RunSequencesAsync(
        EmbeddedEngine engine,
        string prefix,
        int count,
        int inFlight,
        CancellationToken cancellation
    )
    {
        var next = -1;
        await Task.WhenAll(
            Enumerable
                .Range(0, inFlight)
                .Select(async _ =>
                {
                    while (Interlocked.Increment(ref next) is var index && index < count)
                    {
                        var id = prefix + index.ToString(CultureInfo.InvariantCulture);
                        await engine.StartAsync(Sequence, index, id, cancellation);
                        await engine.WaitForCompletionAsync(id, cancellation);
                    }
                })
        );
    }

    private static async Task CheckAllCompletedAsync(
        EmbeddedEngine engine,
        int expected,
        CancellationToken cancellation
    )
    {
        var completed = 0;
        await foreach (
            var _ in engine.QueryAsync(new WorkflowQuery(Statuses: [WorkflowStatus.Completed]), cancellation)
        )
        {
            completed++;
        }

        if (completed != expected)
        {
            throw new InvalidOperationException(
                $"{completed} of {expected} instances completed: these figures mean nothing."
            );
        }
    }

    private static async Task<EmbeddedEngine> StartAsync(
        string folder,
        StepActivity step,
        CancellationToken cancellation
    )
    {
        var catalog = new WorkflowCatalog()
            .Add(Step, _ => step)
            .Add(
                Sequence,
                async (context, input) =>
                {
                    var value = input;
                    for (var index = 0; index < 5; index++)
                    {
                        value = await context.CallActivityAsync(Step, value);
                    }

                    return value == input + 5 ? value : throw new InvalidOperationException("A step was lost.");
                }
            )
            .Add(Approval, (context, _) => context.WaitForExternalEvent(Approved));
        var engine = new EmbeddedEngine(
            new EmbeddedEngineOptions { DataFolder = folder, Probe = step.OnCommit },
            catalog,
            new ServiceCollection().BuildServiceProvider(),
            NullLoggerFactory.Instance
        );
        await engine.StartAsync(cancellation);
        return engine;
    }

    /// <summary>Overwrites a file that is there already, as a write-ahead log in use does: cheaper than appending, so
    /// the harder baseline.</summary>
    private static double MedianFsync(string folder, int times)
    {
        var path = Path.Combine(folder, "fsync.probe");
        var bytes = new byte[CommitBytes];
        Random.Shared.NextBytes(bytes);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var index = 0; index < times; index++)
        {
            file.Write(bytes);
        }

        file.Flush(flushToDisk: true);
        file.Position = 0;
        return Median(
            Enumerable
                .Range(0, times)
                .Select(_ =>
                {
                    var started = Stopwatch.GetTimestamp();
                    file.Write(bytes);
                    file.Flush(flushToDisk: true);
                    return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                })
                .ToList()
        );
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static double WorkingSetMiB()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 / 1048576.0;
    }

    private static int Number(IReadOnlyDictionary<string, string> options, string name, int otherwise) =>
        options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private sealed class StepActivity : IActivity<int, int>
    {
        private long _commitBegan;
        private double _commit;

        /// <value>When each step began (stopwatch ticks), and how long the commit before it took (ms).</value>
        public List<(long At, double Commit)>? Starts { get; set; }

        public void OnCommit(CommitPoint point)
        {
            if (point == CommitPoint.BeforeCommit)
            {
                _commitBegan = Stopwatch.GetTimestamp();
            }
            else if (point == CommitPoint.AfterCommit)
            {
                _commit = Stopwatch.GetElapsedTime(_commitBegan).TotalMilliseconds;
            }
        }

        public Task<int> RunAsync(int input, SelfDev.Workflows.Engine.ActivityContext context)
        {
            Starts?.Add((Stopwatch.GetTimestamp(), _commit));
            return Task.FromResult(input + 1);
        }
    }
}
