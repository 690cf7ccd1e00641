using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SelfDev.Mutation.Points;

/// <summary>
/// What is left alone: where only a constant compiles, where a switch cannot stand, and what no test should be asked to
/// hold (log calls, hash codes, the capture of a context).
/// </summary>
internal static class Untouched
{
    /// <summary>False: neither the node nor anything inside it is mutated.</summary>
    public static bool Enters(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            AttributeListSyntax or EnumMemberDeclarationSyntax or TypeSyntax and not ArrayTypeSyntax => false,
            PatternSyntax or SwitchLabelSyntax and not CasePatternSwitchLabelSyntax => false,
            InterpolationAlignmentClauseSyntax or RefExpressionSyntax or GotoStatementSyntax => false,
            FieldDeclarationSyntax field => !field.Modifiers.Any(SyntaxKind.ConstKeyword)
                && !IsExcluded(field.AttributeLists),
            LocalDeclarationStatementSyntax local => !local.IsConst,
            EqualsValueClauseSyntax { Parent: ParameterSyntax } => false,
            MethodDeclarationSyntax { Identifier.Text: "GetHashCode", ParameterList.Parameters.Count: 0 } => false,
            MemberDeclarationSyntax member => !IsExcluded(member.AttributeLists),
            LambdaExpressionSyntax lambda => !IsExpressionTree(lambda, model),
            InvocationExpressionSyntax call => !IsNameOf(call) && !IsLeftAlone(call, model),
            _ => true,
        };

    /// <summary>
    /// True where variables are declared that code outside the node may read: such code cannot stand twice.
    /// Those of a lambda are its own.
    /// </summary>
    public static bool DeclaresVariables(SyntaxNode node) =>
        node.DescendantNodesAndSelf(inner => inner is not AnonymousFunctionExpressionSyntax)
            .Any(inner => inner is VariableDesignationSyntax and not DiscardDesignationSyntax);

    /// <summary>
    /// True where an expression with a value may be replaced by a conditional in brackets: it is no statement by
    /// itself, no tail of a <c>?.</c> chain, and nothing that has to be a variable.
    /// </summary>
    public static bool CanStandInBrackets(ExpressionSyntax node) =>
        node.Parent
            is not (ExpressionStatementSyntax or ForStatementSyntax or ArgumentSyntax { RefKindKeyword.RawKind: not 0 })
        && !IsTail(node);

    private static bool IsTail(ExpressionSyntax node)
    {
        for (var left = node; ; )
        {
            switch (left)
            {
                case MemberBindingExpressionSyntax or ElementBindingExpressionSyntax:
                    return true;
                case InvocationExpressionSyntax call:
                    left = call.Expression;
                    break;
                case MemberAccessExpressionSyntax access:
                    left = access.Expression;
                    break;
                case ElementAccessExpressionSyntax access:
                    left = access.Expression;
                    break;
                case PostfixUnaryExpressionSyntax postfix:
                    left = postfix.Operand;
                    break;
                case ConditionalAccessExpressionSyntax access:
                    left = access.Expression;
                    break;
                default:
                    return false;
            }
        }
    }

    private static bool IsExcluded(SyntaxList<AttributeListSyntax> lists) =>
        lists
            .SelectMany(list => list.Attributes)
            .Any(one => one.Name.ToString() is "ExcludeFromCodeCoverage" or "GeneratedCode" or "LoggerMessage");

    private static bool IsNameOf(InvocationExpressionSyntax call) =>
        call.Expression is IdentifierNameSyntax { Identifier.Text: "nameof" };

    private static bool IsExpressionTree(LambdaExpressionSyntax lambda, SemanticModel model) =>
        model.GetTypeInfo(lambda).ConvertedType is { Name: "Expression", ContainingNamespace.Name: "Expressions" };

    /// <summary>Log calls, assertions and the like: neither they nor their arguments are mutated.</summary>
    public static bool IsLeftAlone(InvocationExpressionSyntax call, SemanticModel model)
    {
        if (model.GetSymbolInfo(call).Symbol is not IMethodSymbol method)
        {
            return false;
        }

        return method.ContainingType?.ToDisplayString() is "System.Diagnostics.Debug" or "System.GC"
            || method.Name == "ThrowIfCancellationRequested"
            || (method.PartialDefinitionPart ?? method)
                .GetAttributes()
                .Any(one => one.AttributeClass?.Name == "LoggerMessageAttribute");
    }
}
