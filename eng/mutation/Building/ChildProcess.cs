using System.Diagnostics;

namespace SelfDev.Mutation.Building;

/// <summary>Runs programs and reads what they print.</summary>
internal static class ChildProcess
{
    // A test that prints without end must not fill our memory.
    private const int MaxLines = 5000;

    // A grandchild that inherited the pipe can hold it open long after the process that we wait for.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    /// <param name="limit">After this the process and its children are killed.</param>
    /// <param name="environment">Added to our own.</param>
    public static async Task<ProcessResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string folder,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var output = new Queue<string>();
        var watch = Stopwatch.StartNew();
        using var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Exited += (_, _) => exited.TrySetResult();
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await exited.Task.WaitAsync(limit, cancellation);
        }
        catch (Exception stop) when (stop is TimeoutException or OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            return new ProcessResult(null, Kept(), watch.Elapsed);
        }

        var elapsed = watch.Elapsed;
        await Task.WhenAny(process.WaitForExitAsync(cancellation), Task.Delay(LastWords, cancellation));
        return new ProcessResult(process.ExitCode, Kept(), elapsed);

        IReadOnlyList<string> Kept()
        {
            lock (output)
            {
                return [.. output];
            }
        }

        void Keep(string? line)
        {
            if (line is null)
            {
                return;
            }

            lock (output)
            {
                output.Enqueue(line);
                if (output.Count > MaxLines)
                {
                    output.Dequeue();
                }
            }
        }
    }
}

/// <param name="ExitCode">Null if it was killed for its time.</param>
/// <param name="Output">The last lines of standard output and error together.</param>
internal sealed record ProcessResult(int? ExitCode, IReadOnlyList<string> Output, TimeSpan Elapsed)
{
    public string Tail(int lines) => string.Join(Environment.NewLine, Output.TakeLast(lines));
}
