namespace SelfDev.Mutation.Points;

/// <summary>A fault that can be switched on.</summary>
/// <param name="Id">From 1, unique in one run.</param>
/// <param name="File">Relative to the repository's root, with forward slashes.</param>
/// <param name="Line">From 1, in the file as it is in the repository.</param>
/// <param name="Member">Type and member that hold it, e.g. <c>KillSwitch.ReadAsync</c>.</param>
/// <param name="Original">The code on one line.</param>
/// <param name="Mutated">The same with the fault in it; <c>(removed)</c> for a statement left out.</param>
internal sealed record Mutant(
    int Id,
    string File,
    int Line,
    string Member,
    string Operator,
    string Original,
    string Mutated,
    MutationPoint Point
);
