using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Training;
using SelfDev.Core.Training.Formats;
using SelfDev.Core.Training.Model;

namespace SelfDev.Benchmarks.Training;

/// <summary>
/// Speed of the training room on one mixed log (job output of 32 ranks: chatter, 15 % metric lines, a few known
/// failures), side by side with ripgrep on the same literals and with a plain line-by-line <see cref="Regex"/> reader.
/// Times are of the processor, so that a busy machine does not change them; <c>wall</c> where cores are compared.
/// </summary>
/// <remarks>Options: <c>mib=1024</c> size of the log, <c>file=PATH</c> another log instead.</remarks>
public sealed class ScanBenchmark : IBenchmarkSuite
{
    private const double MiB = 1 << 20;

    public string Name => "scan";

    public Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation)
    {
        var result = new BenchmarkResult(Name);
        var given = options.GetValueOrDefault("file");
        var path = given ?? Path.Combine(Path.GetTempPath(), $"selfdev-scan-{Environment.ProcessId}.log");
        try
        {
            if (given is null)
            {
                WriteMixedLog(
                    path,
                    long.Parse(options.GetValueOrDefault("mib", "1024"), CultureInfo.InvariantCulture) << 20
                );
            }

            var size = new FileInfo(path).Length;
            result.Add("log", size / MiB, "MiB");
            // The first pass compiles and fills the page cache.
            Analyze(path, ("cores", "1"), ("templates", "false"));
            var scan = ScanOnly(path);
            result.Add("signature and metric scan, one core", size / MiB / scan, "MiB/s", ">= 300");
            var ripgrep = Ripgrep(path);
            if (ripgrep > 0)
            {
                result.Add("ripgrep -j1 -c -F, same literals", size / MiB / ripgrep, "MiB/s");
                result.Add("scan over ripgrep", ripgrep / scan, "x", ">= 0.33");
            }

            var (cpu, wallOne) = Analyze(path, ("cores", "1"));
            var (_, wallTwo) = Analyze(path, ("cores", "2"));
            result.Add("full diagnosis with templates, one core", size / MiB / cpu, "MiB/s");
            result.Add("full diagnosis, wall, one core over two", wallOne / wallTwo, "x", ">= 1.7");
            result.Add("peak memory so far", Process.GetCurrentProcess().PeakWorkingSet64 / MiB, "MiB", "< 200");
            var plain = PlainRegex(path, Math.Min(size, 64L << 20));
            result.Add("plain line-by-line Regex", plain, "MiB/s");
            result.Add("full diagnosis over plain Regex", size / MiB / cpu / plain, "x", ">= 10");
            var (jsonBytes, jsonSeconds) = Jsonl();
            result.Add("metrics JSONL, one core", jsonBytes / MiB / jsonSeconds, "MiB/s", ">= 200");
            var (lines, seconds) = Templates(path);
            result.Add("template mining, one core", lines / seconds, "lines/s", ">= 1000000");
            return Task.FromResult(result);
        }
        finally
        {
            if (given is null)
            {
                File.Delete(path);
            }
        }
    }

    private static (double Cpu, double Wall) Analyze(string path, params (string Name, string Value)[] options)
    {
        var watch = Stopwatch.StartNew();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        new TrainingCapability().Analyze(
            new AnalysisRequest([new ArtifactFile(path, () => File.OpenRead(path), new FileInfo(path).Length)])
            {
                Options = options.ToDictionary(pair => pair.Name, pair => pair.Value),
            },
            CancellationToken.None
        );
        return ((Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds, watch.Elapsed.TotalSeconds);
    }

    /// <summary>Seconds of the processor for finding and reading every metric line and known line, without judging them
    /// or hashing the content.</summary>
    private static double ScanOnly(string path) =>
        Cpu(() =>
        {
            var scanner = new TrainingLogScanner(SignatureTable.Default);
            using var reader = new TextBlockReader(File.OpenRead(path), ReadLimits.Default, hash: false);
            while (reader.Read() is { } block)
            {
                using (block)
                {
                    scanner.Scan(block, everyLineIsARecord: false, shapes: false).Dispose();
                }
            }
        });

    private static (long Lines, double Seconds) Templates(string path)
    {
        var lines = 0L;
        var seconds = Cpu(() =>
        {
            var miner = new TemplateMiner();
            using var reader = new TextBlockReader(File.OpenRead(path), ReadLimits.Default, hash: false);
            while (reader.Read() is { } block)
            {
                using (block)
                {
                    var shapes = new LineShapes();
                    var number = block.FirstLine;
                    for (var at = 0; at < block.Bytes.Length; number++)
                    {
                        shapes.Add(block.LineAt(at, number, out at));
                    }

                    foreach (var shape in shapes.Shapes)
                    {
                        miner.Add(shape.Example, shape.Line, shape.Offset, shape.Count);
                    }
                }
            }

            lines = reader.Lines;
        });
        return (lines, seconds);
    }

    private static (long Bytes, double Seconds) Jsonl()
    {
        var text = new StringBuilder();
        for (var step = 1; step <= 200_000; step++)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{{\"step\":{step},\"loss\":{2.5 + (step % 97 / 1000.0)},\"grad_norm\":0.4{step % 89},\"lr\":0.0001,\"tokens_per_sec\":{410000 + (step % 1000)},\"timestamp\":\"2026-01-01T00:00:00Z\"}}\n"
            );
        }

        var content = Encoding.UTF8.GetBytes(text.ToString());
        void Scan()
        {
            var scanner = new TrainingLogScanner(SignatureTable.Default);
            using var reader = new TextBlockReader(new MemoryStream(content), ReadLimits.Default, hash: false);
            while (reader.Read() is { } block)
            {
                using (block)
                {
                    scanner.Scan(block, everyLineIsARecord: true, shapes: false).Dispose();
                }
            }
        }

        Scan();
        return (
            content.Length * 8L,
            Cpu(() =>
            {
                for (var i = 0; i < 8; i++)
                {
                    Scan();
                }
            })
        );
    }

    /// <summary>What somebody writes first: read lines, try each pattern on each. MiB a second of the processor on the
    /// log's beginning.</summary>
    private static double PlainRegex(string path, long bytes)
    {
        var patterns = SignatureTable
            .Default.Signatures.Select(signature => new Regex(
                signature.Pattern,
                RegexOptions.Compiled | RegexOptions.CultureInvariant
            ))
            .Append(new Regex(@"iteration +(?<step>\d+)/ *\d+ \|.*?lm loss: (?<loss>\S+)", RegexOptions.Compiled))
            .Append(new Regex(@"s(?:tep)?:(?<step>\d+).*?tr(?:ain_)?l(?:oss)?:(?<loss>\S+)", RegexOptions.Compiled))
            .ToList();
        var read = 0L;
        var seconds = Cpu(() =>
        {
            using var reader = new StreamReader(path);
            while (read < bytes && reader.ReadLine() is { } line)
            {
                read += line.Length + 1;
                foreach (var pattern in patterns)
                {
                    if (pattern.IsMatch(line))
                    {
                        break;
                    }
                }
            }
        });
        return read / MiB / seconds;
    }

    /// <summary>User and system seconds of ripgrep over the same literals; 0 where it is not installed.</summary>
    private static double Ripgrep(string path)
    {
        var literals = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(literals, TrainingLogScanner.Anchors(SignatureTable.Default));
            // The shell's `times` tells its children's processor time, which .NET no longer knows once they have ended.
            var shell = new ProcessStartInfo(
                "sh",
                ["-c", "rg -j1 -c -F -f \"$0\" \"$1\" > /dev/null || exit 1; times", literals, path]
            )
            {
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(shell)!;
            var times = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            return process.ExitCode != 0 || times.Length < 2
                ? 0
                : times[1]
                    .Split(' ')
                    .Sum(part =>
                        (double.Parse(part.Split('m')[0], CultureInfo.InvariantCulture) * 60)
                        + double.Parse(part.Split('m')[1].TrimEnd('s'), CultureInfo.InvariantCulture)
                    );
        }
        finally
        {
            File.Delete(literals);
        }
    }

    private static double Cpu(Action action)
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        action();
        return (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    }

    private static void WriteMixedLog(string path, long bytes)
    {
        var random = new Random(7);
        using var log = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" };
        var written = 0L;
        for (long line = 0, step = 0; written < bytes; line++)
        {
            var rank = random.Next(32);
            var text = random.Next(100) switch
            {
                < 15 => string.Create(
                    CultureInfo.InvariantCulture,
                    $"[default7]: [2026-01-31 18:04:11] iteration {++step, 8}/  9500000 | consumed samples: "
                        + $"{step * 1024, 12} | elapsed time per iteration (ms): {4200 + random.Next(90)}.3 | learning "
                        + $"rate: 1.500000E-04 | global batch size:  1024 | lm loss: "
                        + $"{2.4 + (random.Next(1000) / 40000.0):0.000000E+00} | grad norm: "
                        + $"0.{random.Next(400, 480)} | number of skipped iterations:   0 | number of nan "
                        + $"iterations:   0 |"
                ),
                < 55 => $"trainvm{rank / 8:000000}:{2100 + rank}:{2300 + rank} [{rank % 8}] NCCL INFO Channel "
                    + $"{random.Next(24):00}/0 : {rank}[{rank % 8}] -> {random.Next(32)}[{random.Next(8)}] via "
                    + $"P2P/CUMEM/read",
                < 85 =>
                    $"[default{rank % 8}]:INFO 2026-01-31 18:04:{random.Next(60):00} dataloader.py:{random.Next(900)} "
                        + $"worker {random.Next(16)} prefetched shard {random.Next(100000)} in {random.Next(900)} ms "
                        + $"from blob container",
                < 99 => $"[default{rank % 8}]:/opt/venv/lib/python3.12/site-packages/torch/autograd/graph.py:825: "
                    + $"UserWarning: c10d::allreduce_: an autograd kernel was not registered to the Autograd "
                    + $"key(s) but we are trying to backprop through it",
                _ => $"[rank{rank}]: Traceback handled by the retry loop, attempt {random.Next(4)}",
            };
            log.WriteLine(text);
            written += text.Length + 1;
            if (line % 2_000_000 == 1_999_999)
            {
                log.WriteLine(
                    "May 19 07:08:57 trainvm000002 kernel: [680111.646286] NVRM: Xid (PCI:0000:10:1c): 63, pid=1850, "
                        + "Row Remapper: New row marked for remapping, reset gpu to activate"
                );
            }
        }
    }
}
