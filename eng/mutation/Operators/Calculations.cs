using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>Arithmetic: operators exchanged, numbers one more and zero, the smaller of two for the larger.</summary>
internal sealed class Calculations : IMutationOperator
{
    private static readonly Dictionary<SyntaxKind, string> Swaps = new()
    {
        [SyntaxKind.PlusToken] = "-",
        [SyntaxKind.MinusToken] = "+",
        [SyntaxKind.AsteriskToken] = "/",
        [SyntaxKind.SlashToken] = "*",
        [SyntaxKind.PercentToken] = "*",
        [SyntaxKind.AmpersandToken] = "|",
        [SyntaxKind.BarToken] = "&",
        [SyntaxKind.CaretToken] = "&",
        [SyntaxKind.LessThanLessThanToken] = ">>",
        [SyntaxKind.GreaterThanGreaterThanToken] = "<<",
        [SyntaxKind.PlusEqualsToken] = "-=",
        [SyntaxKind.MinusEqualsToken] = "+=",
        [SyntaxKind.AsteriskEqualsToken] = "/=",
        [SyntaxKind.SlashEqualsToken] = "*=",
        [SyntaxKind.AmpersandEqualsToken] = "|=",
        [SyntaxKind.BarEqualsToken] = "&=",
        [SyntaxKind.LessThanLessThanEqualsToken] = ">>=",
        [SyntaxKind.GreaterThanGreaterThanEqualsToken] = "<<=",
    };

    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            BinaryExpressionSyntax binary
                when Swaps.TryGetValue(binary.OperatorToken.Kind(), out var swap) && Calculates(binary, model) =>
                Instead(binary, $"({binary.Left}) {swap} ({binary.Right})", binary.OperatorToken, swap),
            AssignmentExpressionSyntax assignment
                when Swaps.TryGetValue(assignment.OperatorToken.Kind(), out var swap)
                    && Calculates(assignment, model) => Instead(
                assignment,
                $"{assignment.Left} {swap} {assignment.Right}",
                assignment.OperatorToken,
                swap
            ),
            PostfixUnaryExpressionSyntax { OperatorToken: var token } step when Step(token) is { } swap => Instead(
                step,
                $"{step.Operand}{swap}",
                token,
                swap
            ),
            PrefixUnaryExpressionSyntax { OperatorToken: var token } step when Step(token) is { } swap => Instead(
                step,
                $"{swap}{step.Operand}",
                token,
                swap
            ),
            PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression } minus =>
            [
                MutationPoint.Instead(minus, "arithmetic", minus.Operand.ToString(), minus.OperatorToken.Span, ""),
            ],
            LiteralExpressionSyntax { RawKind: (int)SyntaxKind.NumericLiteralExpression } number => OfNumber(
                number,
                model
            ),
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } call
                when access.Name.Identifier.Text is "Min" or "Max" && IsOfMath(call, model) =>
            [
                OfExtreme(call, access.Name),
            ],
            _ => [],
        };

    private static string? Step(SyntaxToken token) =>
        token.Kind() switch
        {
            SyntaxKind.PlusPlusToken => "--",
            SyntaxKind.MinusMinusToken => "++",
            _ => null,
        };

    private static IEnumerable<MutationPoint> Instead(
        ExpressionSyntax node,
        string mutated,
        SyntaxToken changed,
        string changedTo
    )
    {
        if (node.Parent is ExpressionStatementSyntax statement)
        {
            yield return MutationPoint.Instead(statement, "arithmetic", mutated + ";", changed.Span, changedTo);
        }
        else if (Untouched.CanStandInBrackets(node))
        {
            yield return MutationPoint.Instead(node, "arithmetic", mutated, changed.Span, changedTo);
        }
    }

    private static MutationPoint OfExtreme(InvocationExpressionSyntax call, SimpleNameSyntax name)
    {
        var swap = name.Identifier.Text == "Min" ? "Max" : "Min";
        var mutated = $"global::System.Math.{swap}{call.ArgumentList}";
        return MutationPoint.Instead(call, "arithmetic", mutated, name.Span, swap);
    }

    private static bool IsOfMath(InvocationExpressionSyntax call, SemanticModel model) =>
        model.GetSymbolInfo(call).Symbol?.ContainingType?.ToDisplayString() == "System.Math";

    // Not the `+` of texts, of events and of delegates.
    private static bool Calculates(ExpressionSyntax node, SemanticModel model) =>
        !Untouched.DeclaresVariables(node)
        && model.GetTypeInfo(node).Type is { } type
        && type.SpecialType != SpecialType.System_String
        && type.TypeKind is TypeKind.Struct or TypeKind.Enum;

    private static IEnumerable<MutationPoint> OfNumber(LiteralExpressionSyntax node, SemanticModel model)
    {
        var (more, zero) = node.Token.Value switch
        {
            int value when value < int.MaxValue => (Text(value + 1), "0"),
            uint value when value < uint.MaxValue => (Text(value + 1) + "u", "0u"),
            long value when value < long.MaxValue => (Text(value + 1) + "L", "0L"),
            ulong value when value < ulong.MaxValue => (Text(value + 1) + "UL", "0UL"),
            double value => (Text(value + 1) + "d", "0d"),
            float value => (Text(value + 1) + "f", "0f"),
            decimal value => (Text(value + 1) + "m", "0m"),
            _ => (null, null),
        };
        if (more is null)
        {
            yield break;
        }

        yield return Cast(more);
        if (Convert.ToDouble(node.Token.Value, CultureInfo.InvariantCulture) != 0)
        {
            yield return Cast(zero!);
        }

        // A constant that fits becomes a byte by itself; a choice of two does not.
        MutationPoint Cast(string mutated)
        {
            var info = model.GetTypeInfo(node);
            var point = MutationPoint.Instead(node, "number", mutated);
            var isConverted = !SymbolEqualityComparer.Default.Equals(info.Type, info.ConvertedType);
            if (info.ConvertedType is null || !isConverted || !IsNumber(info.ConvertedType))
            {
                return point;
            }

            var type = info.ConvertedType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
            return point with { Weave = (on, code) => $"(({type})({on} ? ({mutated}) : ({code})))" };
        }
    }

    private static bool IsNumber(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable
            ? IsNumber(nullable.TypeArguments[0])
            : type.TypeKind == TypeKind.Enum
                || type.SpecialType is >= SpecialType.System_SByte and <= SpecialType.System_Double;

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
