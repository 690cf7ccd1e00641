using System.Net;
using SelfDev.Azure.Notifications;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Notifications;

/// <summary>Alone, because the default proxy is the whole process's.</summary>
[Collection(nameof(WebhookProxyTests))]
[CollectionDefinition(nameof(WebhookProxyTests), DisableParallelization = true)]
public sealed class WebhookProxyTests
{
    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used_because_it_would_resolve_names_unchecked()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var proxy = await WebhookReceiver.StartAsync();
        var usual = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new WebProxy($"http://127.0.0.1:{proxy.Port}");
        try
        {
            using var notifier = new WebhookNotifier(
                new WebhookOptions
                {
                    Address = new Uri($"http://127.0.0.1:{receiver.Port}/"),
                    Network = WebhookNetwork.Loopback,
                }
            );

            Assert.Null(
                await notifier.NotifyAsync(
                    new Notification("k", "t", "r", "", "", null),
                    TestContext.Current.CancellationToken
                )
            );
        }
        finally
        {
            HttpClient.DefaultProxy = usual;
        }

        Assert.Single(receiver.Posts);
        Assert.Equal(0, proxy.Connections);
    }
}
