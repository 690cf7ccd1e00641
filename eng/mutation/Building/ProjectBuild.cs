using System.Text.Json;

namespace SelfDev.Mutation.Building;

/// <summary>
/// Builds projects of the workspace, and keeps what the compiler was told and where the outputs went.
/// </summary>
internal sealed class ProjectBuild(Workspace workspace)
{
    private const int ShownErrors = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    // Faults make warnings (code that cannot be reached, values that are not used) and break style rules: neither is
    // what we test.
    private static readonly string[] Properties =
    [
        "-p:TreatWarningsAsErrors=false",
        "-p:RunAnalyzers=false",
        "-p:EnforceCodeStyleInBuild=false",
        "-p:GenerateDocumentationFile=false",
        "-p:NuGetAudit=false",
        "-p:ProvideCommandLineArgs=true",
        "-p:EmitCompilerGeneratedFiles=true",
    ];

    // $(RunAnalyzers) leaves source generators on. What they write is compiled from the files, so that no generator
    // runs in our process.
    private const string Targets = """
        <Project>
          <PropertyGroup>
            <MutationFile>$(SelfDevMutationArguments)/$(MSBuildProjectName)</MutationFile>
          </PropertyGroup>
          <Target Name="MutationArguments" AfterTargets="CoreCompile" Condition="'@(CscCommandLineArgs)' != ''">
            <WriteLinesToFile File="$(MutationFile).rsp" Lines="@(CscCommandLineArgs)" Overwrite="true" />
            <WriteLinesToFile File="$(MutationFile).generated" Overwrite="true"
                              Lines="$(MSBuildProjectDirectory)/$(CompilerGeneratedFilesOutputPath)" />
          </Target>
          <Target Name="MutationOutput" AfterTargets="Build">
            <WriteLinesToFile File="$(MutationFile).output" Lines="$(TargetPath)" Overwrite="true" />
          </Target>
        </Project>
        """;

    /// <summary>
    /// Builds projects and what they refer to, all in one go: restoring and evaluating takes longer than compiling.
    /// </summary>
    /// <param name="projects">Folders, relative to the root; all in the root's solution.</param>
    /// <exception cref="MutationException">They do not build; the message holds the first errors.</exception>
    public async Task BuildAsync(IReadOnlyList<string> projects, CancellationToken cancellation)
    {
        var targets = Path.Combine(workspace.Arguments, "arguments.targets");
        await File.WriteAllTextAsync(targets, Targets, cancellation);
        var filter = workspace.InCopy("mutation.slnf");
        var solution = new { path = "SelfDev.sln", projects = projects.Select(ProjectFile) };
        await File.WriteAllTextAsync(filter, JsonSerializer.Serialize(new { solution }), cancellation);
        string[] arguments =
        [
            "build",
            filter,
            "--nologo",
            "-v",
            "q",
            "-clp:NoSummary",
            .. Properties,
            $"-p:CustomAfterMicrosoftCommonTargets={targets}",
            $"-p:SelfDevMutationArguments={workspace.Arguments}",
        ];
        var result = await ChildProcess.RunAsync(
            "dotnet",
            arguments,
            workspace.Root,
            new Dictionary<string, string>(),
            Limit,
            cancellation
        );
        if (result.ExitCode != 0)
        {
            var errors = result.Output.Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct();
            throw new MutationException(
                $"The copy does not build:\n{string.Join('\n', errors.Take(ShownErrors))}\n{result.Tail(3)}"
            );
        }
    }

    /// <summary>What the last build told the compiler: a response file.</summary>
    public string ArgumentsOf(string project) => Written(project, ".rsp");

    /// <summary>Folder of what source generators wrote for the project in the last build.</summary>
    public string GeneratedOf(string project) => File.ReadAllText(Written(project, ".generated")).Trim();

    /// <summary>Path of the built assembly.</summary>
    public string OutputOf(string project) => File.ReadAllText(Written(project, ".output")).Trim();

    private string ProjectFile(string folder) =>
        Directory.GetFiles(workspace.InCopy(folder), "*.csproj") is [var file]
            ? $"{folder}/{Path.GetFileName(file)}"
            : throw new MutationException($"{folder} holds no project, or several.");

    private string Written(string project, string ending)
    {
        var path = Path.Combine(workspace.Arguments, Path.GetFileName(project) + ending);
        return File.Exists(path)
            ? path
            : throw new MutationException(
                $"The build of {project} left no {Path.GetFileName(path)}: it was not compiled."
            );
    }
}
