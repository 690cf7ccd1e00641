using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>What stands in for null: <c>??</c> with one side only, <c>?.</c> that goes on regardless.</summary>
internal sealed class Absences : IMutationOperator
{
    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } coalesce
                when !Untouched.DeclaresVariables(coalesce) => OfCoalesce(coalesce, model),
            AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceAssignmentExpression } assignment
                when !Untouched.DeclaresVariables(assignment) => OfAssignment(assignment),
            ConditionalAccessExpressionSyntax access when !Untouched.DeclaresVariables(access) => OfAccess(
                access,
                model
            ),
            _ => [],
        };

    private static IEnumerable<MutationPoint> OfCoalesce(BinaryExpressionSyntax node, SemanticModel model)
    {
        var type = model.GetTypeInfo(node).Type;
        var left = model.GetTypeInfo(node.Left).Type;
        var keepsType = SymbolEqualityComparer.Default.Equals(type, left) || !IsNullableValue(left);
        var rest = TextSpan.FromBounds(node.Left.Span.End, node.Span.End);
        yield return MutationPoint.Instead(
            node,
            "coalesce",
            $"({node.Left})" + (keepsType ? "" : ".GetValueOrDefault()"),
            rest,
            ""
        );
        if (node.Right is not ThrowExpressionSyntax && !node.Right.IsKind(SyntaxKind.NullLiteralExpression))
        {
            var before = TextSpan.FromBounds(node.SpanStart, node.Right.SpanStart);
            yield return MutationPoint.Instead(node, "coalesce", node.Right.ToString(), before, "");
        }
    }

    private static IEnumerable<MutationPoint> OfAssignment(AssignmentExpressionSyntax node)
    {
        var mutated = $"{node.Left} = {node.Right}";
        if (node.Parent is ExpressionStatementSyntax statement)
        {
            yield return MutationPoint.Instead(statement, "coalesce", mutated + ";", node.OperatorToken.Span, "=");
        }
        else if (Untouched.CanStandInBrackets(node))
        {
            yield return MutationPoint.Instead(node, "coalesce", mutated, node.OperatorToken.Span, "=");
        }
    }

    private static IEnumerable<MutationPoint> OfAccess(ConditionalAccessExpressionSyntax node, SemanticModel model)
    {
        var subject = model.GetTypeInfo(node.Expression).Type;
        var mutated = $"({node.Expression})" + (IsNullableValue(subject) ? ".Value" : "") + node.WhenNotNull;
        if (node.Parent is ExpressionStatementSyntax statement)
        {
            var token = node.OperatorToken.Span;
            yield return MutationPoint.Instead(statement, "null-conditional", mutated + ";", token, "");
        }
        else if (Untouched.CanStandInBrackets(node) && node.Parent is not ConditionalAccessExpressionSyntax)
        {
            yield return MutationPoint.Instead(node, "null-conditional", mutated, node.OperatorToken.Span, "");
        }
    }

    private static bool IsNullableValue(ITypeSymbol? type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T };
}
