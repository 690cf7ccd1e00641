using System.Text;
using Microsoft.CodeAnalysis;

namespace SelfDev.Mutation.Points;

/// <summary>
/// Writes a file with all its mutants in it, each behind its switch. Outside of them every character stays.
/// </summary>
internal sealed class MutatedText
{
    private readonly ILookup<SyntaxNode, Mutant> _mutants;
    private readonly HashSet<SyntaxNode> _changed;

    private MutatedText(IEnumerable<Mutant> mutants)
    {
        _mutants = mutants.ToLookup(mutant => mutant.Point.Node);
        _changed = [.. _mutants.SelectMany(group => group.Key.AncestorsAndSelf())];
    }

    /// <param name="root">Of the file that the mutants were found in.</param>
    public static string Of(SyntaxNode root, IEnumerable<Mutant> mutants) => new MutatedText(mutants).Write(root);

    private string Write(SyntaxNode node)
    {
        if (!_changed.Contains(node))
        {
            return node.ToFullString();
        }

        var text = new StringBuilder();
        foreach (var child in node.ChildNodesAndTokens())
        {
            text.Append(child.AsNode() is { } inner ? Write(inner) : child.ToFullString());
        }

        if (!_mutants.Contains(node))
        {
            return text.ToString();
        }

        var (before, after) = (node.GetLeadingTrivia().ToFullString(), node.GetTrailingTrivia().ToFullString());
        var code = text.ToString(before.Length, text.Length - before.Length - after.Length);
        foreach (var mutant in _mutants[node])
        {
            code = mutant.Point.Weave(SwitchSource.IsOn(mutant.Id), code);
        }

        return before + code + after;
    }
}
