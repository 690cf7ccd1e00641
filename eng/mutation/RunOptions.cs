namespace SelfDev.Mutation;

/// <summary>What the command line asks for.</summary>
/// <param name="Targets">Names of sets, or globs of files.</param>
/// <param name="Tests">Test projects beside those of the sets: <c>folder</c> or <c>folder=class,class</c>.</param>
/// <param name="Sample">How many mutants are taken at random; null for all.</param>
/// <param name="Seed">Of the sample and of the order.</param>
/// <param name="MaxTime">No mutant is begun after this, counted from the start of the run.</param>
/// <param name="UnitLimit">A class of tests (or a method) that takes longer than this by itself is set aside.</param>
/// <param name="Threshold">Lowest score, in percent, that passes.</param>
internal sealed record RunOptions(
    IReadOnlyList<string> Targets,
    IReadOnlyList<string> Tests,
    int? Sample,
    int Seed,
    TimeSpan MaxTime,
    TimeSpan UnitLimit,
    double Threshold,
    int Parallel,
    bool IsListOnly,
    bool WithTexts,
    bool IsKept,
    string? Out
);
