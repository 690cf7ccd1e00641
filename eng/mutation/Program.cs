using System.CommandLine;
using SelfDev.Mutation;

var targets = new Argument<string[]>("targets")
{
    Description = "Names of sets from eng/mutation/sets.json, or globs of files such as 'src/SelfDev.Core/Ledger/**'.",
    Arity = ArgumentArity.OneOrMore,
};
var tests = new Option<string[]>("--tests")
{
    Description = "Test project for globs: tests/X.Tests, or tests/X.Tests=Class,*.Other*.",
};
var sample = new Option<int?>("--sample") { Description = "So many mutants, taken at random." };
var seed = new Option<int?>("--seed")
{
    Description = "Of the sample and of the order; printed. Another one each time if it is not given.",
};
var minutes = new Option<double>("--max-minutes")
{
    Description = "Begin no mutant after so many minutes, counted from the start of the run.",
    DefaultValueFactory = _ => 24 * 60,
};
var unitSeconds = new Option<double>("--unit-seconds")
{
    Description = "Set aside a class (or method) of tests that takes longer by itself.",
    DefaultValueFactory = _ => 60,
};
var threshold = new Option<double>("--threshold")
{
    Description = "Exit code 1 below this score, in percent.",
    DefaultValueFactory = _ => 85,
};
var parallel = new Option<int>("--parallel")
{
    Description = "Test processes at once.",
    DefaultValueFactory = _ => Math.Max(1, Environment.ProcessorCount),
};
var list = new Option<bool>("--list") { Description = "Only list the mutants." };
var texts = new Option<bool>("--texts") { Description = "Empty texts, too." };
var keep = new Option<bool>("--keep") { Description = "Keep the mutated copy, and say where it is." };
var report = new Option<string?>("--out") { Description = "Write the report as JSON to this file." };
var command = new RootCommand(
    "Puts one small fault after another into the code and says which of them the tests do not notice."
)
{
    targets,
    tests,
    sample,
    seed,
    minutes,
    unitSeconds,
    threshold,
    parallel,
    list,
    texts,
    keep,
    report,
};
command.SetAction(
    async (parsed, cancellation) =>
    {
        var options = new RunOptions(
            parsed.GetValue(targets)!,
            parsed.GetValue(tests) ?? [],
            parsed.GetValue(sample),
            parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000),
            TimeSpan.FromMinutes(parsed.GetValue(minutes)),
            TimeSpan.FromSeconds(parsed.GetValue(unitSeconds)),
            parsed.GetValue(threshold),
            Math.Max(1, parsed.GetValue(parallel)),
            parsed.GetValue(list),
            parsed.GetValue(texts),
            parsed.GetValue(keep),
            parsed.GetValue(report)
        );
        try
        {
            return await new MutationRun(options, RepositoryRoot(), Console.Out).RunAsync(cancellation);
        }
        catch (MutationException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return 2;
        }
    }
);
return await command.Parse(args).InvokeAsync();

static string RepositoryRoot()
{
    for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "SelfDev.sln")))
        {
            return folder.FullName;
        }
    }

    throw new MutationException(
        "Run it inside the repository: there is no SelfDev.sln in or above " + Environment.CurrentDirectory
    );
}
