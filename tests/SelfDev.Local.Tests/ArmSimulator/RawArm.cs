using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SelfDev.Local.ArmSimulator;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.ArmSimulator;

/// <summary>The simulator as it looks on the wire, with no SDK in between.</summary>
internal sealed class RawArm : IAsyncDisposable
{
    public const string Version = "api-version=2024-11-01";

    private RawArm(ArmSimulatorServer server, FakeClock clock)
    {
        Server = server;
        Clock = clock;
        Http = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                SslOptions =
                {
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                        certificate?.GetCertHashString(HashAlgorithmName.SHA256) == server.Thumbprint,
                },
            }
        )
        {
            BaseAddress = server.Endpoint,
        };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.IssueToken().Token);
    }

    public ArmSimulatorServer Server { get; }

    public FakeClock Clock { get; }

    public HttpClient Http { get; }

    public string Set => Server.ScaleSetIds[0];

    public string Subscription => Set[..Set.IndexOf("/resourceGroups", StringComparison.Ordinal)];

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RawArm> StartAsync(ArmSimulatorOptions? options = null, FakeClock? clock = null)
    {
        clock ??= new FakeClock();
        return new RawArm(
            await ArmSimulatorServer.StartAsync(options ?? new ArmSimulatorOptions(), clock, Cancellation),
            clock
        );
    }

    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string address,
        JsonNode? body = null,
        string? ifMatch = null
    )
    {
        var request = new HttpRequestMessage(method, address)
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return Http.SendAsync(request, Cancellation);
    }

    public async Task<JsonObject> GetAsync(string address)
    {
        using var response = await SendAsync(HttpMethod.Get, address);
        Assert.Equal(200, (int)response.StatusCode);
        return await ReadAsync(response);
    }

    public static async Task<JsonObject> ReadAsync(HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!.AsObject();

    /// <summary>Status code and the <c>error.code</c> of the body.</summary>
    public async Task<(int Status, string Code)> RefusalAsync(
        HttpMethod method,
        string address,
        JsonNode? body = null,
        string? ifMatch = null
    )
    {
        using var response = await SendAsync(method, address, body, ifMatch);
        return ((int)response.StatusCode, (await ReadAsync(response))["error"]!["code"]!.GetValue<string>());
    }

    public static JsonObject Capacity(int capacity) => new() { ["sku"] = new JsonObject { ["capacity"] = capacity } };

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
    }
}
