using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;
using SelfDev.Local.Tests.Commands;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Hosting;

/// <summary>Who can reach a local host, and what it says when it cannot listen.</summary>
public sealed class ListeningTests(AzuriteFixture azurite) : IDisposable
{
    private static readonly IPAddress Loopback2 = IPAddress.Parse("127.0.0.2");

    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DataDirectory Data => new(Path.Combine(_folder.Root, "data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_being_asked_it_listens_on_loopback_only()
    {
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0"]
        );

        Assert.Equal("127.0.0.1", new Uri(up.Address.Url).Host);
        Assert.Equal(IPAddress.Loopback, new LocalHostOptions { Data = Data }.Address);
        Assert.Equal(HttpStatusCode.OK, await HealthAsync(IPAddress.Loopback, up.Port));
        // Linux has all of 127/8; a host on every address would answer at each of these.
        foreach (var other in OwnAddresses().Append(Loopback2))
        {
            Assert.Null(await HealthAsync(other, up.Port));
        }
    }

    [Fact]
    public async Task Neither_the_environment_nor_a_file_of_the_current_folder_moves_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a second loopback address.");
        var port = FreePort();
        _folder.Write(
            "appsettings.json",
            $$$"""
            { "Kestrel": { "Endpoints": { "Other": { "Url": "http://127.0.0.2:{{{port}}}" } } }, "Urls": "http://127.0.0.2:{{{port}}}", "Logging": { "LogLevel": { "Default": "Trace", "Microsoft.AspNetCore.Hosting": "Trace" } } }
            """
        );
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.2:{port}",
            ["ASPNETCORE_HTTP_PORTS"] = $"{port}",
            ["Kestrel__Endpoints__Another__Url"] = $"http://127.0.0.2:{port}",
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["Logging__LogLevel__Microsoft.AspNetCore.Hosting"] = "Trace",
        };
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            environment,
            _folder.Root,
            "--port",
            "0"
        );

        Assert.Equal(HttpStatusCode.OK, await HealthAsync(IPAddress.Loopback, up.Port));
        Assert.Null(await HealthAsync(Loopback2, up.Port));
        Assert.Null(await HealthAsync(Loopback2, port));
        Assert.DoesNotContain("Microsoft.AspNetCore", up.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asked_to_it_listens_on_that_address_and_no_other()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a second loopback address.");
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0", "--bind", "127.0.0.2"]
        );

        Assert.Equal("127.0.0.2", new Uri(up.Address.Url).Host);
        Assert.Equal(HttpStatusCode.OK, await HealthAsync(Loopback2, up.Port));
        Assert.Null(await HealthAsync(IPAddress.Loopback, up.Port));
    }

    [Fact]
    public async Task On_every_address_it_answers_at_each_and_under_no_foreign_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a second loopback address.");
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0", "--bind", "0.0.0.0"]
        );

        // The other verbs reach it by what it wrote down.
        Assert.Equal("127.0.0.1", new Uri(up.Address.Url).Host);
        foreach (var address in OwnAddresses().Append(Loopback2).Append(IPAddress.Loopback))
        {
            Assert.Equal(HttpStatusCode.OK, await GetAsync(address, up, null));
            Assert.Equal(HttpStatusCode.MisdirectedRequest, await GetAsync(address, up, "evil.example"));
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--verbose")]
    public async Task A_port_that_is_taken_is_one_line_and_exit_code_2(params string[] more)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var run = await ProcessRun.OfAsync(
            await azurite.NewAccountAsync(),
            ["up", "--port", $"{port}", "--data", Data.Root, .. more]
        );

        Assert.Equal(
            (
                ExitCodes.BadInput,
                $"selfdev: Port {port} is taken: is another host running? Choose another with --port, or 0 for any.\n"
            ),
            (run.ExitCode, run.Error)
        );
    }

    [Fact]
    public async Task An_address_of_another_machine_is_one_line_and_exit_code_2()
    {
        // TEST-NET-1: nobody has it.
        var run = await ProcessRun.OfAsync(
            await azurite.NewAccountAsync(),
            ["up", "--port", "0", "--bind", "192.0.2.1", "--data", Data.Root]
        );

        Assert.Equal(
            (ExitCodes.BadInput, "selfdev: This machine has no address 192.0.2.1. Choose another with --bind.\n"),
            (run.ExitCode, run.Error)
        );
    }

    private static IEnumerable<IPAddress> OwnAddresses() =>
        NetworkInterface
            .GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <returns>Null where nobody listens.</returns>
    private static async Task<HttpStatusCode?> HealthAsync(IPAddress address, int port)
    {
        try
        {
            using var client = Client();
            using var response = await client.GetAsync(new Uri($"http://{address}:{port}/healthz"), Cancel);
            return response.StatusCode;
        }
        catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
        {
            return null;
        }
    }

    private static async Task<HttpStatusCode> GetAsync(IPAddress address, UpProcess up, string? name)
    {
        using var client = Client();
        using var message = new HttpRequestMessage(
            HttpMethod.Get,
            new Uri($"http://{address}:{up.Port}/api/approvals")
        );
        message.Headers.Add(HostClient.KeyHeader, up.Address.Key);
        message.Headers.Host = name;
        using var response = await client.SendAsync(message, Cancel);
        return response.StatusCode;
    }

    private static HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false });
}
