using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SelfDev.Functions.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Tests.Hosting;

/// <summary>Notifications over HTTP, against a listener on loopback.</summary>
public sealed class WebhookNotifierTests : IAsyncLifetime
{
    private static readonly Notification Asked = new("k1", "approval-requested", "ana@example.com", "Scale?", "From 4 to 5.", new Uri("https://host/approvals/token"));

    private readonly List<string> _bodies = [];
    private WebApplication _receiver = null!;
    private int _status = 200;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _receiver = builder.Build();
        _receiver.MapPost("/hook", async (HttpRequest request) =>
        {
            _bodies.Add(await new StreamReader(request.Body).ReadToEndAsync(Cancellation));
            return Results.StatusCode(_status);
        });
        await _receiver.StartAsync(Cancellation);
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    [Fact]
    public async Task The_receiver_gets_who_what_and_where_to_decide()
    {
        using var notifier = new WebhookNotifier(new Uri(_receiver.Urls.First() + "/hook"));

        Assert.Null(await notifier.NotifyAsync(Asked, Cancellation));

        using var body = JsonDocument.Parse(Assert.Single(_bodies));
        Assert.Equal("ana@example.com", body.RootElement.GetProperty("recipient").GetString());
        Assert.Equal("https://host/approvals/token", body.RootElement.GetProperty("link").GetString());
    }

    [Theory]
    [InlineData(500)]
    [InlineData(302)]
    public async Task A_refusal_is_told_and_not_thrown(int status)
    {
        _status = status;
        using var notifier = new WebhookNotifier(new Uri(_receiver.Urls.First() + "/hook"));

        Assert.Contains($"{status}", await notifier.NotifyAsync(Asked, Cancellation));
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_is_told_and_not_thrown()
    {
        var address = new Uri(_receiver.Urls.First() + "/hook");
        await _receiver.StopAsync(Cancellation);
        using var notifier = new WebhookNotifier(address);

        Assert.Contains("could not be reached", await notifier.NotifyAsync(Asked, Cancellation));
    }

    [Fact]
    public void Links_that_decide_go_over_https_only() =>
        Assert.Throws<ArgumentException>(() => new WebhookNotifier(new Uri("http://chat.example.com/hook")));
}
