using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SelfDev.Local.ArmSimulator;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.ArmSimulator;

/// <summary>
/// A restart finds what was there. Nothing is written on the way out, so leaving without ceremony is what a kill looks
/// like to the next process.
/// </summary>
public sealed class PersistenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-arm-").FullName;

    [Fact]
    public async Task Fleet_certificate_tokens_and_port_survive()
    {
        var options = new ArmSimulatorOptions { DataDirectory = _folder };
        Uri endpoint;
        string thumbprint;
        string token;
        await using (var before = await RawArm.StartAsync(options))
        {
            await FleetLifeTests.ScaleAsync(before, 6);
            await ExampleShapeTests.ProtectAsync(before, "1");
            (endpoint, thumbprint, token) = (
                before.Server.Endpoint,
                before.Server.Thumbprint,
                before.Server.IssueToken().Token
            );
        }

        await using var after = await RawArm.StartAsync(options);
        after.Http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal((endpoint, thumbprint), (after.Server.Endpoint, after.Server.Thumbprint));
        Assert.Equal(6, (await after.GetAsync($"{after.Set}?{RawArm.Version}"))["sku"]!["capacity"]!.GetValue<int>());
        Assert.NotNull(
            (await after.GetAsync($"{after.Set}/virtualMachines/1?{RawArm.Version}"))["properties"]!["protectionPolicy"]
        );
    }

    [Fact]
    public async Task What_was_accepted_is_written_down_once_and_what_was_refused_is_not()
    {
        var options = new ArmSimulatorOptions { DataDirectory = _folder };
        await using (var before = await RawArm.StartAsync(options))
        {
            await FleetLifeTests.ScaleAsync(before, 6);
            using var refused = await before.SendAsync(
                HttpMethod.Patch,
                $"{before.Set}?{RawArm.Version}",
                RawArm.Capacity(9),
                ifMatch: "\"no such version\""
            );
            Assert.False(refused.IsSuccessStatusCode);
        }

        await using var after = await RawArm.StartAsync(options);
        await after.GetAsync($"{after.Set}?{RawArm.Version}");

        var kept = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder, "arm-state.json"), RawArm.Cancellation)
        )!["Writes"]!.AsArray();
        var write = Assert.Single(kept)!;
        Assert.Equal("PATCH", (string?)write["Method"]);
        Assert.Equal(6, JsonNode.Parse((string)write["Body"]!)!["sku"]!["capacity"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_half_written_file_of_a_killed_process_does_no_harm()
    {
        var options = new ArmSimulatorOptions { DataDirectory = _folder };
        await using (var before = await RawArm.StartAsync(options))
        {
            await FleetLifeTests.ScaleAsync(before, 5);
        }

        await File.WriteAllTextAsync(
            Path.Combine(_folder, "arm-state.json.new"),
            "{\"ScaleSets\":[{",
            RawArm.Cancellation
        );

        await using var after = await RawArm.StartAsync(options);
        Assert.Equal(5, (await FleetLifeTests.NamesAsync(after)).Count);
    }

    [Fact]
    public async Task An_unreadable_state_is_named_with_the_way_out()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "arm-state.json"), "not json", RawArm.Cancellation);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() =>
            RawArm.StartAsync(new ArmSimulatorOptions { DataDirectory = _folder })
        );

        Assert.Contains("arm-state.json", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Delete the file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_certificate_is_replaced()
    {
        var options = new ArmSimulatorOptions { DataDirectory = _folder };
        string thumbprint;
        await using (var before = await RawArm.StartAsync(options))
        {
            thumbprint = before.Server.Thumbprint;
        }

        await File.WriteAllBytesAsync(Path.Combine(_folder, "arm-certificate.pfx"), [1, 2, 3], RawArm.Cancellation);

        await using var after = await RawArm.StartAsync(options);
        Assert.NotEqual(thumbprint, after.Server.Thumbprint);
        Assert.Equal(4, (await FleetLifeTests.NamesAsync(after)).Count);
    }

    [Fact]
    public async Task A_port_that_is_taken_by_now_is_given_up_unless_it_was_asked_for()
    {
        var options = new ArmSimulatorOptions { DataDirectory = _folder };
        int port;
        await using (var before = await RawArm.StartAsync(options))
        {
            port = before.Server.Endpoint.Port;
        }

        using var squatter = new TcpListener(IPAddress.Loopback, port);
        squatter.Start();
        await using (var elsewhere = await RawArm.StartAsync(options))
        {
            Assert.NotEqual(port, elsewhere.Server.Endpoint.Port);
        }

        await Assert.ThrowsAsync<IOException>(() => RawArm.StartAsync(new ArmSimulatorOptions { Port = port }));
    }

    [Fact]
    public async Task Secrets_are_for_the_owner_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows keeps files by access lists.");
            return;
        }

        await using var arm = await RawArm.StartAsync(new ArmSimulatorOptions { DataDirectory = _folder });

        foreach (var secret in (string[])["arm-certificate.pfx", "arm-token.key"])
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                File.GetUnixFileMode(Path.Combine(_folder, secret))
            );
        }
    }

    [Fact]
    public async Task Scale_sets_that_are_new_in_the_options_join_the_kept_ones()
    {
        await using (var before = await RawArm.StartAsync(new ArmSimulatorOptions { DataDirectory = _folder }))
        {
            await FleetLifeTests.ScaleAsync(before, 5);
        }

        await using var after = await RawArm.StartAsync(
            new ArmSimulatorOptions
            {
                DataDirectory = _folder,
                ScaleSets = [new(), new() { Name = "servevm", Capacity = 2 }],
            },
            new FakeClock()
        );

        Assert.Equal(2, after.Server.ScaleSetIds.Count);
        Assert.Equal(5, (await FleetLifeTests.NamesAsync(after)).Count);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
