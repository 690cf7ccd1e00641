using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using SelfDev.Local.Hosting;

namespace SelfDev.Local.Tests.Hosting;

/// <summary><c>selfdev up</c> as a process of its own, as a person starts it: what it prints, where it listens, what it
/// leaves on disk.</summary>
internal sealed class UpProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private UpProcess(Process process, DataDirectory data)
    {
        _process = process;
        Data = data;
    }

    public DataDirectory Data { get; }

    /// <value>All lines so far, of both streams.</value>
    public string Printed => string.Join('\n', _output.Concat(_errors));

    public RunningHost Address => Data.ReadHost()!;

    public int Port => new Uri(Address.Url).Port;

    /// <value>Every API key of the host.</value>
    public IReadOnlyCollection<string> Keys =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Data.ApiKeys))!.Values;

    /// <param name="storage">Connection string of an account that it may use.</param>
    /// <param name="environment">Variables beside the test's own.</param>
    /// <returns>A host that listens.</returns>
    public static async Task<UpProcess> StartAsync(
        DataDirectory data,
        string storage,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingFolder = null,
        params string[] arguments
    )
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "selfdev.dll"), "up", "--data", data.Root, .. arguments]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder ?? "",
            Environment = { ["SELFDEV_STORAGE"] = storage },
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var up = new UpProcess(new Process { StartInfo = start, EnableRaisingEvents = true }, data);
        up._process.OutputDataReceived += (_, line) => up.Take(line.Data, up._output);
        up._process.ErrorDataReceived += (_, line) => up.Take(line.Data, up._errors);
        up._process.Exited += (_, _) =>
            up._listening.TrySetException(
                new InvalidOperationException($"The host ended while it started: {up.Printed}")
            );
        up._process.Start();
        up._process.BeginOutputReadLine();
        up._process.BeginErrorReadLine();
        await up._listening.Task.WaitAsync(TestContext.Current.CancellationToken);
        return up;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Take(string? line, ConcurrentQueue<string> lines)
    {
        if (line is null)
        {
            return;
        }

        lines.Enqueue(line);
        // The last line of the start.
        if (line.StartsWith("drop something", StringComparison.Ordinal))
        {
            _listening.TrySetResult();
        }
    }
}
