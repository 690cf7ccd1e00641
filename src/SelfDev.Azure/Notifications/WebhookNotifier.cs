using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Notifications;

/// <summary>
/// Posts each notification as JSON (<c>key, topic, recipient, title, text, link</c>) to the recipient's own address,
/// else to the shared one: a chat's incoming webhook, a Logic App, a pager. Over TLS, without redirects or proxies, and
/// only where <see cref="WebhookOptions.Network"/> allows. Several people read the shared one, so what goes there
/// carries the link without authority (<see cref="Notification.SharedLink"/>), never the one that decides.
/// </summary>
public sealed class WebhookNotifier : INotifier, IDisposable
{
    /// <summary>Bytes of an answer that are read off the connection to use it again; a longer one ends the
    /// connection.</summary>
    internal const int MaxAnswerBytes = 64 * 1024;

    private const int MaxHeaderKilobytes = 16;

    private readonly WebhookOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HttpClient _http;

    /// <exception cref="ArgumentException">The options are out of range.</exception>
    public WebhookNotifier(WebhookOptions options, TimeProvider? clock = null, ILogger<WebhookNotifier>? logger = null)
        : this(options, clock, logger, (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation)) { }

    internal WebhookNotifier(
        WebhookOptions options,
        TimeProvider? clock,
        ILogger<WebhookNotifier>? logger,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve
    )
    {
        options.Validate();
        _options = options;
        _clock = clock ?? TimeProvider.System;
        _logger = logger ?? NullLogger<WebhookNotifier>.Instance;
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                // A proxy would resolve the name itself, unchecked.
                UseProxy = false,
                UseCookies = false,
                ConnectCallback = new GuardedConnection(options.Network, resolve).ConnectAsync,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                MaxResponseHeadersLength = MaxHeaderKilobytes,
                MaxResponseDrainSize = MaxAnswerBytes,
                // Turns the runtime's own trace of the request off, which would carry the address.
                ActivityHeadersPropagator = null,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    /// <remarks>One attempt: whoever calls decides about the next. Of the answer only the status is read.</remarks>
    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        var problem = await PostAsync(notification, cancellation).ConfigureAwait(false);
        if (problem is null)
        {
            Logs.Notified(_logger, notification.Topic);
        }
        else
        {
            Logs.NotNotified(_logger, notification.Topic, problem);
        }

        return problem;
    }

    public void Dispose() => _http.Dispose();

    private async Task<string?> PostAsync(Notification notification, CancellationToken cancellation)
    {
        if ((notification.Address ?? _options.Address) is not { } address)
        {
            return null;
        }

        if (
            notification.Address is { } own
            && _options with { Address = own } is var personal
            && personal.Problem() is { } problem
        )
        {
            return $"The address of {notification.Recipient} in the policy file cannot be used: {problem}";
        }

        var message = new Message(
            notification.Key,
            notification.Topic,
            notification.Recipient,
            notification.Title,
            notification.Text,
            notification.Address is null ? notification.SharedLink : notification.Link
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            // Of known length: many receivers refuse chunks.
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        using var late = new CancellationTokenSource(_options.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            using var answer = await _http
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token)
                .ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : Refusal((int)answer.StatusCode);
        }
        catch (HttpRequestException failure) when (failure.InnerException is AddressRefusedException)
        {
            return $"The webhook's host has no address that may be reached from here (network {_options.Network}).";
        }
        catch (HttpRequestException failure)
        {
            return $"The webhook could not be reached: {failure.HttpRequestError}.";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"The webhook did not answer within {_options.Timeout.TotalSeconds} s."
            );
        }
    }

    private static string Refusal(int status) =>
        status is >= 300 and < 400
            ? string.Create(CultureInfo.InvariantCulture, $"The webhook answered {status}; redirects are not followed.")
            : string.Create(CultureInfo.InvariantCulture, $"The webhook answered {status}.");

    private sealed record Message(string Key, string Topic, string Recipient, string Title, string Text, Uri? Link);
}
