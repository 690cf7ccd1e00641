using System.Diagnostics;
using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Serving;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Benchmarks.Serving;

/// <summary>
/// Speed and memory of the serving room. Requests are those of conversations that only grow, as agents send them: each
/// with all messages so far. Times are of the processor, so that a busy machine does not change them.
/// </summary>
/// <remarks>Options: <c>mib=1024</c> size of the request log, <c>file=PATH</c> a log of your own, <c>trace=PATH</c> a
/// block trace (default: a generated one), <c>lookups=12000000</c>.</remarks>
public sealed class ServingBenchmark : IBenchmarkSuite
{
    private const double MiB = 1 << 20;

    public string Name => "serving";

    public Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation)
    {
        var result = new BenchmarkResult(Name);
        Simulate(result, options, cancellation);
        Read(result, options, cancellation);
        return Task.FromResult(result);
    }

    /// <summary>The simulation alone, and a whole trace file with its JSON.</summary>
    private static void Simulate(
        BenchmarkResult result,
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var lookups = long.Parse(options.GetValueOrDefault("lookups", "12000000"), CultureInfo.InvariantCulture);
        var requests = BlockRequests(lookups);
        Curve(requests[..(requests.Count / 10)]);
        var cpu = Cpu();
        var curve = Curve(requests);
        var seconds = (Cpu() - cpu).TotalSeconds;
        result.Add("capacity curve, block look-ups on one core", curve.Blocks / seconds, "/s", ">= 3000000");
        result.Add("  distinct blocks", curve.DistinctBlocks, "");
        var trace = options.GetValueOrDefault("trace");
        var path = trace ?? Path.Combine(Path.GetTempPath(), $"selfdev-blocks-{Environment.ProcessId}.jsonl");
        try
        {
            if (trace is null)
            {
                WriteTrace(path, requests);
            }

            cpu = Cpu();
            var summary = Analyze(path, cancellation);
            seconds = (Cpu() - cpu).TotalSeconds;
            var blocks = trace is null ? requests.Sum(request => (long)request.Length) : summary.CapacityCurve.Count;
            if (trace is null)
            {
                result.Add("whole diagnosis of a block trace, look-ups", blocks / seconds, "/s", ">= 3000000");
            }

            result.Add("whole diagnosis of a block trace", new FileInfo(path).Length / MiB / seconds, "MiB/s");
        }
        finally
        {
            if (trace is null)
            {
                File.Delete(path);
            }
        }
    }

    private static void Read(
        BenchmarkResult result,
        IReadOnlyDictionary<string, string> options,
        CancellationToken cancellation
    )
    {
        var given = options.GetValueOrDefault("file");
        var path = given ?? Path.Combine(Path.GetTempPath(), $"selfdev-requests-{Environment.ProcessId}.jsonl");
        try
        {
            if (given is null)
            {
                WriteRequests(
                    path,
                    long.Parse(options.GetValueOrDefault("mib", "1024"), CultureInfo.InvariantCulture) << 20
                );
            }

            var size = new FileInfo(path).Length;
            using (var warm = File.OpenRead(path))
            {
                // Fills the page cache.
                warm.CopyTo(Stream.Null);
            }

            var before = GC.GetTotalAllocatedBytes();
            var cpu = Cpu();
            var watch = Stopwatch.StartNew();
            var summary = Analyze(path, cancellation);
            var seconds = (Cpu() - cpu).TotalSeconds;
            result.Add("request log", size / MiB, "MiB");
            result.Add("  requests", summary.Requests, "");
            result.Add("whole diagnosis of request JSON, one core", size / MiB / seconds, "MiB/s", ">= 150");
            result.Add("  wall", size / MiB / watch.Elapsed.TotalSeconds, "MiB/s");
            result.Add("  allocated", (GC.GetTotalAllocatedBytes() - before) / MiB, "MiB");
            result.Add("peak memory", Process.GetCurrentProcess().PeakWorkingSet64 / MiB, "MiB");
        }
        finally
        {
            if (given is null)
            {
                File.Delete(path);
            }
        }
    }

    private static CapacityCurve Curve(IReadOnlyList<int[]> requests)
    {
        var curve = new CapacityCurve();
        var items = new Dictionary<long, int>();
        foreach (var request in requests)
        {
            curve.BeginRequest();
            foreach (var block in request)
            {
                if (items.TryGetValue(block, out var item))
                {
                    curve.Touch(item, 1, 512);
                }
                else
                {
                    items.Add(block, curve.Insert(1, 512));
                }
            }
        }

        return curve;
    }

    private static ServingSummary Analyze(string path, CancellationToken cancellation) =>
        (ServingSummary)
            new ServingCapability()
                .Analyze(
                    new AnalysisRequest([new ArtifactFile(path, () => File.OpenRead(path), new FileInfo(path).Length)]),
                    cancellation
                )
                .Summary;

    private static TimeSpan Cpu() => Process.GetCurrentProcess().TotalProcessorTime;

    /// <summary>Conversations over a few shared prefixes, picked at random, most of them recent: so most look-ups are
    /// hits with a distance to be found.</summary>
    private static List<int[]> BlockRequests(long lookups)
    {
        var random = new Random(17);
        var requests = new List<int[]>();
        var conversations = new List<List<int>>();
        var next = 100;
        for (long made = 0; made < lookups; )
        {
            if (conversations.Count < 4000 || random.Next(12) == 0)
            {
                conversations.Add([random.Next(4), 10 + random.Next(8)]);
            }

            var conversation = conversations[
                Math.Max(0, conversations.Count - 1 - (int)(4000 * Math.Pow(random.NextDouble(), 2)))
            ];
            for (var more = random.Next(1, 4); more > 0; more--)
            {
                conversation.Add(next++);
            }

            requests.Add([.. conversation]);
            made += conversation.Count;
        }

        return requests;
    }

    private static void WriteTrace(string path, List<int[]> requests)
    {
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(false)) { NewLine = "\n" };
        for (var i = 0; i < requests.Count; i++)
        {
            writer.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{{\"timestamp\": {i * 10}, \"input_length\": {requests[i].Length * 512}, \"output_length\": 100, "
                        + $"\"hash_ids\": [{string.Join(", ", requests[i])}]}}"
                )
            );
        }
    }

    private static void WriteRequests(string path, long bytes)
    {
        const string Words =
            "the harbour register says that this vessel was moored at the second berth since the spring tide and "
            + "\\\"its papers\\\" are in order;\\n";
        var random = new Random(23);
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" };
        var tools = string.Join(
            ',',
            Enumerable
                .Range(0, 12)
                .Select(tool =>
                    $$"""{"type":"function","function":{"name":"tool_{{tool}}","description":"{{Words}}{{Words}}","parameters":{"type":"object","properties":{"path":{"type":"string","description":"{{Words}}"} } } } }"""
                )
        );
        var system = string.Concat(Enumerable.Repeat(Words, 40));
        long written = 0;
        for (var session = 0; written < bytes; session++)
        {
            var messages = new StringBuilder(
                $$"""{"role":"system","content":"{{system}}"},{"role":"user","content":"question {{session}}"}"""
            );
            long before = 0;
            for (var turn = 0; turn < 25 && written < bytes; turn++)
            {
                var prompt = (messages.Length + tools.Length) / 4;
                var line = string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"model":"llama-3-70b","timestamp":{{1_700_000_000 + (session * 30) + turn}},"session_id":"s{{session}}","tools":[{{tools}}],"messages":[{{messages}}],"response":{"model":"llama-3-70b","usage":{"prompt_tokens":{{prompt}},"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":{{before / 16 * 16}} } } } }"""
                );
                writer.WriteLine(line);
                written += line.Length + 1;
                before = prompt;
                messages.Append(
                    CultureInfo.InvariantCulture,
                    $$""",{"role":"assistant","content":"looking","tool_calls":[{"id":"call_{{session}}_{{turn}}","type":"function","function":{"name":"tool_1","arguments":"{\"path\":\"/srv/{{turn}}\"}"} }]},{"role":"tool","tool_call_id":"call_{{session}}_{{turn}}","content":"{{turn}} {{string.Concat(Enumerable.Repeat(Words, random.Next(2, 40)))}}"}"""
                );
            }
        }
    }
}
