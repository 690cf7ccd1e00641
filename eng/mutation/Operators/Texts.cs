using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>
/// Texts that become empty, except in messages of exceptions. Off unless asked for: most texts are words for people.
/// </summary>
internal sealed class Texts : IMutationOperator
{
    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model)
    {
        if (
            node is LiteralExpressionSyntax { RawKind: (int)SyntaxKind.StringLiteralExpression } literal
            && literal.Token.ValueText.Length > 0
            && !literal.Ancestors().Any(outer => outer is ThrowStatementSyntax or ThrowExpressionSyntax)
        )
        {
            yield return MutationPoint.Instead(literal, "text", "\"\"");
        }
    }
}
