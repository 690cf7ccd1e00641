using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>
/// Boolean logic: <c>&amp;&amp;</c> and <c>||</c> exchanged, each operand ignored, conditions and results turned round,
/// literals the other way.
/// </summary>
internal sealed class Conditions : IMutationOperator
{
    private const int And = (int)SyntaxKind.LogicalAndExpression;
    private const int Or = (int)SyntaxKind.LogicalOrExpression;
    private const int True = (int)SyntaxKind.TrueLiteralExpression;
    private const int False = (int)SyntaxKind.FalseLiteralExpression;

    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            BinaryExpressionSyntax { RawKind: And or Or } logic => OfLogic(logic),
            PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalNotExpression } not => OfNot(not),
            LiteralExpressionSyntax { RawKind: True or False } literal => OfLiteral(literal),
            IfStatementSyntax choice => Reversed(choice.Condition),
            ConditionalExpressionSyntax choice => Reversed(choice.Condition),
            WhenClauseSyntax guard => Reversed(guard.Condition),
            CatchFilterClauseSyntax filter => Reversed(filter.FilterExpression),
            // Never entered rather than never left: a loop without end costs a whole time limit and proves no more.
            WhileStatementSyntax { Condition: not LiteralExpressionSyntax } loop =>
            [
                MutationPoint.AlwaysFalse(loop.Condition, "condition", loop.Condition),
            ],
            ForStatementSyntax { Condition: { } condition } =>
            [
                MutationPoint.AlwaysFalse(condition, "condition", condition),
            ],
            DoStatementSyntax loop => [MutationPoint.AlwaysFalse(loop.Condition, "condition", loop.Condition)],
            ReturnStatementSyntax { Expression: { } result } => IsBoolean(result, model) ? Reversed(result) : [],
            ArrowExpressionClauseSyntax { Expression: var result } => IsBoolean(result, model) ? Reversed(result) : [],
            SimpleLambdaExpressionSyntax { ExpressionBody: { } result } => IsBoolean(result, model)
                ? Reversed(result)
                : [],
            ParenthesizedLambdaExpressionSyntax { ExpressionBody: { } result } => IsBoolean(result, model)
                ? Reversed(result)
                : [],
            _ => [],
        };

    private static IEnumerable<MutationPoint> OfLogic(BinaryExpressionSyntax node)
    {
        var isAnd = node.RawKind == And;
        if (!Untouched.DeclaresVariables(node))
        {
            var swap = isAnd ? "||" : "&&";
            var mutated = $"({node.Left}) {swap} ({node.Right})";
            yield return MutationPoint.Instead(node, "logic", mutated, node.OperatorToken.Span, swap);
        }

        // Of a chain every link ignores its right operand, and only the first one its left.
        var operands = node.Left.IsKind(node.Kind()) ? new[] { node.Right } : [node.Left, node.Right];
        foreach (var operand in operands)
        {
            var ignored = isAnd
                ? MutationPoint.Of(operand, "operand", (on, code) => $"({on} || ({code}))", operand.Span, "true")
                : MutationPoint.Of(operand, "operand", (on, code) => $"(!{on} && ({code}))", operand.Span, "false");
            yield return ignored with
            {
                Shown = node,
            };
        }
    }

    private static IEnumerable<MutationPoint> OfNot(PrefixUnaryExpressionSyntax node)
    {
        if (!Untouched.DeclaresVariables(node))
        {
            yield return MutationPoint.Instead(node, "negation", node.Operand.ToString(), node.OperatorToken.Span, "");
        }
    }

    private static IEnumerable<MutationPoint> OfLiteral(LiteralExpressionSyntax node)
    {
        // Whether a context is captured, no test can see.
        var call = node.FirstAncestorOrSelf<InvocationExpressionSyntax>()?.Expression as MemberAccessExpressionSyntax;
        if (
            node.Parent is not (WhileStatementSyntax or DoStatementSyntax)
            && call?.Name.Identifier.Text != nameof(Task.ConfigureAwait)
        )
        {
            yield return MutationPoint.Instead(node, "boolean", node.RawKind == True ? "false" : "true");
        }
    }

    // Comparisons, logic, `!` and literals have faults of their own that turn the answer round.
    private static IEnumerable<MutationPoint> Reversed(ExpressionSyntax condition)
    {
        if (Untouched.DeclaresVariables(condition))
        {
            yield return MutationPoint.AlwaysTrue(condition, "condition", condition);
            yield return MutationPoint.AlwaysFalse(condition, "condition", condition);
        }
        else if (
            condition
            is InvocationExpressionSyntax
                or MemberAccessExpressionSyntax
                or IdentifierNameSyntax
                or ElementAccessExpressionSyntax
                or AwaitExpressionSyntax
        )
        {
            yield return MutationPoint.Of(
                condition,
                "negation",
                (on, code) => $"({on} ^ ({code}))",
                new(condition.SpanStart, 0),
                "!"
            );
        }
    }

    private static bool IsBoolean(ExpressionSyntax expression, SemanticModel model) =>
        model.GetTypeInfo(expression).Type?.SpecialType == SpecialType.System_Boolean;
}
