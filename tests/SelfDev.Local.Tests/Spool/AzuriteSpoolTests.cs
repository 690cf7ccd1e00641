using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Local.Spool;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Spool;

/// <summary>The genuine Azurite, killed: what it forgets, and what its files say before it does.</summary>
public sealed class AzuriteSpoolTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("selfdev-spool-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Killed_right_after_three_drops_it_has_none_of_them_and_the_next_start_has_all()
    {
        await using (var first = await OpenAsync())
        {
            for (var number = 0; number < 3; number++)
            {
                await DropAsync(first.Services, number, bytes: 100_000);
            }

            await KillAsync(first.Storage);
        }

        await using var second = await OpenAsync();
        Assert.Empty(await NamesAsync(second.Storage.Store));

        Assert.Equal(3, await second.Services.GetRequiredService<SpoolReplay>().RunAsync(Cancellation));

        Assert.Equal(
            ["training/run0/log", "training/run1/log", "training/run2/log"],
            await NamesAsync(second.Storage.Store)
        );
    }

    [Fact]
    public async Task What_was_let_go_survives_the_kill()
    {
        await using (var first = await OpenAsync())
        {
            // In one piece, in several, and empty.
            await DropAsync(first.Services, 0, bytes: 10);
            await DropAsync(first.Services, 1, bytes: 9 << 20);
            await DropAsync(first.Services, 2, bytes: 0);
            Assert.Equal(3, Held());
            while (Held() > 0)
            {
                await first.Services.GetRequiredService<SpoolKeeper>().TendAsync(Cancellation);
                await Task.Yield();
            }

            await KillAsync(first.Storage);
        }

        await using var second = await OpenAsync();
        Assert.Equal(0, await second.Services.GetRequiredService<SpoolReplay>().RunAsync(Cancellation));

        for (var number = 0; number < 3; number++)
        {
            await using var content = await second.Storage.Store.OpenReadAsync(
                new BlobRef(Containers.Intake, $"training/run{number}/log", null),
                Cancellation
            );
            Assert.Equal(
                number switch
                {
                    0 => 10,
                    1 => 9 << 20,
                    _ => 0,
                },
                content.Length
            );
            await content.CopyToAsync(Stream.Null, Cancellation);
        }
    }

    [Fact]
    public async Task After_an_end_in_order_nothing_is_left_to_look_at()
    {
        var opened = await OpenAsync();
        await DropAsync(opened.Services, 0, bytes: 10);
        Assert.Equal(1, Held());
        await opened.Storage.DisposeAsync();

        await opened.Services.GetRequiredService<SpoolKeeper>().TryLetGoAsync();

        Assert.Equal(0, Held());
        await opened.Services.DisposeAsync();
    }

    private int Held() => Directory.EnumerateFiles(Path.Combine(_root, "spool"), "*.drop").Count();

    private async Task<Opened> OpenAsync()
    {
        var storage = await LocalStorage.OpenAsync(
            null,
            new AzuriteOptions { DataFolder = Path.Combine(_root, "storage") },
            Cancellation
        );
        return new Opened(
            storage,
            new ServiceCollection()
                .AddLogging()
                .AddSingleton(TimeProvider.System)
                .AddSpool(new SpoolOptions { Folder = Path.Combine(_root, "spool") }, storage)
                .BuildServiceProvider()
        );
    }

    private static Task<BlobRef> DropAsync(IServiceProvider services, int number, int bytes) =>
        services
            .GetRequiredService<SpooledStore>()
            .WriteAsync(
                Containers.Intake,
                $"training/run{number}/log",
                Encoding.UTF8.GetBytes(new string('x', bytes)),
                "text/plain",
                Cancellation
            );

    private static async Task<IReadOnlyList<string>> NamesAsync(IArtifactStore store)
    {
        var names = new List<string>();
        await foreach (var blob in store.ListAsync(Containers.Intake, "", Cancellation))
        {
            names.Add(blob.Blob.Name);
        }

        return names;
    }

    private static async Task KillAsync(LocalStorage storage)
    {
        using var process = Process.GetProcessById(storage.Azurite!.ProcessId);
        process.Kill(); // SIGKILL: it saves nothing.
        await storage.Azurite.Exited;
    }

    private sealed record Opened(LocalStorage Storage, ServiceProvider Services) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Services.DisposeAsync();
            await Storage.DisposeAsync();
        }
    }
}
