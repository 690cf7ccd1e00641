using Microsoft.CodeAnalysis;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Operators;

/// <summary>One kind of fault.</summary>
internal interface IMutationOperator
{
    /// <summary>
    /// The faults that can be put in at <paramref name="node"/>. What does not compile after all is dropped later, so a
    /// rough answer is good enough; what compiles and can never be told from the original is not.
    /// </summary>
    IEnumerable<MutationPoint> Propose(SyntaxNode node, SemanticModel model);
}
