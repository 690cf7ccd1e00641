using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>A web site of somebody who means harm, on another port of this machine: same site as a host there, another
/// origin.</summary>
internal sealed class AttackersSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _pages = new();

    private AttackersSite(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<AttackersSite> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var site = new AttackersSite(builder.Build());
        site._app.Run(async context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.WriteAsync(
                site._pages.GetValueOrDefault(context.Request.Path.Value!, "<!DOCTYPE html><title>nothing</title>")
            );
        });
        await site._app.StartAsync(TestContext.Current.CancellationToken);
        return site;
    }

    /// <summary>Puts a page there.</summary>
    /// <returns>Its path.</returns>
    public string Add(string body)
    {
        var path = $"/{_pages.Count}";
        _pages[path] = $"<!DOCTYPE html><meta charset=utf-8><title>You have won</title>{body}";
        return path;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
