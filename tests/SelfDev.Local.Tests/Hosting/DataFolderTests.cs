using System.Runtime.Versioning;
using SelfDev.Local.Hosting;
using SelfDev.Local.Tests.Commands;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Hosting;

/// <summary>Nobody but its owner gets at what a host keeps: keys, and the raw logs that people dropped.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DataFolderTests(AzuriteFixture azurite) : IDisposable
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OpenToAll =
        OnlyOwner
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;
    private const UnixFileMode ReadByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TestFolder _folder = new();

    private DataDirectory Data => new(Path.Combine(_folder.Root, "data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_a_host_writes_is_its_owners_alone()
    {
        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0"]
        );

        Assert.Empty(InReachOfOthers(Data.Root));
        foreach (
            var secret in new[]
            {
                Data.ApiKeys,
                Data.ApprovalKeys,
                Data.LedgerKey,
                Path.Combine(Data.Root, "host.json"),
            }.Where(File.Exists)
        )
        {
            Assert.Equal(OwnersFile, File.GetUnixFileMode(secret));
        }

        Assert.True(File.Exists(Data.ApiKeys) && File.Exists(Data.LedgerKey));
    }

    [Fact]
    public async Task A_folder_that_stood_open_is_closed_and_its_owner_is_told()
    {
        var raw = _folder.Write("data/storage/__blobstorage__/raw-log", "a run's own words");
        var key = _folder.Write("data/keys/api.json", "{}");
        foreach (var folder in new[] { "data", "data/keys", "data/storage", "data/storage/__blobstorage__" })
        {
            File.SetUnixFileMode(Path.Combine(_folder.Root, folder), OpenToAll);
        }

        File.SetUnixFileMode(raw, ReadByAll);
        File.SetUnixFileMode(key, ReadByAll);
        // The measure measures: it sees both files before.
        Assert.Equal([key, raw], InReachOfOthers(Data.Root).Order(StringComparer.Ordinal));

        await using var up = await UpProcess.StartAsync(
            Data,
            await azurite.NewAccountAsync(),
            arguments: ["--port", "0"]
        );

        Assert.Empty(InReachOfOthers(Data.Root));
        Assert.Equal(OnlyOwner, File.GetUnixFileMode(Data.Root));
        Assert.Contains(
            $"data: {Data.Root} was open to others (mode 0755) and is closed now (0700).",
            up.Printed,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"data: {key} was open to others (mode 0644) and is closed now (0600).",
            up.Printed,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(OnlyOwner | UnixFileMode.GroupRead)]
    [InlineData(OnlyOwner | UnixFileMode.GroupWrite)]
    [InlineData(OnlyOwner | UnixFileMode.GroupExecute)]
    [InlineData(OnlyOwner | UnixFileMode.OtherRead)]
    [InlineData(OnlyOwner | UnixFileMode.OtherWrite)]
    [InlineData(OnlyOwner | UnixFileMode.OtherExecute)]
    public void Every_way_to_stand_open_is_closed(UnixFileMode mode)
    {
        Directory.CreateDirectory(Data.Root);
        File.SetUnixFileMode(Data.Root, mode);
        var said = new List<string>();
        Data.Create(said.Add);
        Assert.Equal(OnlyOwner, File.GetUnixFileMode(Data.Root));
        Assert.Single(said);

        said.Clear();
        Data.Create(said.Add);
        Assert.Empty(said);
    }

    [Fact]
    public async Task An_open_folder_of_somebody_elses_things_is_left_as_it_is()
    {
        var file = _folder.Write("data/thesis.txt", "mine");
        File.SetUnixFileMode(Data.Root, OpenToAll);

        (await CommandRun.OfAsync("up", "--port", "0", "--data", Data.Root)).IsRefusedWith(
            "is open to others (mode 0755) and holds things that are not SelfDev's"
        );

        Assert.Equal(OpenToAll, File.GetUnixFileMode(Data.Root));
        Assert.Equal([file], Directory.EnumerateFileSystemEntries(Data.Root));
        // Closed, it is good enough, whatever else lies there.
        File.SetUnixFileMode(Data.Root, OnlyOwner);
        Data.Create();
        Assert.True(Directory.Exists(Data.Engine));
    }

    [Fact]
    public void A_secret_is_never_readable_by_others_not_even_after_a_crash()
    {
        Data.Create();
        var leftover = _folder.Write("data/keys/x.json.new", "half");
        File.SetUnixFileMode(leftover, ReadByAll);
        DataDirectory.WriteSecret(Path.Combine(Data.Root, "keys", "x.json"), "secret");
        Assert.Equal(OwnersFile, File.GetUnixFileMode(Path.Combine(Data.Root, "keys", "x.json")));
    }

    // A file is in reach where others may read it and enter every folder from the root down to it.
    private static IEnumerable<string> InReachOfOthers(string root)
    {
        var mode = File.GetUnixFileMode(root);
        if ((mode & (UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) == 0)
        {
            return [];
        }

        return Directory
            .EnumerateFiles(root)
            .Where(file => (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
            .Concat(Directory.EnumerateDirectories(root).SelectMany(InReachOfOthers));
    }
}
