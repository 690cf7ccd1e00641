using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>Comparisons by operator or pattern: the boundary moved, and the answer turned round.</summary>
internal sealed class Relations : IMutationOperator
{
    private static readonly Dictionary<SyntaxKind, (string Name, string Text)[]> Swaps = new()
    {
        [SyntaxKind.LessThanToken] = [("boundary", "<="), ("relation", ">=")],
        [SyntaxKind.LessThanEqualsToken] = [("boundary", "<"), ("relation", ">")],
        [SyntaxKind.GreaterThanToken] = [("boundary", ">="), ("relation", "<=")],
        [SyntaxKind.GreaterThanEqualsToken] = [("boundary", ">"), ("relation", "<")],
        [SyntaxKind.EqualsEqualsToken] = [("equality", "!=")],
        [SyntaxKind.ExclamationEqualsToken] = [("equality", "==")],
    };

    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            BinaryExpressionSyntax binary => OfOperator(binary),
            IsPatternExpressionSyntax matching => OfPattern(matching),
            _ => [],
        };

    private static IEnumerable<MutationPoint> OfOperator(BinaryExpressionSyntax node)
    {
        if (!Swaps.TryGetValue(node.OperatorToken.Kind(), out var swaps) || Untouched.DeclaresVariables(node))
        {
            return [];
        }

        return swaps.Select(swap =>
            MutationPoint.Instead(
                node,
                swap.Name,
                $"({node.Left}) {swap.Text} ({node.Right})",
                node.OperatorToken.Span,
                swap.Text
            )
        );
    }

    private static IEnumerable<MutationPoint> OfPattern(IsPatternExpressionSyntax node)
    {
        if (Untouched.DeclaresVariables(node))
        {
            yield break;
        }

        var (pattern, text) = (node.Pattern, node.ToString());
        var (reversed, changed, changedTo) = pattern is UnaryPatternSyntax not
            ? ($"({node.Expression}) is ({not.Pattern})", not.OperatorToken.Span, "")
            : ($"({node.Expression}) is not ({pattern})", new TextSpan(pattern.SpanStart, 0), "not ");
        yield return MutationPoint.Instead(node, "equality", reversed, changed, changedTo);

        foreach (var part in pattern.DescendantNodesAndSelf())
        {
            var token = part switch
            {
                RelationalPatternSyntax relational => relational.OperatorToken,
                BinaryPatternSyntax binary => binary.OperatorToken,
                _ => default,
            };
            var swaps = token.Kind() switch
            {
                SyntaxKind.AndKeyword => [("logic", "or")],
                SyntaxKind.OrKeyword => [("logic", "and")],
                var kind => Swaps.GetValueOrDefault(kind, []),
            };
            foreach (var (name, swap) in swaps)
            {
                var at = token.SpanStart - node.SpanStart;
                var mutated = text[..at] + swap + text[(at + token.Span.Length)..];
                yield return MutationPoint.Instead(node, name, mutated, token.Span, swap);
            }
        }
    }
}
