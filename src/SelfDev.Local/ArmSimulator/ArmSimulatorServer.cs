using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// Azure Resource Manager for scale sets, on loopback, over the genuine wire protocol: whatever drives ARM drives this
/// unmodified. HTTPS with a self-signed certificate that clients pin by <see cref="Thumbprint"/>. With a data
/// directory, a process that is killed and started again finds the same fleet, the same running operations, the same
/// port and certificate.
/// </summary>
public sealed class ArmSimulatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ArmTrust _trust;
    private readonly ArmStateFile _file;
    private readonly SimulatedFleet _fleet;
    private readonly ArmSimulatorOptions _options;
    private readonly TimeProvider _clock;
    private readonly ArmFrontDoor _frontDoor;
    private readonly Lock _turn = new();
    private readonly List<ArmRequestEntry> _log = [];

    private ArmSimulatorServer(
        ArmSimulatorOptions options,
        TimeProvider clock,
        ArmTrust trust,
        ArmStateFile file,
        ArmState state,
        int port
    )
    {
        _options = options;
        _clock = clock;
        _trust = trust;
        _file = file;
        _frontDoor = new ArmFrontDoor(options, trust, Faults, clock);
        _fleet = new SimulatedFleet(state, options, Faults, clock);
        _fleet.Seed();
        _app = Build(port);
    }

    /// <value>What goes wrong next.</value>
    public ArmFaults Faults { get; } = new();

    /// <value>Where it listens, e.g. <c>https://127.0.0.1:7443</c>.</value>
    public Uri Endpoint { get; private set; } = null!;

    /// <value>Upper-case hex SHA-256 of its certificate.</value>
    public string Thumbprint => _trust.Thumbprint;

    /// <value>Resource ids of the scale sets.</value>
    public IReadOnlyList<string> ScaleSetIds
    {
        get
        {
            lock (_turn)
            {
                return [.. _fleet.State.ScaleSets.Select(set => set.ResourceId)];
            }
        }
    }

    /// <value>All requests since the start, in the order in which they were answered.</value>
    public IReadOnlyList<ArmRequestEntry> Requests
    {
        get
        {
            lock (_turn)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>Starts listening. If the port of the last start is taken, another is chosen: clients that kept the old
    /// address will not find it.</summary>
    /// <exception cref="IOException">The configured port is taken.</exception>
    /// <exception cref="InvalidDataException">The kept state is unreadable.</exception>
    public static async Task<ArmSimulatorServer> StartAsync(
        ArmSimulatorOptions options,
        TimeProvider clock,
        CancellationToken cancellation = default
    )
    {
        if (options.DataDirectory is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var file = new ArmStateFile(options.DataDirectory);
        var state = file.Load();
        var port = options.Port != 0 ? options.Port : state.Port;
        try
        {
            return await StartAsync(options, clock, file, state, port, cancellation);
        }
        catch (IOException taken) when (options.Port == 0 && port != 0 && taken.InnerException is AddressInUseException)
        {
            return await StartAsync(options, clock, file, state, 0, cancellation);
        }
    }

    /// <summary>A bearer token that this simulator accepts for that long (default: an hour).</summary>
    public AccessToken IssueToken(TimeSpan? lifetime = null) => _trust.IssueToken(lifetime ?? TimeSpan.FromHours(1));

    /// <summary>Takes a spot instance back at once, as the platform would.</summary>
    public void Evict(string scaleSetId, string instanceId) =>
        Change(
            scaleSetId,
            set =>
                _fleet.Evict(
                    set,
                    set.Instances.Find(instance =>
                        instance.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) == instanceId
                    ) ?? throw new ArgumentException($"No instance {instanceId} in {scaleSetId}.", nameof(instanceId))
                )
        );

    /// <summary>Changes a scale set behind the back of everybody who has read it: a new ETag, and a capacity if one is
    /// given.</summary>
    public void ChangeByOthers(string scaleSetId, int? capacity = null) =>
        Change(scaleSetId, set => _fleet.ChangeByOthers(set, capacity));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _trust.Dispose();
    }

    private static async Task<ArmSimulatorServer> StartAsync(
        ArmSimulatorOptions options,
        TimeProvider clock,
        ArmStateFile file,
        ArmState state,
        int port,
        CancellationToken cancellation
    )
    {
        var server = new ArmSimulatorServer(options, clock, new ArmTrust(options.DataDirectory), file, state, port);
        try
        {
            await server._app.StartAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.Endpoint = new Uri(
            server
                ._app.Services.GetRequiredService<IServer>()
                .Features.Get<IServerAddressesFeature>()!
                .Addresses.Single()
        );
        state.Port = server.Endpoint.Port;
        file.Save(state);
        return server;
    }

    private WebApplication Build(int port)
    {
        // Nothing but what stands here: other builders read the environment and appsettings.json, which could have it
        // listen elsewhere too.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = 1 << 20;
                kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(_trust.Certificate));
            });
        var app = builder.Build();
        app.Use(AnswerUnroutedAsync);
        app.UseRouting();
        foreach (var route in ArmRoutes.Of(new ArmOperations(_fleet, _options, Faults)))
        {
            app.MapMethods(
                route.Pattern,
                [route.Method],
                (HttpContext context) => AnswerAsync(context, route.Action, route.Operation)
            );
        }

        return app;
    }

    // ARM answers what it does not know with its own error body, never with an empty 404.
    private async Task AnswerUnroutedAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.GetEndpoint() is null || context.Response is { HasStarted: false, StatusCode: 405 })
        {
            var path = context.Request.Path.ToString();
            await AnswerAsync(
                context,
                action: null,
                _ =>
                    throw (
                        context.Response.StatusCode == 405
                            ? new ArmError(
                                405,
                                "HttpMethodNotSupported",
                                $"The HTTP method '{context.Request.Method}' is not supported at scope '{path}'."
                            )
                            : new ArmError(
                                404,
                                "InvalidResourceType",
                                $"The resource type could not be found for '{path}'."
                            )
                    )
            );
        }
    }

    private async Task AnswerAsync(HttpContext context, string? action, Func<ArmCall, ArmAnswer> operation)
    {
        var request = context.Request;
        var exchange = new ArmExchange(context, _clock);
        JsonNode? body = null;
        var bodyIsJson = true;
        try
        {
            body = request.ContentLength == 0 || request.Method is "GET" or "DELETE" ? null : await ReadAsync(context);
        }
        catch (JsonException)
        {
            bodyIsJson = false;
        }

        ArmAnswer? answer = null;
        ArmError? error = null;
        lock (_turn)
        {
            if (Faults.Take(ArmFaults.FaultKind.LoseRequest, request.Method) is not null)
            {
                _log.Add(exchange.Entry(0, "lose-request"));
                context.Abort();
                return;
            }

            try
            {
                _frontDoor.Check(request, action, exchange);
                if (!bodyIsJson)
                {
                    throw new ArmError(
                        400,
                        "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: it is not JSON."
                    );
                }

                _fleet.Settle();
                exchange.Origin =
                    Faults.Take(ArmFaults.FaultKind.ForeignLinks, request.Method)?.Text ?? exchange.Origin;
                answer = operation(
                    new ArmCall(
                        new RouteValues(request.RouteValues),
                        request.Query,
                        request.Headers,
                        body,
                        exchange.Origin,
                        request.Query["api-version"].ToString()
                    )
                );
                if (request.Method != "GET")
                {
                    exchange.NoteWrite(_fleet.State.Writes, body, answer.Status);
                    _file.Save(_fleet.State);
                }
            }
            catch (ArmError refused)
            {
                error = refused;
            }

            if (Faults.Take(ArmFaults.FaultKind.LoseResponse, request.Method) is not null)
            {
                _log.Add(exchange.Entry(error?.Status ?? answer!.Status, "lose-response"));
                context.Abort();
                return;
            }

            _log.Add(exchange.Entry(error?.Status ?? answer!.Status, error?.Fault));
        }

        await (error is null ? exchange.SendAsync(answer!, _options.PollInterval) : exchange.SendAsync(error));
    }

    private void Change(string scaleSetId, Action<ScaleSetState> change)
    {
        lock (_turn)
        {
            _fleet.Settle();
            change(
                _fleet.State.ScaleSets.Find(set =>
                    string.Equals(set.ResourceId, scaleSetId, StringComparison.OrdinalIgnoreCase)
                ) ?? throw new ArgumentException($"No scale set {scaleSetId}.", nameof(scaleSetId))
            );
            _file.Save(_fleet.State);
        }
    }

    private static async Task<JsonNode?> ReadAsync(HttpContext context)
    {
        using var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content, context.RequestAborted);
        return content.Length == 0 ? null : JsonNode.Parse(content.ToArray());
    }
}
