using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SelfDev.Testing;

/// <summary>
/// A server on a loopback port that speaks the wire protocol of OpenAI's chat completions, so that the genuine SDK can
/// be driven into every case: answers in the order scripted, the last one for all further requests.
/// </summary>
public sealed class OpenAiWireServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _script = new();
    private Func<HttpContext, Task> _last = WireAnswer.Status(500);
    private readonly X509Certificate2? _certificate;
    private int _underWay;
    private int _mostUnderWay;

    private OpenAiWireServer(bool https)
    {
        _certificate = https ? SelfSigned() : null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => Tls(listen)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    public Uri Endpoint { get; private set; } = null!;

    /// <value>Requests in order of arrival.</value>
    public ConcurrentQueue<WireRequest> Requests { get; } = new();

    /// <value>Most requests that were under way at once.</value>
    public int MostUnderWay => _mostUnderWay;

    /// <value>SHA-256 thumbprint of the certificate, upper-case hex; null over plain HTTP.</value>
    public string? Thumbprint => _certificate?.GetCertHashString(HashAlgorithmName.SHA256);

    public static async Task<OpenAiWireServer> StartAsync(bool https = false)
    {
        var server = new OpenAiWireServer(https);
        await server._app.StartAsync();
        server.Endpoint = new Uri($"{server._app.Urls.Single()}/openai/v1/");
        return server;
    }

    /// <summary>Scripts the next answers; see <see cref="WireAnswer"/>.</summary>
    public OpenAiWireServer Then(params Func<HttpContext, Task>[] answers)
    {
        foreach (var answer in answers)
        {
            _script.Enqueue(answer);
            _last = answer;
        }

        return this;
    }

    /// <summary>Answers every further request so; what was scripted before and not asked for is forgotten.</summary>
    public OpenAiWireServer Always(Func<HttpContext, Task> answer)
    {
        _script.Clear();
        _last = answer;
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _certificate?.Dispose();
    }

    private void Tls(ListenOptions listen)
    {
        if (_certificate is not null)
        {
            listen.UseHttps(_certificate);
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        var now = Interlocked.Increment(ref _underWay);
        for (var most = _mostUnderWay; now > most; most = _mostUnderWay)
        {
            Interlocked.CompareExchange(ref _mostUnderWay, now, most);
        }

        try
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            var request = new WireRequest(
                context.Request.Path,
                context.Request.Headers.ToDictionary(
                    header => header.Key,
                    header => header.Value.ToString(),
                    StringComparer.OrdinalIgnoreCase
                ),
                body
            );
            Requests.Enqueue(request);
            context.Items[typeof(WireRequest)] = request;
            await (_script.TryDequeue(out var answer) ? answer : _last)(context);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch,
            new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero)
        );
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}

public sealed record WireRequest(string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonNode Json => JsonNode.Parse(Body)!;
}

/// <summary>What <see cref="OpenAiWireServer"/> can answer.</summary>
public static class WireAnswer
{
    public const string Checkpoint = "gpt-wire-2026-01-01";

    /// <summary>A completion whose message is <paramref name="content"/>.</summary>
    /// <param name="model">What the server calls itself.</param>
    public static Func<HttpContext, Task> Completion(
        string content,
        int inputTokens = 100,
        int outputTokens = 20,
        int cachedTokens = 0,
        string finishReason = "stop",
        string? refusal = null,
        string model = Checkpoint
    ) =>
        context =>
            WriteAsync(
                context,
                200,
                Body(content, inputTokens, outputTokens, cachedTokens, finishReason, refusal, model)
            );

    /// <summary>An explanation that rests on the first line of the artifact that the question shows.</summary>
    /// <param name="model">As for <see cref="Completion"/>.</param>
    public static Func<HttpContext, Task> Explaining(string cause, string model = Checkpoint) =>
        context =>
        {
            var question = (string)((WireRequest)context.Items[typeof(WireRequest)]!).Json["messages"]![1]!["content"]!;
            var line = Regex.Match(question, @"^(\d+)\| (.*)$", RegexOptions.Multiline);
            var citation = new JsonObject
            {
                ["line"] = long.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture),
                ["text"] = line.Groups[2].Value,
            };
            if (Regex.IsMatch(question, "^file 1: ", RegexOptions.Multiline))
            {
                citation["file"] = 1;
            }

            var answer = new JsonObject
            {
                ["cause"] = cause,
                ["citations"] = new JsonArray(citation),
                ["recommended_action"] = "none",
            };
            return Completion(answer.ToJsonString(), model: model)(context);
        };

    public static Func<HttpContext, Task> Status(
        int status,
        string? retryAfter = null,
        string body = """{"error":{"message":"no","type":"server_error","code":null}}"""
    ) =>
        context =>
        {
            if (retryAfter is not null)
            {
                context.Response.Headers.RetryAfter = retryAfter;
            }

            return WriteAsync(context, status, body);
        };

    /// <summary>Sends a body that is not of the protocol.</summary>
    public static Func<HttpContext, Task> Raw(string body, int status = 200) =>
        context => WriteAsync(context, status, body);

    /// <summary>Sends the beginning of a completion, tells, and never goes on.</summary>
    public static Func<HttpContext, Task> Stalling(TaskCompletionSource begun) =>
        async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"id":"x","object":"chat.completion",""", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            begun.TrySetResult();
            var gone = new TaskCompletionSource();
            await using var registration = context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
        };

    /// <summary>Sends white space without end: valid JSON so far.</summary>
    public static Func<HttpContext, Task> Endless() =>
        async context =>
        {
            context.Response.ContentType = "application/json";
            var blanks = new byte[64 * 1024];
            blanks.AsSpan().Fill((byte)' ');
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(blanks, context.RequestAborted);
            }
        };

    /// <summary>Breaks the connection off.</summary>
    public static Func<HttpContext, Task> BreakOff() =>
        context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };

    /// <summary>Waits for <paramref name="gate"/> before it answers.</summary>
    public static Func<HttpContext, Task> After(Task gate, Func<HttpContext, Task> answer, Action? arrived = null) =>
        async context =>
        {
            arrived?.Invoke();
            await gate;
            await answer(context);
        };

    private static string Body(
        string content,
        int inputTokens,
        int outputTokens,
        int cachedTokens,
        string finishReason,
        string? refusal,
        string model
    ) =>
        new JsonObject
        {
            ["id"] = "chatcmpl-1",
            ["object"] = "chat.completion",
            ["created"] = 1767225600,
            ["model"] = model,
            ["choices"] = new JsonArray(
                new JsonObject
                {
                    ["index"] = 0,
                    ["message"] = new JsonObject
                    {
                        ["role"] = "assistant",
                        ["content"] = content,
                        ["refusal"] = refusal,
                    },
                    ["logprobs"] = null,
                    ["finish_reason"] = finishReason,
                }
            ),
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = inputTokens,
                ["completion_tokens"] = outputTokens,
                ["total_tokens"] = inputTokens + outputTokens,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = cachedTokens },
            },
            ["system_fingerprint"] = "fp_1",
        }.ToJsonString();

    private static Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
