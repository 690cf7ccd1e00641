using System.Globalization;
using SelfDev.Azure.Blobs;
using SelfDev.Local.Storage;
using Xunit;

namespace SelfDev.Testing;

/// <summary>
/// One Azurite a test assembly, in memory, started at the first use (under a second; the first time on a machine it
/// installs itself). Every test takes an account of its own, so that the fixed container names never collide.
/// Declare it once: <c>[assembly: AssemblyFixture(typeof(AzuriteFixture))]</c>, and take it in the test class's
/// constructor.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    // They travel in one environment variable, which Windows caps at 32,767 characters.
    private const int AccountCount = 300;

    private readonly SemaphoreSlim _starting = new(1);
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "selfdev-tests-" + Path.GetRandomFileName());
    private AzuriteProcess? _azurite;
    private int _used;

    /// <summary>The connection string of an empty account that nobody else has.</summary>
    public async Task<string> NewAccountAsync()
    {
        var azurite = await StartedAsync();
        var number = Interlocked.Increment(ref _used);
        Assert.True(number <= AccountCount, "Raise AzuriteFixture.AccountCount.");
        return azurite.ConnectionStringOf(AccountName(number));
    }

    /// <summary>A store over an account of its own, with all containers.</summary>
    public async Task<BlobArtifactStore> NewStoreAsync()
    {
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = await NewAccountAsync() });
        await store.EnsureContainersAsync(TestContext.Current.CancellationToken);
        return store;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }

        _starting.Dispose();
    }

    private static string AccountName(int number) => string.Create(CultureInfo.InvariantCulture, $"test{number}");

    private async Task<AzuriteProcess> StartedAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _azurite ??= await AzuriteProcess.StartAsync(
                new AzuriteOptions
                {
                    DataFolder = _folder,
                    InMemory = true,
                    Accounts = [.. Enumerable.Range(1, AccountCount).Select(AccountName)],
                    Progress = line => TestContext.Current.SendDiagnosticMessage(line),
                },
                CancellationToken.None
            );
        }
        finally
        {
            _starting.Release();
        }
    }
}
