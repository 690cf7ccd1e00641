using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Lineage;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary>The opened files of an <c>analyze</c>, and the room that reads them. Dispose deletes what was
/// spooled.</summary>
internal sealed class AnalyzeInputs : IDisposable
{
    private readonly List<LocalArtifact> _artifacts;

    private AnalyzeInputs(
        List<LocalArtifact> artifacts,
        IReadOnlyList<ArtifactFile> files,
        ICapability room,
        IReadOnlyList<(string, string)> skipped
    )
    {
        _artifacts = artifacts;
        Files = files;
        Room = room;
        Skipped = skipped;
    }

    public IReadOnlyList<ArtifactFile> Files { get; }

    public ICapability Room { get; }

    /// <value>Files of a folder that the room does not read, and why. A file that was named itself is never left
    /// out.</value>
    public IReadOnlyList<(string Name, string Reason)> Skipped { get; }

    /// <exception cref="BadInputException">A kind that does not exist, files of different kinds, nothing
    /// readable.</exception>
    /// <exception cref="ArtifactUnreadableException">A path cannot be opened.</exception>
    public static AnalyzeInputs Open(CommandIo io, IReadOnlyList<string> paths, string? kind, ReadProgress progress)
    {
        if (kind is not null && io.Rooms.All(room => room.Kind != kind))
        {
            throw new BadInputException(
                $"There is no kind '{kind}'; the kinds are {string.Join(", ", io.Rooms.Select(room => room.Kind))}."
            );
        }

        if (paths.Count(path => path == "-") > 1)
        {
            throw new BadInputException("Standard input (-) can be read once only.");
        }

        var artifacts = new List<LocalArtifact>();
        try
        {
            var candidates = new List<Candidate>();
            foreach (var path in paths)
            {
                var artifact =
                    path == "-"
                        ? LocalArtifact.Spool("standard input", io.Input(), ReadLimits.Default)
                        : LocalArtifact.Open(path, ReadLimits.Default);
                artifacts.Add(artifact);
                var isFolder = path != "-" && Directory.Exists(path);
                // The names of a folder's files are relative to it: of two folders both may hold a train.log.
                candidates.AddRange(
                    artifact.Files.Select(file => new Candidate(
                        progress.Watch(
                            isFolder && paths.Count > 1 ? file with { Name = $"{path.TrimEnd('/')}/{file.Name}" } : file
                        ),
                        isFolder
                    ))
                );
            }

            var sniffer = new ArtifactSniffer(io.Rooms);
            var sniffed = candidates
                .Select(candidate => (candidate.File, candidate.OfFolder, Result: sniffer.Sniff(candidate.File, kind)))
                .ToList();
            foreach (var (file, ofFolder, result) in sniffed)
            {
                if (result.Match is null && !ofFolder)
                {
                    throw new BadInputException($"'{file.Name}': {result.Reason}");
                }
            }

            var readable = sniffed.Where(file => file.Result.Match is not null).ToList();
            if (readable.Count == 0)
            {
                throw new BadInputException(
                    $"No file of '{string.Join("', '", paths)}' can be read. '{sniffed[0].File.Name}': "
                        + $"{sniffed[0].Result.Reason}"
                );
            }

            var best = readable.MaxBy(file => file.Result.Match!.Confidence);
            var match = best.Result.Match!;
            var other = sniffed.FirstOrDefault(file => !file.OfFolder && file.Result.Match!.Kind != match.Kind);
            if (other.File is not null)
            {
                throw new BadInputException(
                    $"'{best.File.Name}' is {match.Kind}, '{other.File.Name}' is {other.Result.Match!.Kind}: name "
                        + $"files of one kind, or say --kind."
                );
            }

            var room = io.Rooms.First(candidate => candidate.Kind == match.Kind);
            return new AnalyzeInputs(
                artifacts,
                [.. sniffed.Where(file => file.Result.Match?.Kind == match.Kind).Select(file => file.File)],
                room,
                [
                    .. sniffed
                        .Where(file => file.Result.Match?.Kind != match.Kind)
                        .Select(file => (file.File.Name, WhyLeftOut(file.File.Name, file.Result, match.Kind))),
                ]
            );
        }
        catch
        {
            artifacts.ForEach(artifact => artifact.Dispose());
            throw;
        }
    }

    private static string WhyLeftOut(string name, SniffResult result, string kind) =>
        result.Match is { } foreign ? $"it is {foreign.Kind}, the others are {kind}."
        : Path.GetFileName(name) == CheckpointManifest.FileName
            ? "the manifest of a checkpoint; the pipeline finds the baseline by it, here --baseline names one."
        : result.Reason;

    /// <summary>Opens what to compare with; the room itself refuses what it cannot read.</summary>
    /// <exception cref="ArtifactUnreadableException">The path cannot be opened.</exception>
    public static Baseline OpenBaseline(string path, ReadProgress progress)
    {
        var artifact = LocalArtifact.Open(path, ReadLimits.Default);
        return new Baseline(artifact, [.. artifact.Files.Select(progress.Watch)]);
    }

    public void Dispose() => _artifacts.ForEach(artifact => artifact.Dispose());

    internal sealed record Baseline(LocalArtifact Artifact, IReadOnlyList<ArtifactFile> Files) : IDisposable
    {
        public void Dispose() => Artifact.Dispose();
    }

    private sealed record Candidate(ArtifactFile File, bool OfFolder);
}
