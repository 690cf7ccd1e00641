using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Ledger;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Local.Hosting;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// A host that thousands of artifacts are dropped on at once stays usable: everything comes through, and pages, ledger
/// head and stop button answer meanwhile. <c>SELFDEV_LOAD_ARTIFACTS</c> sets how many (default 300, a soak takes 10000,
/// which is when times and memory are held to their limits: two minutes of work tell them better than seconds).
/// </summary>
public class BusyHostTests
{
    private const int Soak = 10_000;
    private const int Droppers = 8;

    private static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    private readonly DataDirectory _data = new(Directory.CreateTempSubdirectory("selfdev-busy-").FullName);
    private readonly ConcurrentBag<TimeSpan> _pages = [];
    private readonly ConcurrentBag<TimeSpan> _heads = [];
    private readonly ConcurrentBag<TimeSpan> _stops = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_comes_through_and_pages_head_and_stop_button_answer_meanwhile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It reads a process's memory from /proc.");
        var count = int.Parse(
            Environment.GetEnvironmentVariable("SELFDEV_LOAD_ARTIFACTS") ?? "300",
            CultureInfo.InvariantCulture
        );
        _data.Create();
        await File.WriteAllTextAsync(_data.Policy, Policies.Nothing(), Cancellation);
        using var host = SoakHost.Start(_data, Cancellation);
        Assert.True(await host.ListensAsync(Cancellation));
        using var client = host.Client(host.Address!.Key);

        var clock = Stopwatch.StartNew();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var watches = Task.WhenAll(
            AskAsync(client, "", TimeSpan.FromMilliseconds(250), _pages, ends.Token),
            AskAsync(client, "api/ledger/head", TimeSpan.FromMilliseconds(100), _heads, ends.Token),
            StopAsync(client, ends.Token)
        );
        var numbers = new ConcurrentQueue<int>(Enumerable.Range(1, count));
        await Task.WhenAll(Enumerable.Range(0, Droppers).Select(_ => DropAsync(client, numbers)));
        while (!await IsThroughAsync(client))
        {
            Assert.True(clock.Elapsed < Within, $"{count} artifacts are not through after {Within}.");
            await Task.Delay(1000, Cancellation);
        }

        var (took, memory) = (clock.Elapsed, PeakMegabytes(host.Address.Pid));
        await ends.CancelAsync();
        await watches;
        Assert.Equal(count, await AnalyzedAsync(client));
        var told = string.Create(
            CultureInfo.InvariantCulture,
            $"{count} artifacts in {took.TotalSeconds:0} s; p99 of / {Percentile(_pages):0} ms, of the ledger's head "
                + $"{Percentile(_heads):0} ms,"
                + $" of the stop {Percentile(_stops):0} ms (median {Percentile(_stops, 0.5):0}); peak memory {memory} "
                + $"MB"
        );
        TestContext.Current.SendDiagnosticMessage(told);
        await host.KillEverythingAsync(storageFirst: false);

        // A few hundred requests while code is still being compiled say little; they must be usable all the same.
        var limit = count >= Soak ? 200 : 10_000;
        Assert.True(Percentile(_pages) < limit && Percentile(_heads) < limit, told);
        Assert.True(Percentile(_stops, 0.5) < (count >= Soak ? 100 : 5_000), told);
        Assert.True(memory < 500, told);
    }

    private static async Task DropAsync(HttpClient client, ConcurrentQueue<int> numbers)
    {
        while (numbers.TryDequeue(out var number))
        {
            using var content = new ByteArrayContent(Artifact(number));
            using var answer = await client.PutAsync(
                string.Create(CultureInfo.InvariantCulture, $"api/intake/training/run{number}/train.log"),
                content,
                Cancellation
            );
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }
    }

    // 10 KB of a healthy run, another one each.
    private static byte[] Artifact(int number)
    {
        var (random, text, loss) = (new Random(number), new StringBuilder(), 3.0);
        for (var step = 1; text.Length < 10_000; step++)
        {
            loss = (loss * 0.999) + (random.NextDouble() * 0.01) - 0.005;
            text.Append(
                CultureInfo.InvariantCulture,
                $"step {step} | loss {loss:0.0000} | grad_norm {1 + (random.NextDouble() / 5):0.000} | step_time "
                    + $"1.2{random.Next(10)}\n"
            );
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static async Task AskAsync(
        HttpClient client,
        string path,
        TimeSpan every,
        ConcurrentBag<TimeSpan> times,
        CancellationToken ends
    )
    {
        while (!ends.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            using var answer = await client.GetAsync(path, Cancellation);
            // Before the first entry is signed there is no head.
            Assert.True(
                answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotFound,
                $"{path}: {answer.StatusCode}"
            );
            times.Add(clock.Elapsed);
            await Task.Delay(every, Cancellation);
        }
    }

    private async Task StopAsync(HttpClient client, CancellationToken ends)
    {
        while (!ends.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            using var content = new StringContent(
                """{"engaged":true,"reason":"test"}""",
                Encoding.UTF8,
                "application/json"
            );
            using var answer = await client.PostAsync("api/killswitch", content, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            _stops.Add(clock.Elapsed);
            await Task.Delay(2000, Cancellation);
        }
    }

    // A drop over HTTP has started its run when it is answered, so none is yet to come.
    private static async Task<bool> IsThroughAsync(HttpClient client) =>
        JsonNode
            .Parse(await client.GetStringAsync("api/instances?status=running&status=pending&limit=1", Cancellation))!
            .AsArray()
            .Count == 0;

    private static async Task<int> AnalyzedAsync(HttpClient client)
    {
        using var lines = new StringReader(await client.GetStringAsync("api/ledger/entries", Cancellation));
        var analyzed = 0;
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            analyzed += (string?)JsonNode.Parse(line)!["type"] == LedgerEntryTypes.Finding ? 1 : 0;
        }

        return analyzed;
    }

    private static long PeakMegabytes(int processId)
    {
        var status = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status"));
        var peak = status.First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(peak.AsSpan(6).Trim()[..^2].TrimEnd(), CultureInfo.InvariantCulture) / 1024;
    }

    private static double Percentile(IReadOnlyCollection<TimeSpan> times, double part = 0.99)
    {
        var ordered = times.Order().ToList();
        return ordered[(int)(ordered.Count * part)].TotalMilliseconds;
    }
}
