using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SelfDev.Azure.Tests.Blobs;

public enum Fault
{
    None,

    /// <summary>The request is carried out and the connection breaks before its answer.</summary>
    LoseAnswer,

    /// <summary>The connection breaks after half of the answer's body.</summary>
    CutBody,

    /// <summary>503 Server Busy; the request is not carried out.</summary>
    Busy,
}

/// <summary>Stands between a client and Azurite and breaks what it is told to.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly string _target;
    private readonly Func<HttpRequest, Fault> _fault;

    private FaultyProxy(string connectionString, Func<HttpRequest, Fault> fault)
    {
        _fault = fault;
        var endpoint = new Uri(connectionString.Split("BlobEndpoint=")[1].TrimEnd(';'));
        _target = endpoint.GetLeftPart(UriPartial.Authority);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(ForwardAsync);
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; private set; }

    public static async Task<FaultyProxy> StartAsync(string connectionString, Func<HttpRequest, Fault> fault)
    {
        var proxy = new FaultyProxy(connectionString, fault);
        await proxy._app.StartAsync();
        var address = proxy
            ._app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        proxy.ConnectionString = connectionString.Replace(proxy._target, address, StringComparison.Ordinal);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var fault = _fault(context.Request);
        if (fault == Fault.Busy)
        {
            context.Response.StatusCode = 503;
            context.Response.Headers["x-ms-error-code"] = "ServerBusy";
            return;
        }

        var raw = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_target + raw));
        if (context.Request.ContentLength is not null)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, value) in context.Request.Headers.Where(header => header.Key != "Host"))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value.ToArray()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value.ToArray());
            }
        }

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var body = await response.Content.ReadAsByteArrayAsync();
        if (fault == Fault.LoseAnswer)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (
            var (name, values) in response
                .Headers.Concat(response.Content.Headers)
                .Where(header => header.Key != "Transfer-Encoding")
        )
        {
            context.Response.Headers[name] = values.ToArray();
        }

        if (fault == Fault.CutBody)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
            await context.Response.Body.FlushAsync();
            context.Abort();
        }
        else if (body.Length > 0)
        {
            await context.Response.Body.WriteAsync(body);
        }
    }
}
