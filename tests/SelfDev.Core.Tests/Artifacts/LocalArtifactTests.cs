using System.Text;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Tests.Artifacts;

public sealed class LocalArtifactTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_opened_as_often_as_asked()
    {
        var path = Write("a.log", "text");

        using var artifact = LocalArtifact.Open(path, ReadLimits.Default);

        var file = Assert.Single(artifact.Files);
        Assert.Equal(4, file.Length);
        Assert.Equal("text", Read(file));
        Assert.Equal("text", Read(file));
    }

    [Fact]
    public void A_folder_gives_all_files_below_it_in_order_without_hidden_ones()
    {
        foreach (var name in new[] { "b/2.log", "b/10.log", "a.log", "B.log", ".hidden/x.log", ".DS_Store", "b/.x" })
        {
            Write(name, name);
        }

        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder, "loop"), _folder);
        }

        using var artifact = LocalArtifact.Open(_folder, ReadLimits.Default);

        Assert.Equal(["B.log", "a.log", "b/10.log", "b/2.log"], artifact.Files.Select(file => file.Name));
        Assert.All(artifact.Files, file => Assert.Equal(file.Name, Read(file)));
    }

    [Fact]
    public void A_pipe_is_spooled_readable_twice_and_deleted_at_the_end()
    {
        var before = Spooled();
        using (var artifact = LocalArtifact.Spool("-", new MemoryStream("piped"u8.ToArray()), ReadLimits.Default))
        {
            var file = Assert.Single(artifact.Files);
            Assert.Equal("-", file.Name);
            Assert.Equal("piped", Read(file));
            Assert.Equal("piped", Read(file));
            Assert.Equal(5, file.Length);
        }

        Assert.Empty(Spooled().Except(before));
    }

    [Fact]
    public void An_endless_pipe_stops_at_the_cap_and_leaves_nothing()
    {
        var before = Spooled();

        Assert.Throws<ArtifactUnreadableException>(() =>
            LocalArtifact.Spool("-", new MemoryStream(new byte[1000]), ReadLimits.Default, maxBytes: 999)
        );

        Assert.Empty(Spooled().Except(before));
    }

    [Fact]
    public void What_cannot_be_opened_says_why()
    {
        var missing = Assert.Throws<ArtifactUnreadableException>(() =>
            LocalArtifact.Open(Path.Combine(_folder, "no\u001bpe"), ReadLimits.Default)
        );
        var empty = Assert.Throws<ArtifactUnreadableException>(() => LocalArtifact.Open(_folder, ReadLimits.Default));

        Assert.Contains("There is no file or folder", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', missing.Message);
        Assert.Contains("holds no file", empty.Message, StringComparison.Ordinal);
    }

    // Only this test class spools in this process; other processes' files are in both lists.
    private static HashSet<string> Spooled() =>
        [
            .. Directory
                .EnumerateFiles(Path.GetTempPath(), "selfdev-*")
                .Where(path => new FileInfo(path).Length is 5 or 1000 or 999),
        ];

    private static string Read(ArtifactFile file)
    {
        using var reader = new StreamReader(file.Open(), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
