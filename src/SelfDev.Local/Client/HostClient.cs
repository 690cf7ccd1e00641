using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Text;
using SelfDev.Local.Hosting;

namespace SelfDev.Local.Client;

/// <summary>Talks to the running local host over its HTTP API. Whatever the host refuses becomes the one line that a
/// user gets.</summary>
internal sealed class HostClient : IDisposable
{
    /// <summary>Header that carries the host's key.</summary>
    public const string KeyHeader = "x-selfdev-key";

    private readonly HttpClient _http;
    private readonly string _url;

    private HostClient(RunningHost host, string key, TimeSpan timeout)
    {
        _url = host.Url;
        // No proxy and no redirect: the key goes to the host that wrote it down, to nobody else.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(host.Url.TrimEnd('/') + "/"),
            Timeout = timeout,
        };
        _http.DefaultRequestHeaders.Add(KeyHeader, key);
    }

    /// <summary>The option that says which host: the folder it keeps its data in.</summary>
    public static Option<string?> DataOption() =>
        new("--data")
        {
            Description =
                $"The host's data folder. Default: ${DataDirectory.Variable}, else {DataDirectory.DefaultName} in the "
                + $"current folder.",
            HelpName = "folder",
        };

    /// <exception cref="BadInputException">No host has written itself down there.</exception>
    public static HostClient Open(CommandIo io, string? data) => Open(io, data, host => host.Key);

    /// <summary>Opens it as somebody who may approve.</summary>
    /// <param name="approver">Null: the first that the policy names.</param>
    /// <exception cref="BadInputException">No host has written itself down there, or it has no key for that
    /// person.</exception>
    public static HostClient OpenAsApprover(CommandIo io, string? data, string? approver) =>
        Open(
            io,
            data,
            host =>
            {
                var approvers = host.Approvers ?? [];
                var found = approvers.FirstOrDefault(known => approver is null || Identity.Same(known.Name, approver));
                return found?.Key
                    ?? throw new BadInputException(
                        approvers.Count == 0
                            ? "The policy of this host names nobody who may approve. Add approvers to its rules and "
                                + "restart the host."
                            : $"The policy of this host does not name '{approver}' as an approver; it names "
                                + $"{string.Join(", ", approvers.Select(known => known.Name))}."
                    );
            }
        );

    private static HostClient Open(CommandIo io, string? data, Func<RunningHost, string> keyOf)
    {
        var folder = DataDirectory.Resolve(data);
        RunningHost? host;
        try
        {
            host = folder.ReadHost();
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"What {folder.Root}/host.json says of the running host cannot be read: {failure.Message}",
                failure
            );
        }

        return
            host is not null
            && Uri.TryCreate(host.Url, UriKind.Absolute, out var url)
            && url.Scheme is ("http" or "https")
            ? new HostClient(host, keyOf(host), io.HostTimeout)
            : throw new BadInputException(
                $"No host runs with the data folder {folder.Root}. Start one with 'selfdev up', or name its folder "
                    + $"with --data."
            );
    }

    /// <param name="path">Relative to the base address, its parts escaped.</param>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellation)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellation);
        return await ReadJsonAsync(response, cancellation);
    }

    /// <summary>The lines of an answer as they arrive, without their line feeds.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        string path,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            // Text on the way changes nothing that counts: what is not well-formed UTF-8 comes out as another line than
            // was hashed.
            yield return Encoding.UTF8.GetBytes(line);
        }
    }

    public async Task<JsonNode?> PostAsync(string path, JsonObject body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new StringContent(body.ToJsonString(), MediaTypeHeaderValue.Parse("application/json"));
        using var response = await SendAsync(request, cancellation);
        return await ReadJsonAsync(response, cancellation);
    }

    public async Task<JsonNode?> PutAsync(string path, Stream content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new StreamContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await SendAsync(request, cancellation);
        return await ReadJsonAsync(response, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw new BadInputException(
                $"The host at {_url} does not answer ({failure.Message}). Is it running? 'selfdev up' starts one.",
                failure
            );
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            throw new BadInputException(
                $"The host at {_url} did not answer within {_http.Timeout.TotalSeconds:0} s.",
                failure
            );
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new BadInputException(await RefusalAsync(response, cancellation));
        }
    }

    // Refusals are problem documents (RFC 9457); title and detail are the host's own words.
    private static async Task<string> RefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return "The host refuses the key of this data folder (401). Was the host started with another folder?";
        }

        try
        {
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation)) as JsonObject;
            var words = new[] { (string?)problem?["title"], (string?)problem?["detail"] }.Where(text =>
                !string.IsNullOrWhiteSpace(text)
            );
            var told = string.Join(" ", words.Select(text => text!.TrimEnd('.') + "."));
            return told.Length > 0
                ? $"{SafeText.SingleLine(told)} ({status})"
                : $"The host refuses with status {status}.";
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return $"The host refuses with status {status}.";
        }
    }

    private static async Task<JsonNode?> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException failure)
        {
            throw new BadInputException($"The host answers something that is not JSON: {failure.Message}", failure);
        }
    }
}
