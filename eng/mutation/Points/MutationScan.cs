using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Operators;

namespace SelfDev.Mutation.Points;

/// <summary>Finds every place of a file where a fault can be put in.</summary>
internal sealed partial class MutationScan(bool withTexts)
{
    private readonly IMutationOperator[] _operators =
    [
        new Relations(),
        new Conditions(),
        new Calculations(),
        new Statements(),
        new Absences(),
        new Arms(),
        new Sequences(),
        .. withTexts ? [new Texts()] : Array.Empty<IMutationOperator>(),
    ];

    /// <param name="model">Of the file as it is; the file compiles.</param>
    /// <param name="file">Path as it is reported.</param>
    /// <param name="firstId">Id of the first mutant; the others follow.</param>
    /// <returns>In the order of the file; not all of them compile.</returns>
    public IReadOnlyList<Mutant> Find(SemanticModel model, string file, int firstId)
    {
        var points = model
            .SyntaxTree.GetRoot()
            .DescendantNodes(node => Untouched.Enters(node, model))
            .Where(node => Untouched.Enters(node, model))
            .SelectMany(node => _operators.SelectMany(one => one.Propose(node, model)))
            // A preprocessor line inside cannot be moved into brackets.
            .Where(point => !point.Node.ContainsDirectives)
            .Where(point => point.Node is not ExpressionSyntax expression || Untouched.CanStandInBrackets(expression))
            // A condition may be turned round by two operators.
            .DistinctBy(point => (point.Node, point.Changed, point.ChangedTo));
        return [.. points.Select((point, number) => Describe(point, file, firstId + number))];
    }

    private static Mutant Describe(MutationPoint point, string file, int id)
    {
        var shown = point.Shown.ToString();
        var start = point.Changed.Start - point.Shown.SpanStart;
        var mutated = shown[..start] + point.ChangedTo + shown[(start + point.Changed.Length)..];
        var line = point.Shown.SyntaxTree.GetLineSpan(point.Changed).StartLinePosition.Line + 1;
        return new Mutant(
            id,
            file,
            line,
            MemberOf(point.Node),
            point.Operator,
            OnOneLine(shown),
            OnOneLine(mutated),
            point
        );
    }

    private static string OnOneLine(string code) => WhiteSpace().Replace(code, " ").Trim();

    private static string MemberOf(SyntaxNode node)
    {
        var names = node.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().Select(Name);
        return string.Join('.', names.Where(name => name.Length > 0).Take(2).Reverse());
    }

    private static string Name(MemberDeclarationSyntax member) =>
        member switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            PropertyDeclarationSyntax property => property.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            IndexerDeclarationSyntax => "this[]",
            OperatorDeclarationSyntax method => "operator " + method.OperatorToken.Text,
            FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
            BaseTypeDeclarationSyntax type => type.Identifier.Text,
            _ => "",
        };

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
