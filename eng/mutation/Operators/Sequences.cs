using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>LINQ: one quantifier, end or order for the other, limits and filters left out.</summary>
internal sealed class Sequences : IMutationOperator
{
    private static readonly Dictionary<string, string> Swaps = new(StringComparer.Ordinal)
    {
        ["Any"] = "All",
        ["All"] = "Any",
        ["First"] = "Last",
        ["Last"] = "First",
        ["FirstOrDefault"] = "LastOrDefault",
        ["LastOrDefault"] = "FirstOrDefault",
        ["Single"] = "First",
        ["SingleOrDefault"] = "FirstOrDefault",
        ["Min"] = "Max",
        ["Max"] = "Min",
        ["MinBy"] = "MaxBy",
        ["MaxBy"] = "MinBy",
        ["OrderBy"] = "OrderByDescending",
        ["OrderByDescending"] = "OrderBy",
        ["ThenBy"] = "ThenByDescending",
        ["ThenByDescending"] = "ThenBy",
        ["Union"] = "Intersect",
        ["Intersect"] = "Union",
    };

    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal)
    {
        "Where",
        "Take",
        "Skip",
        "TakeLast",
        "SkipLast",
        "TakeWhile",
        "SkipWhile",
        "Distinct",
        "DistinctBy",
        "Reverse",
        "Except",
        "Append",
        "Prepend",
        "Concat",
    };

    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model)
    {
        if (
            node is not InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } call
            || !Untouched.CanStandInBrackets(call)
            || Untouched.DeclaresVariables(call)
            || model.GetSymbolInfo(call).Symbol is not IMethodSymbol method
            || method.ContainingNamespace?.ToDisplayString() != "System.Linq"
        )
        {
            yield break;
        }

        var name = access.Name;
        if (name.Identifier.Text == "Any" && call.ArgumentList.Arguments.Count == 0)
        {
            yield return MutationPoint.Of(
                call,
                "linq",
                (on, code) => $"({on} ^ ({code}))",
                new(call.SpanStart, 0),
                "!"
            );
        }
        else if (Swaps.TryGetValue(name.Identifier.Text, out var swap))
        {
            var text = call.ToString();
            var at = name.Identifier.SpanStart - call.SpanStart;
            var mutated = text[..at] + swap + text[(at + name.Identifier.Span.Length)..];
            yield return MutationPoint.Instead(call, "linq", mutated, name.Identifier.Span, swap);
        }

        // Written as an extension of the sequence; `Enumerable.Take(xs, 5)` has another left side.
        if (LeftOut.Contains(name.Identifier.Text) && method.ReducedFrom is not null)
        {
            var rest = TextSpan.FromBounds(access.Expression.Span.End, call.Span.End);
            yield return MutationPoint.Instead(call, "linq", access.Expression.ToString(), rest, "");
        }
    }
}
