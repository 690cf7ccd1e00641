using System.Net.Http.Json;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Posts each notification as JSON (<c>key, topic, recipient, title, text, link</c>) to one address: a chat's incoming webhook, a
/// Logic App, a pager. The link in it lets its reader decide, so it goes over HTTPS only, and no redirect is followed.
/// </summary>
internal sealed class WebhookNotifier : INotifier, IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private readonly Uri _address;
    private readonly HttpClient _client;

    /// <exception cref="ArgumentException">Not an https address (http on loopback only).</exception>
    public WebhookNotifier(Uri address)
    {
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
        {
            throw new ArgumentException("Setting SelfDev__Webhook: it must be an https:// address.");
        }

        _address = address;
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout };
    }

    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _client.PostAsJsonAsync(_address, notification, cancellation);
            return answer.IsSuccessStatusCode ? null : $"The webhook answered {(int)answer.StatusCode}.";
        }
        catch (HttpRequestException failure)
        {
            return $"The webhook could not be reached: {failure.HttpRequestError}.";
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"The webhook did not answer within {Timeout.TotalSeconds:0} s.";
        }
    }

    public void Dispose() => _client.Dispose();
}
