namespace SelfDev.Mutation.Building;

/// <summary>
/// A copy of the repository that faults may be put into: every file that git tracks or would track, as it is in the
/// working tree. Deleted at the end unless it is to be kept.
/// </summary>
internal sealed class Workspace : IDisposable
{
    private static readonly TimeSpan GitLimit = TimeSpan.FromMinutes(1);

    private readonly string _folder;
    private readonly bool _isKept;

    private Workspace(string repository, string folder, bool isKept)
    {
        (Repository, _folder, _isKept) = (repository, folder, isKept);
        foreach (var inner in new[] { Root, Arguments, Temporary })
        {
            Directory.CreateDirectory(inner);
        }
    }

    /// <summary>The repository that was copied.</summary>
    public string Repository { get; }

    /// <summary>The copy's root.</summary>
    public string Root => Path.Combine(_folder, "repository");

    /// <summary>Where builds leave what the compiler was told.</summary>
    public string Arguments => Path.Combine(_folder, "arguments");

    /// <summary>What tests leave in the temporary folder goes with the workspace.</summary>
    public string Temporary => Path.Combine(_folder, "tmp");

    public static async Task<Workspace> CopyAsync(string repository, bool isKept, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-mutation-").FullName;
        var workspace = new Workspace(repository, folder, isKept);
        foreach (var file in await FilesAsync(repository, [], cancellation))
        {
            var target = Path.Combine(workspace.Root, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(repository, file), target);
        }

        return workspace;
    }

    /// <summary>Files that git tracks or would track.</summary>
    /// <param name="patterns">Folders or globs (<c>src/**/*.cs</c>); all files if there are none.</param>
    /// <returns>Relative to the root, with forward slashes, in ordinal order; only those that exist.</returns>
    public static async Task<IReadOnlyList<string>> FilesAsync(
        string repository,
        IEnumerable<string> patterns,
        CancellationToken cancellation
    )
    {
        string[] arguments =
        [
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
            "--",
            .. patterns.Select(pattern =>
                pattern.Contains('*', StringComparison.Ordinal) ? ":(glob)" + pattern : pattern
            ),
        ];
        var result = await ChildProcess.RunAsync(
            "git",
            arguments,
            repository,
            new Dictionary<string, string>(),
            GitLimit,
            cancellation
        );
        if (result.ExitCode != 0)
        {
            throw new MutationException($"git ls-files failed in {repository}: {result.Tail(5)}");
        }

        return
        [
            .. result
                .Output.SelectMany(line => line.Split('\0', StringSplitOptions.RemoveEmptyEntries))
                .Where(file => File.Exists(Path.Combine(repository, file)))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    public string InCopy(string file) => Path.Combine(Root, file);

    public void Dispose()
    {
        if (_isKept)
        {
            Console.WriteLine($"kept: {_folder}");
            return;
        }

        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException busy)
        {
            Console.Error.WriteLine($"{_folder} could not be deleted: {busy.Message}");
        }
    }
}
