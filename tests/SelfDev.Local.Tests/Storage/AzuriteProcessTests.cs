using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SelfDev.Azure.Blobs;
using SelfDev.Local.Storage;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Storage;

public sealed class AzuriteProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-tests-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_stored_is_there_at_the_next_start_and_the_key_is_only_the_users()
    {
        BlobRef blob;
        await using (var first = await LocalStorage.OpenAsync(null, Options(), Cancellation))
        {
            blob = await first.Store.WriteAsync(
                Containers.Intake,
                "log",
                "kept"u8.ToArray(),
                "text/plain",
                Cancellation
            );
            Assert.Equal(first.Azurite!.ConnectionString, AzuriteProcess.FindRunning(_folder));
        }

        Assert.Null(AzuriteProcess.FindRunning(_folder));
        await using var second = await LocalStorage.OpenAsync(null, Options(), Cancellation);

        Assert.Equal("kept", await ReadAsync(second.Store, blob));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in new[] { "azurite.key", "azurite.connection" })
            {
                Assert.Equal(
                    UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(Path.Combine(_folder, file))
                );
            }
        }
    }

    [Fact]
    public async Task A_host_killed_at_once_loses_no_blob_and_leaves_nothing_running()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(AzuriteFixture).Assembly.Location, _folder])
        {
            RedirectStandardOutput = true,
        };
        using var host = Process.Start(start)!;
        var azuriteId = int.Parse(
            (await host.StandardOutput.ReadLineAsync(Cancellation))!,
            System.Globalization.CultureInfo.InvariantCulture
        );
        var connectionString = await host.StandardOutput.ReadLineAsync(Cancellation);
        using var orphan = Process.GetProcessById(azuriteId);
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = connectionString });
        await store.EnsureContainersAsync(Cancellation);
        var blob = await store.WriteAsync(Containers.Intake, "log", "kept"u8.ToArray(), "text/plain", Cancellation);

        host.Kill(); // SIGKILL, of the host alone.
        await using var next = await LocalStorage.OpenAsync(null, Options(), Cancellation);

        Assert.True(orphan.HasExited);
        Assert.Equal("kept", await ReadAsync(next.Store, blob));
    }

    [Fact]
    public async Task Azurite_itself_killed_is_noticed_and_starts_again()
    {
        await using (var azurite = await AzuriteProcess.StartAsync(Options(), Cancellation))
        {
            using var process = Process.GetProcessById(azurite.ProcessId);
            process.Kill();
            await azurite.Exited.WaitAsync(Cancellation);
        }

        await using var next = await LocalStorage.OpenAsync(null, Options(), Cancellation);
        Assert.False(next.Azurite!.Exited.IsCompleted);
    }

    [Fact]
    public async Task A_second_host_on_the_same_data_is_refused()
    {
        await using var first = await AzuriteProcess.StartAsync(Options(), Cancellation);

        var refused = await Assert.ThrowsAsync<AzuriteException>(() =>
            AzuriteProcess.StartAsync(Options() with { BusyTimeout = TimeSpan.Zero }, Cancellation)
        );

        Assert.Contains("in use by another SelfDev host", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var taken = await Assert.ThrowsAsync<AzuriteException>(() =>
            AzuriteProcess.StartAsync(Options() with { Port = port }, Cancellation)
        );

        Assert.Contains($"Port {port} on 127.0.0.1 is taken", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storage_that_is_there_already_is_used_and_none_is_started()
    {
        await using var running = await AzuriteProcess.StartAsync(Options(), Cancellation);

        await using var storage = await LocalStorage.OpenAsync(
            running.ConnectionString,
            new AzuriteOptions { DataFolder = Path.Combine(_folder, "other") },
            Cancellation
        );

        Assert.Null(storage.Azurite);
        Assert.False(Directory.Exists(Path.Combine(_folder, "other")));
        await storage.Store.WriteAsync(Containers.Intake, "log", "x"u8.ToArray(), "text/plain", Cancellation);
    }

    [Fact]
    public async Task An_orphan_that_does_not_end_is_ended_and_a_reused_process_id_is_left_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs the program 'sleep'.");
        var pidFile = Path.Combine(_folder, "azurite.pid");
        using var stubborn = Process.Start("sleep", "600");
        WritePidFile(stubborn, TimeSpan.FromHours(-1));

        await OrphanProcess.ClearAsync(pidFile, TimeSpan.Zero, Cancellation);
        Assert.False(stubborn.HasExited);

        WritePidFile(stubborn, TimeSpan.Zero);
        await OrphanProcess.ClearAsync(pidFile, TimeSpan.Zero, Cancellation);
        await stubborn.WaitForExitAsync(Cancellation);
        Assert.False(File.Exists(pidFile));

        await File.WriteAllTextAsync(pidFile, "{\"pi", Cancellation);
        await OrphanProcess.ClearAsync(pidFile, TimeSpan.Zero, Cancellation);
        Assert.False(File.Exists(pidFile));

        void WritePidFile(Process process, TimeSpan shift)
        {
            var startedAt = new DateTimeOffset(process.StartTime.ToUniversalTime() + shift).ToUnixTimeMilliseconds();
            File.WriteAllText(
                pidFile,
                FormattableString.Invariant($"{{\"pid\":{process.Id},\"startedAt\":{startedAt}}}")
            );
        }
    }

    private static async Task<string> ReadAsync(BlobArtifactStore store, BlobRef blob)
    {
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancellation);
    }

    private AzuriteOptions Options() => new() { DataFolder = _folder };
}
