using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Spool;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Spool;

/// <summary>
/// A spool over storage that forgets. <see cref="StartAsync"/> is a start of the host: everything in memory is new.
/// </summary>
internal sealed class SpoolUnderTest : IDisposable
{
    public SpoolUnderTest()
    {
        Storage = new ForgetfulStore(Clock);
        Start();
    }

    public FakeClock Clock { get; } = new();

    public ForgetfulStore Storage { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("selfdev-spool-").FullName;

    public long Free { get; set; } = long.MaxValue;

    public bool MayForget { get; set; }

    /// <value>As of the next <see cref="StartAsync"/>.</value>
    public long PutLaterBytes { get; set; } = long.MaxValue;

    public SpooledStore Store { get; private set; } = null!;

    public SpoolKeeper Keeper { get; private set; } = null!;

    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal)];

    private SpoolReplay Replay { get; set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <returns>How many entries were put again.</returns>
    public Task<int> StartAsync()
    {
        Keeper.Dispose();
        Start();
        return Replay.RunAsync(Cancellation);
    }

    public Task<BlobRef> DropAsync(string name, string text) =>
        Store.WriteAsync(
            Containers.Intake,
            name,
            new MemoryStream(Encoding.UTF8.GetBytes(text)),
            "text/plain",
            new Dictionary<string, string> { ["selfdevdroppedby"] = "ana" },
            Cancellation
        );

    public Task<bool> CommandAsync(string name, string text) =>
        Store.TryCreateAsync(Containers.Commands, name, Encoding.UTF8.GetBytes(text), "application/json", Cancellation);

    public Task TendAsync() => Keeper.TendAsync(Cancellation);

    public void Dispose()
    {
        Keeper.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Start()
    {
        var options = new SpoolOptions
        {
            Folder = Folder,
            FreeBytes = _ => Free,
            PutLaterBytes = PutLaterBytes,
        };
        var folder = new SpoolFolder(options, Clock, NullLogger<SpoolFolder>.Instance);
        var (table, turns, blobs) = (new SpoolTable(folder), new NameTurns(), new SpooledBlobs(Storage, folder));
        Store = new SpooledStore(
            Storage,
            folder,
            table,
            blobs,
            turns,
            options,
            Clock,
            NullLogger<SpooledStore>.Instance
        );
        Replay = new SpoolReplay(Storage, folder, table, blobs, Clock, NullLogger<SpoolReplay>.Instance);
        Keeper = new SpoolKeeper(
            Storage,
            table,
            blobs,
            turns,
            new SavedDisk(this),
            options,
            Clock,
            NullLogger<SpoolKeeper>.Instance
        );
    }

    /// <summary>The disk of <see cref="ForgetfulStore"/>.</summary>
    private sealed class SavedDisk(SpoolUnderTest owner) : IStorageDisk
    {
        public bool MayForget => owner.MayForget;

        public Task<DiskState> LookAsync(
            IReadOnlyList<(SpoolEntry Entry, DateTimeOffset PutAt)> held,
            CancellationToken cancellation
        ) =>
            Task.FromResult(
                new DiskState(
                    owner.Storage.Savings.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    held.Select(one => one.Entry)
                        .Where(entry => owner.Storage.HasSaved(entry.Container, entry.Name, entry.Mark))
                        .Select(entry => entry.Mark)
                        .ToHashSet(StringComparer.Ordinal)
                )
            );
    }
}
