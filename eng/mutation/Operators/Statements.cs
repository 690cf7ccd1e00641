using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>
/// What is left out: calls whose result nobody uses, assignments, and early exits (the guard stands, and lets pass).
/// </summary>
internal sealed class Statements : IMutationOperator
{
    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            ExpressionStatementSyntax statement => OfExpression(statement, model),
            YieldStatementSyntax { RawKind: (int)SyntaxKind.YieldReturnStatement } statement =>
            [
                MutationPoint.Removed(statement, "statement"),
            ],
            StatementSyntax statement when IsEarlyExit(statement) => [MutationPoint.Removed(statement, "guard")],
            ArrowExpressionClauseSyntax arrow => OfArrow(arrow, model),
            _ => [],
        };

    private static IEnumerable<MutationPoint> OfExpression(ExpressionStatementSyntax statement, SemanticModel model)
    {
        var inner = statement.Expression is AwaitExpressionSyntax awaited ? awaited.Expression : statement.Expression;
        var isCall =
            inner is InvocationExpressionSyntax or ConditionalAccessExpressionSyntax or AssignmentExpressionSyntax;
        var isLeftAlone = inner is InvocationExpressionSyntax call && Untouched.IsLeftAlone(call, model);
        if (isCall && !isLeftAlone && !Untouched.DeclaresVariables(inner))
        {
            yield return MutationPoint.Removed(statement, "statement");
        }
    }

    // The last statement of what an `if` guards, where nothing else is done instead.
    private static bool IsEarlyExit(StatementSyntax node)
    {
        var isExit =
            node
            is ReturnStatementSyntax
                or ThrowStatementSyntax
                or ContinueStatementSyntax
                or BreakStatementSyntax
                or YieldStatementSyntax;
        return isExit
            && node.Parent switch
            {
                IfStatementSyntax choice => choice.Else is null,
                BlockSyntax { Parent: IfStatementSyntax { Else: null } } block => block.Statements[^1] == node,
                _ => false,
            };
    }

    // `void Stop() => _source.Cancel();` and `Task StopAsync() => _host.StopAsync();` do nothing but the call.
    private static IEnumerable<MutationPoint> OfArrow(ArrowExpressionClauseSyntax arrow, SemanticModel model)
    {
        var call = arrow.Expression is AwaitExpressionSyntax awaited ? awaited.Expression : arrow.Expression;
        if (
            call is not (InvocationExpressionSyntax or AssignmentExpressionSyntax)
            || call is InvocationExpressionSyntax invocation && Untouched.IsLeftAlone(invocation, model)
            || Untouched.DeclaresVariables(call)
        )
        {
            yield break;
        }

        var type = model.GetTypeInfo(call).Type;
        if (
            arrow.Parent is MethodDeclarationSyntax { ReturnType: PredefinedTypeSyntax returned }
            && returned.Keyword.IsKind(SyntaxKind.VoidKeyword)
        )
        {
            yield return MutationPoint.Of(call, "statement", Skipped, call.Span, "(removed)");
        }
        else if (type is { Name: "Task", ContainingNamespace.Name: "Tasks" } and INamedTypeSymbol { Arity: 0 })
        {
            yield return MutationPoint.Instead(
                call,
                "statement",
                "global::System.Threading.Tasks.Task.CompletedTask",
                call.Span,
                "(removed)"
            );
        }

        static string Skipped(string on, string code) => $"{SwitchSource.If}(!{on}, () => {{ {code}; }})";
    }
}
