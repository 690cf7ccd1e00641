using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SelfDev.Local.Client;
using SelfDev.Local.Commands;
using SelfDev.Local.Hosting;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>The local host as a process of its own, as <c>selfdev up</c> starts it: something that can be
/// killed.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _client;
    private readonly RunningHost? _address;

    private HostProcess(Process process, RunningHost? address)
    {
        _process = process;
        _address = address;
        _client = new HttpClient { BaseAddress = new Uri(address?.Url ?? "http://127.0.0.1/") };
    }

    /// <param name="storage">Connection string of storage that outlives the host.</param>
    /// <param name="killAtLine">Lines it may print while it starts before it is killed; null: it starts up.</param>
    /// <returns>A host that listens, or one that was killed while it started.</returns>
    public static async Task<HostProcess> StartAsync(
        DataDirectory data,
        string storage,
        int? killAtLine,
        CancellationToken cancellation
    )
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [typeof(CommandLine).Assembly.Location, "up", "--port", "0", "--data", data.Root]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["SELFDEV_STORAGE"] = storage, ["SELFDEV_SIMULATED_PROVISIONING"] = "0.1" },
        };
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        for (var printed = 0; killAtLine is null || printed < killAtLine; printed++)
        {
            var line = await process.StandardOutput.ReadLineAsync(cancellation);
            if (line is null)
            {
                Assert.Fail($"The host ended while it started: {await errors}");
            }

            if (line.StartsWith("listening", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync(cancellation);
                return new HostProcess(process, data.ReadHost());
            }
        }

        var killed = new HostProcess(process, null);
        await killed.KillAsync();
        return killed;
    }

    public bool IsRunning => _address is not null && !_process.HasExited;

    /// <summary>SIGKILL: nothing in the process gets to know.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task<string?> StatusOfAsync(string instanceId, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            HttpMethod.Get,
            $"api/instances/{instanceId}",
            _address!.Key,
            null,
            cancellation
        );
        return response.IsSuccessStatusCode
            ? (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!["status"]
            : null;
    }

    /// <summary>Approves whatever waits, as the first person whom the policy names.</summary>
    public async Task ApproveAllAsync(CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, "api/approvals", _address!.Key, null, cancellation);
        foreach (var approval in JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!.AsArray())
        {
            using var decided = await SendAsync(
                HttpMethod.Post,
                $"api/approvals/{approval!["id"]}",
                _address.Approvers![0].Key,
                JsonContent.Create(new { decision = "approve" }),
                cancellation
            );
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _process.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string key,
        HttpContent? content,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add(HostClient.KeyHeader, key);
        return await _client.SendAsync(request, cancellation);
    }
}
