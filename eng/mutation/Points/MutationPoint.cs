using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace SelfDev.Mutation.Points;

/// <summary>Writes a node's code so that a switch chooses between it and its mutation.</summary>
/// <param name="mutantIsOn">A boolean expression: true while this mutant is the active one.</param>
/// <param name="code">The node's own code, without trivia around it; mutants inside it are already woven in.</param>
internal delegate string Weave(string mutantIsOn, string code);

/// <summary>One place of a file where one fault can be put in.</summary>
/// <param name="Node">What is woven around; the rest of the file stays.</param>
/// <param name="Operator">Kind of the fault, e.g. <c>boundary</c>; reports group by it.</param>
/// <param name="Shown">What of the file a reader is shown as original; holds <paramref name="Changed"/>.</param>
/// <param name="Changed">The part of <paramref name="Shown"/> that differs.</param>
/// <param name="ChangedTo">What stands in its place in the mutated text that a reader is shown.</param>
internal sealed record MutationPoint(
    SyntaxNode Node,
    string Operator,
    Weave Weave,
    SyntaxNode Shown,
    TextSpan Changed,
    string ChangedTo
)
{
    // Wider than this, a smaller part says more.
    private const int MaxShownChars = 160;

    /// <summary>A fault shown as one span of <paramref name="node"/> replaced.</summary>
    public static MutationPoint Of(SyntaxNode node, string name, Weave weave, TextSpan changed, string changedTo) =>
        new(node, name, weave, Context(node), changed, changedTo);

    /// <summary>
    /// An expression that gives another value: <paramref name="mutated"/> is what is compiled in its place.
    /// </summary>
    public static MutationPoint Instead(
        ExpressionSyntax node,
        string name,
        string mutated,
        TextSpan changed,
        string changedTo
    ) => Of(node, name, (on, code) => $"({on} ? ({mutated}) : ({code}))", changed, changedTo);

    /// <summary>An expression replaced as a whole, by code that a reader is shown as it is.</summary>
    public static MutationPoint Instead(ExpressionSyntax node, string name, string mutated) =>
        Instead(node, name, mutated, node.Span, mutated);

    /// <summary>A condition that always holds. Keeps what the condition declares assigned where it is false.</summary>
    public static MutationPoint AlwaysTrue(ExpressionSyntax node, string name, SyntaxNode changed) =>
        Of(node, name, (on, code) => $"(({code}) || {on})", changed.Span, "true");

    /// <summary>A condition that never holds. Keeps what the condition declares assigned where it is true.</summary>
    public static MutationPoint AlwaysFalse(ExpressionSyntax node, string name, SyntaxNode changed) =>
        Of(node, name, (on, code) => $"(({code}) && !{on})", changed.Span, "false");

    /// <summary>A statement that is not carried out.</summary>
    public static MutationPoint Removed(StatementSyntax node, string name) =>
        // The outer braces keep an `else` that follows where it belongs.
        Of(node, name, (on, code) => $"{{ if (!{on}) {{ {code} }} }}", node.Span, "(removed)");

    /// <summary>A statement that does something else.</summary>
    public static MutationPoint Instead(
        StatementSyntax node,
        string name,
        string mutated,
        TextSpan changed,
        string changedTo
    ) => Of(node, name, (on, code) => $"{{ if ({on}) {{ {mutated} }} else {{ {code} }} }}", changed, changedTo);

    // A lone `0` tells a reader nothing and is no key for the list of accepted survivors: what it stands in is shown.
    private static SyntaxNode Context(SyntaxNode node)
    {
        if (
            node
            is not (LiteralExpressionSyntax or IdentifierNameSyntax or PatternSyntax or PrefixUnaryExpressionSyntax)
        )
        {
            return node;
        }

        var best = node;
        foreach (var parent in node.Ancestors().TakeWhile(parent => parent.Span.Length <= MaxShownChars))
        {
            if (parent is MemberDeclarationSyntax and not BaseFieldDeclarationSyntax and not PropertyDeclarationSyntax)
            {
                break;
            }

            best = parent;
            if (
                parent
                is StatementSyntax
                    or InvocationExpressionSyntax
                    or BaseObjectCreationExpressionSyntax
                    or BinaryExpressionSyntax
                    or AssignmentExpressionSyntax
                    or ElementAccessExpressionSyntax
                    or VariableDeclaratorSyntax
                    or SwitchExpressionArmSyntax
                    or ConditionalExpressionSyntax
                    or IsPatternExpressionSyntax
                    or AnonymousFunctionExpressionSyntax
                    or PropertyDeclarationSyntax
                    or SwitchLabelSyntax
            )
            {
                break;
            }
        }

        return best;
    }
}
