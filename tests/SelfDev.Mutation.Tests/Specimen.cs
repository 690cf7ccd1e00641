using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Tests;

/// <summary>
/// A made-up class <c>Code</c> that goes through all that a file under test goes through: mutants are found, those that
/// do not compile are dropped, the rest is compiled in at once, loaded and run.
/// </summary>
internal sealed class Specimen
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path =>
                Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(path).StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
            )
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private readonly byte[] _assembly;

    private Specimen(string source, bool withTexts)
    {
        var tree = CSharpSyntaxTree.ParseText(source, Options, "Code.cs");
        var compilation = CSharpCompilation.Create(
            "Specimen",
            [tree, CSharpSyntaxTree.ParseText(SwitchSource.Text, Options, SwitchSource.FileName)],
            References,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable
            )
        );
        Assert.Empty(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));

        var found = new MutationScan(withTexts).Find(compilation.GetSemanticModel(tree), "Code.cs", firstId: 1);
        (Mutants, Dropped) = new CompileCheck(compilation).Run(found, TestContext.Current.CancellationToken);
        Text = MutatedText.Of(tree.GetRoot(), Mutants);

        using var stream = new MemoryStream();
        var emitted = compilation
            .ReplaceSyntaxTree(tree, CSharpSyntaxTree.ParseText(Text, Options, "Code.cs"))
            .Emit(stream);
        Assert.True(emitted.Success, string.Join('\n', emitted.Diagnostics) + "\n" + Text);
        _assembly = stream.ToArray();
    }

    public IReadOnlyList<Mutant> Mutants { get; }

    public IReadOnlyList<DroppedMutant> Dropped { get; }

    /// <summary>The source with the mutants in it.</summary>
    public string Text { get; }

    /// <summary>What a reader is shown, without the operator.</summary>
    public IEnumerable<string> Shown => Mutants.Select(mutant => $"{mutant.Original} -> {mutant.Mutated}");

    /// <param name="members">Members of a static class <c>Code</c>.</param>
    public static Specimen Of(string members, bool withTexts = false) =>
        OfFile(
            $$"""
            using System;
            using System.Collections.Generic;
            using System.Linq;
            using System.Threading.Tasks;
            public static class Code
            {
                {{members}}
            }
            """,
            withTexts
        );

    public static Specimen OfFile(string source, bool withTexts = false) => new(source, withTexts);

    /// <summary>Calls <c>Code.Run</c> with one mutant on; 0 for none. An exception is a result as well.</summary>
    public string Run(int mutant, params object?[] arguments) =>
        Run(SwitchSource.ActiveVariable, mutant.ToString(CultureInfo.InvariantCulture), arguments);

    /// <summary>Calls <c>Code.Run</c> with every mutant off, and says which were reached.</summary>
    public IReadOnlySet<int> Reached(params object?[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-specimen-").FullName;
        try
        {
            Run(SwitchSource.CoverageVariable, folder, arguments);
            return Directory
                .GetFiles(folder)
                .SelectMany(Lines)
                .Select(line => int.Parse(line, CultureInfo.InvariantCulture))
                .ToHashSet();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every mutant, by how it is shown, that no call tells from the original.</summary>
    public IEnumerable<string> Unnoticed(params object?[][] calls) =>
        Mutants
            .Where(mutant => calls.All(call => Run(mutant.Id, call) == Run(0, call)))
            .Select(mutant => $"{mutant.Original} -> {mutant.Mutated}");

    private string Run(string variable, string value, object?[] arguments)
    {
        // The switch reads its variable once, as the process starts: here, as the assembly is loaded.
        var context = new AssemblyLoadContext(null, isCollectible: true);
        Environment.SetEnvironmentVariable(variable, value);
        try
        {
            var assembly = context.LoadFromStream(new MemoryStream(_assembly));
            var run = assembly.GetType("Code")!.GetMethod("Run", BindingFlags.Static | BindingFlags.Public)!;
            return Describe(run.Invoke(null, arguments));
        }
        catch (TargetInvocationException thrown)
        {
            return thrown.InnerException!.GetType().Name;
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
            context.Unload();
        }
    }

    private static string Describe(object? result)
    {
        if (result is Task task)
        {
            task.Wait(TestContext.Current.CancellationToken);
            result = task.GetType().GetProperty("Result")?.GetValue(task);
        }

        return result is System.Collections.IEnumerable and not string
            ? string.Join(',', ((System.Collections.IEnumerable)result).Cast<object?>())
            : Convert.ToString(result, CultureInfo.InvariantCulture) ?? "null";
    }

    private static List<string> Lines(string path)
    {
        // The collectible assembly may not have closed it yet.
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. file.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
