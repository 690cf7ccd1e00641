using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>Arms and cases of a switch that are never taken.</summary>
internal sealed class Arms : IMutationOperator
{
    public IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model) =>
        node switch
        {
            // Without it there is an exception of the switch's own in place of ours.
            SwitchExpressionArmSyntax { Expression: ThrowExpressionSyntax } => [],
            SwitchExpressionArmSyntax arm => [Never(arm.WhenClause, arm.Pattern, arm)],
            CasePatternSwitchLabelSyntax label => [Never(label.WhenClause, label.Pattern, label)],
            // The label itself is not entered: what it holds has to be a constant.
            SwitchSectionSyntax section => section
                .Labels.OfType<CaseSwitchLabelSyntax>()
                .Select(label => Never(null, label.Value, label)),
            _ => [],
        };

    private static MutationPoint Never(WhenClauseSyntax? guard, SyntaxNode pattern, SyntaxNode whole)
    {
        var point = guard is null
            ? MutationPoint.Of(pattern, "arm", (on, code) => $"{code} when !{on}", whole.Span, "(never taken)")
            : MutationPoint.AlwaysFalse(guard.Condition, "arm", whole) with
            {
                ChangedTo = "(never taken)",
            };
        return point with { Shown = whole };
    }
}
