using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Building;

/// <summary>
/// Drops the mutants that do not compile, so that all others can be compiled in at once. An error stays within the
/// member (method, property, field) that holds its mutant: so one compilation tries a group of mutants in every
/// member, and a group with an error is halved until the culprit stands alone.
/// </summary>
internal sealed partial class CompileCheck(CSharpCompilation compilation)
{
    private readonly List<DroppedMutant> _dropped = [];

    /// <param name="mutants">Of files of the compilation, which compiles without them.</param>
    /// <returns>Those that compile, all together, in the order of their ids; and those that do not.</returns>
    public (IReadOnlyList<Mutant> Sound, IReadOnlyList<DroppedMutant> Dropped) Run(
        IReadOnlyList<Mutant> mutants,
        CancellationToken cancellation
    )
    {
        var sound = new List<Mutant>();
        var open = mutants
            .GroupBy(MemberOf)
            .Select(group => new Stack<List<Mutant>>([
                [.. group],
            ]))
            .ToList();
        while (open.RemoveAll(groups => groups.Count == 0) >= 0 && open.Count > 0)
        {
            var tried = open.Select(groups => groups.Pop()).ToList();
            var errors = Errors([.. tried.SelectMany(group => group)], cancellation);
            foreach (var (group, groups) in tried.Zip(open))
            {
                if (errors.Find(error => group.Exists(mutant => error.Member.Contains(mutant.Id))) is not { } error)
                {
                    sound.AddRange(group);
                }
                else if (group is [var culprit])
                {
                    _dropped.Add(new DroppedMutant(culprit, error.Id));
                }
                else
                {
                    groups.Push(group[..(group.Count / 2)]);
                    groups.Push(group[(group.Count / 2)..]);
                }
            }
        }

        // Groups that compile each by itself may yet disturb each other.
        while (Errors(sound, cancellation) is { Count: > 0 } errors)
        {
            var close = errors
                .SelectMany(error => error.Close.Select(id => (id, error.Id)))
                .DistinctBy(pair => pair.id)
                .ToDictionary();
            var wrong = sound.Where(mutant => close.ContainsKey(mutant.Id));
            _dropped.AddRange(wrong.Select(mutant => new DroppedMutant(mutant, close[mutant.Id])));
            sound.RemoveAll(mutant => close.ContainsKey(mutant.Id));
        }

        return ([.. sound.OrderBy(mutant => mutant.Id)], _dropped);
    }

    private static SyntaxNode MemberOf(Mutant mutant) =>
        mutant.Point.Node.FirstAncestorOrSelf<MemberDeclarationSyntax>() ?? mutant.Point.Node.SyntaxTree.GetRoot();

    private List<MutationError> Errors(IReadOnlyList<Mutant> mutants, CancellationToken cancellation)
    {
        var woven = compilation;
        var trees = new List<SyntaxTree>();
        foreach (var group in mutants.GroupBy(mutant => mutant.Point.Node.SyntaxTree))
        {
            var tree = CSharpSyntaxTree.ParseText(
                MutatedText.Of(group.Key.GetRoot(cancellation), group.OrderBy(mutant => mutant.Id)),
                (CSharpParseOptions)group.Key.Options,
                group.Key.FilePath,
                System.Text.Encoding.UTF8,
                cancellation
            );
            trees.Add(tree);
            woven = woven.ReplaceSyntaxTree(group.Key, tree);
        }

        return
        [
            .. trees
                .AsParallel()
                .WithCancellation(cancellation)
                .SelectMany(tree => ErrorsIn(tree, woven, cancellation)),
        ];
    }

    // No declaration changes, so only bodies in files with mutants can break. Binding these alone takes a tenth of the
    // time.
    private static IEnumerable<MutationError> ErrorsIn(
        SyntaxTree tree,
        CSharpCompilation woven,
        CancellationToken cancellation
    )
    {
        var root = tree.GetRoot(cancellation);
        return tree.GetDiagnostics(cancellation)
            .Concat(woven.GetSemanticModel(tree).GetMethodBodyDiagnostics(cancellationToken: cancellation))
            .Where(diagnostic => diagnostic is { Severity: DiagnosticSeverity.Error, IsWarningAsError: false })
            .Select(diagnostic =>
            {
                var outer = root.FindNode(diagnostic.Location.SourceSpan).AncestorsAndSelf().ToList();
                var members = outer.OfType<MemberDeclarationSyntax>().Select(IdsIn);
                var member = members.FirstOrDefault(ids => ids.Count > 0) ?? IdsIn(root);
                var close = outer.Select(IdsIn).FirstOrDefault(ids => ids.Count > 0) ?? member;
                return member.Count > 0
                    ? new MutationError(diagnostic.Id, member, close)
                    : throw new MutationException(
                        $"{woven.AssemblyName} does not compile although no mutant is near: {diagnostic}"
                    );
            });
    }

    private static HashSet<int> IdsIn(SyntaxNode node) =>
        [
            .. SwitchCall()
                .Matches(node.ToString())
                .Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)),
        ];

    [GeneratedRegex(@"MutationSwitch\.Is\((\d+)\)")]
    private static partial Regex SwitchCall();

    /// <param name="Id">Of the compiler, e.g. <c>CS0165</c>.</param>
    /// <param name="Member">Mutants in the member where the error stands.</param>
    /// <param name="Close">Mutants in the smallest piece of code around the error that holds any.</param>
    private sealed record MutationError(string Id, IReadOnlySet<int> Member, IReadOnlySet<int> Close);
}

/// <param name="Error">Id of the compiler's error, e.g. <c>CS0165</c>.</param>
internal sealed record DroppedMutant(Mutant Mutant, string Error);
