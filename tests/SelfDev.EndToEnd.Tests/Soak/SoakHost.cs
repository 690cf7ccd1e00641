using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Local.Client;
using SelfDev.Local.Commands;
using SelfDev.Local.Hosting;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// <c>selfdev up</c> with everything of its own, as a process: host and ARM simulator in one, Azurite in another. Both
/// can be killed at one moment, and what was printed until then is kept.
/// </summary>
internal sealed class SoakHost : IDisposable
{
    private const int SigKill = 9;

    private readonly Process _process;
    private readonly DataDirectory _data;
    private readonly Task<string> _errors;

    private SoakHost(Process process, DataDirectory data, Task<string> errors) =>
        (_process, _data, _errors) = (process, data, errors);

    /// <value>Null until it listens.</value>
    public RunningHost? Address { get; private set; }

    /// <value>Links that people were sent, as they came.</value>
    public ConcurrentQueue<Uri> Links { get; } = new();

    /// <value>What it said about drops that storage had lost; null where it said nothing.</value>
    public string? PutAgain { get; private set; }

    public static SoakHost Start(DataDirectory data, CancellationToken cancellation, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [typeof(CommandLine).Assembly.Location, "up", "--port", "0", "--data", data.Root, .. arguments]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["SELFDEV_SIMULATED_PROVISIONING"] = "0.1" },
        };
        var process = Process.Start(start)!;
        return new SoakHost(process, data, process.StandardError.ReadToEndAsync(cancellation));
    }

    /// <returns>False where it ended before it listened.</returns>
    public async Task<bool> ListensAsync(CancellationToken cancellation)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            PutAgain = line.StartsWith("intake: ", StringComparison.Ordinal) ? line : PutAgain;
            if (line.StartsWith("listening", StringComparison.Ordinal))
            {
                Address = _data.ReadHost();
                _ = ReadLinksAsync(cancellation);
                return true;
            }
        }

        return false;
    }

    /// <summary>SIGKILL to everything there is, within microseconds.</summary>
    /// <param name="storageFirst">In which order.</param>
    public async Task KillEverythingAsync(bool storageFirst)
    {
        var azurite = FindAzurite();
        int?[] order = storageFirst ? [azurite, _process.Id] : [_process.Id, azurite];
        foreach (var id in order.OfType<int>())
        {
            _ = Kill(id, SigKill);
        }

        await _process.WaitForExitAsync();
        while (azurite is { } id && IsAzurite(id))
        {
            await Task.Yield();
        }
    }

    /// <summary>SIGKILL to storage alone. The host ends by itself.</summary>
    /// <returns>Its exit code, and what it said on standard error.</returns>
    public async Task<(int ExitCode, string Errors)> KillStorageAsync(CancellationToken cancellation)
    {
        _ = Kill(FindAzurite() ?? throw new InvalidOperationException("There is no storage to be killed."), SigKill);
        await _process.WaitForExitAsync(cancellation);
        return (_process.ExitCode, await _errors);
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<(int ExitCode, string Errors)> EndAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return (_process.ExitCode, await _errors);
    }

    public HttpClient Client(string? key)
    {
        var client = new HttpClient { BaseAddress = new Uri(Address!.Url) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add(HostClient.KeyHeader, key);
        }

        return client;
    }

    public void Dispose() => _process.Dispose();

    private async Task ReadLinksAsync(CancellationToken cancellation)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (
                line.StartsWith("  http", StringComparison.Ordinal)
                && Uri.TryCreate(line.Trim(), UriKind.Absolute, out var link)
            )
            {
                Links.Enqueue(link);
            }
        }
    }

    // Its own id file may be one of an earlier life: whatever else has that number now is left alone.
    private int? FindAzurite()
    {
        try
        {
            var file = JsonNode.Parse(File.ReadAllText(Path.Combine(_data.Storage, "azurite.pid")));
            return (int?)file?["pid"] is { } id && IsAzurite(id) ? id : null;
        }
        catch (Exception none) when (none is IOException or JsonException)
        {
            return null;
        }
    }

    private static bool IsAzurite(int id)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/cmdline"))
                .Contains("launch.cjs", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
