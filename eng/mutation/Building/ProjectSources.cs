using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Building;

/// <summary>A project as the compiler saw it, in memory.</summary>
/// <param name="Project">Folder, relative to the root.</param>
/// <param name="Compilation">Of sources that were just built; holds the type of the switch.</param>
internal sealed record ProjectSources(string Project, CSharpCompilation Compilation)
{
    /// <param name="argumentsFile">The compiler's response file.</param>
    /// <param name="generatedFolder">What source generators wrote.</param>
    public static async Task<ProjectSources> LoadAsync(
        string project,
        string folder,
        string argumentsFile,
        string generatedFolder,
        CancellationToken cancellation
    )
    {
        var arguments = CSharpCommandLineParser.Default.Parse(["@" + argumentsFile], folder, sdkDirectory: null);
        var options = arguments.ParseOptions.WithDocumentationMode(DocumentationMode.None);
        var generated = Directory.Exists(generatedFolder)
            ? Directory.GetFiles(generatedFolder, "*.cs", SearchOption.AllDirectories)
            : [];
        var switchPath = Path.Combine(folder, SwitchSource.FileName);
        var trees = new List<SyntaxTree>
        {
            CSharpSyntaxTree.ParseText(SwitchSource.Text, options, switchPath, cancellationToken: cancellation),
        };
        foreach (var path in arguments.SourceFiles.Select(source => source.Path).Concat(generated).Distinct())
        {
            var text = SourceText.From(await File.ReadAllTextAsync(path, cancellation), System.Text.Encoding.UTF8);
            trees.Add(CSharpSyntaxTree.ParseText(text, options, path, cancellation));
        }

        var compilation = CSharpCompilation.Create(
            arguments.CompilationName,
            trees,
            arguments.MetadataReferences.Select(reference =>
                MetadataReference.CreateFromFile(reference.Reference, reference.Properties)
            ),
            arguments.CompilationOptions.WithGeneralDiagnosticOption(ReportDiagnostic.Default)
        );
        return new ProjectSources(project, compilation);
    }
}
