using System.Diagnostics;
using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Reporting;
using SelfDev.Mutation.Sets;
using SelfDev.Mutation.Trials;
using static System.FormattableString;

namespace SelfDev.Mutation;

/// <summary>One run, from the copy of the repository to the report.</summary>
internal sealed class MutationRun(RunOptions options, string repository, TextWriter output)
{
    private const string Folder = "eng/mutation";

    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <returns>Exit code: 0 if the score reaches the threshold, 1 if not.</returns>
    /// <exception cref="MutationException">The run cannot go on.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var sets = await MutationSets.ReadAsync(Path.Combine(repository, Folder, "sets.json"), cancellation);
        var acceptedPath = Path.Combine(repository, Folder, "accepted.json");
        var accepted = await AcceptedSurvivors.ReadAsync(acceptedPath, cancellation);
        var set = sets.Choose(options.Targets, options.Tests);
        using var workspace = await Workspace.CopyAsync(repository, options.IsKept, cancellation);
        var build = new ProjectBuild(workspace);
        var (found, dropped) = await FindAsync(set, workspace, build, cancellation);
        var chosen = Choose(found);
        Say($"{found.Count} mutants compile, {dropped.Count} do not; {chosen.Count} chosen (seed {options.Seed})");
        if (options.IsListOnly)
        {
            foreach (var mutant in chosen.OrderBy(mutant => mutant.Id))
            {
                TextReport.WriteMutant(mutant, output);
            }

            return 0;
        }

        await WeaveAsync(chosen, workspace, cancellation);
        var process = new TestProcess(workspace);
        var units = await MeasureAsync(set, chosen, sets, build, process, cancellation);
        var results = await TryAsync(chosen, units, process, cancellation);
        var verdicts = accepted.Apply(results);
        var report = new RunReport(
            options.Targets,
            options.Seed,
            found.Count,
            dropped,
            verdicts,
            [.. units.Where(unit => unit.Problem is not null)],
            options.Sample is null ? accepted.Stale(verdicts) : [],
            _watch.Elapsed
        );
        TextReport.Write(report, output);
        if (options.Out is not null)
        {
            await JsonReport.WriteAsync(report, options.Out, cancellation);
        }

        return report.Total.Score >= options.Threshold ? 0 : 1;
    }

    private async Task<(IReadOnlyList<Mutant> Sound, IReadOnlyList<DroppedMutant> Dropped)> FindAsync(
        MutationSet set,
        Workspace workspace,
        ProjectBuild build,
        CancellationToken cancellation
    )
    {
        var files = (await Workspace.FilesAsync(repository, set.Files, cancellation))
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .ToList();
        foreach (var pattern in set.Files)
        {
            if ((await Workspace.FilesAsync(repository, [pattern], cancellation)).Count == 0)
            {
                Say($"NOTHING matches {pattern}");
            }
        }

        List<Mutant> sound = [];
        List<DroppedMutant> dropped = [];
        var next = 1;
        var projects = files.ToLookup(file => ProjectOf(file, workspace));
        if (projects.Count > 0)
        {
            Say($"building {string.Join(", ", projects.Select(project => project.Key))}");
            await build.BuildAsync([.. projects.Select(project => project.Key)], cancellation);
        }

        foreach (var project in projects.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            Say($"{project.Key}: looking for mutants that compile");
            var sources = await ProjectSources.LoadAsync(
                project.Key,
                workspace.InCopy(project.Key),
                build.ArgumentsOf(project.Key),
                build.GeneratedOf(project.Key),
                cancellation
            );
            var all = new List<Mutant>();
            foreach (var file in project)
            {
                var tree = sources.Compilation.SyntaxTrees.FirstOrDefault(tree =>
                    tree.FilePath == workspace.InCopy(file)
                );
                if (tree is not null)
                {
                    all.AddRange(
                        new MutationScan(options.WithTexts).Find(
                            sources.Compilation.GetSemanticModel(tree),
                            file,
                            next + all.Count
                        )
                    );
                }
            }

            next += all.Count;
            var result = new CompileCheck(sources.Compilation).Run(all, cancellation);
            sound.AddRange(result.Sound);
            dropped.AddRange(result.Dropped);
            Say($"{project.Key}: {result.Sound.Count} mutants, {result.Dropped.Count} dropped");
        }

        return sound.Count > 0
            ? (sound, dropped)
            : throw new MutationException("There is nothing to mutate in " + string.Join(", ", set.Files));
    }

    private static string ProjectOf(string file, Workspace workspace)
    {
        var folder = Path.GetDirectoryName(file);
        while (!string.IsNullOrEmpty(folder))
        {
            if (Directory.EnumerateFiles(workspace.InCopy(folder), "*.csproj").Any())
            {
                return folder;
            }

            folder = Path.GetDirectoryName(folder);
        }

        throw new MutationException($"{file} belongs to no project.");
    }

    // In random order, so that what is done when the time is up says something about the rest.
    private List<Mutant> Choose(IReadOnlyList<Mutant> found)
    {
        var all = found.ToArray();
        // A fixed seed has to give the same sample on every machine.
        new Random(options.Seed).Shuffle(all);
        return [.. all.Take(options.Sample ?? int.MaxValue)];
    }

    private static async Task WeaveAsync(
        IReadOnlyList<Mutant> mutants,
        Workspace workspace,
        CancellationToken cancellation
    )
    {
        foreach (var file in mutants.GroupBy(mutant => mutant.File))
        {
            var root = await file.First().Point.Node.SyntaxTree.GetRootAsync(cancellation);
            var text = MutatedText.Of(root, file.OrderBy(mutant => mutant.Id));
            await File.WriteAllTextAsync(workspace.InCopy(file.Key), text, cancellation);
        }

        foreach (var project in mutants.Select(mutant => ProjectOf(mutant.File, workspace)).Distinct())
        {
            var path = Path.Combine(workspace.InCopy(project), SwitchSource.FileName);
            await File.WriteAllTextAsync(path, SwitchSource.Text, cancellation);
        }
    }

    private async Task<IReadOnlyList<UnitCoverage>> MeasureAsync(
        MutationSet set,
        List<Mutant> mutants,
        MutationSets sets,
        ProjectBuild build,
        TestProcess process,
        CancellationToken cancellation
    )
    {
        var measured = await MeasureAsync(
            set.Tests.Where(suite => !suite.LastResort),
            sets,
            build,
            process,
            cancellation
        );
        var reached = measured.SelectMany(unit => unit.Reached).ToHashSet();
        var unreached = mutants.Count(mutant => !reached.Contains(mutant.Id));
        var last = set.Tests.Where(suite => suite.LastResort).ToList();
        if (unreached == 0 || last.Count == 0)
        {
            return measured;
        }

        Say($"{unreached} mutants are reached by none of these: the tests of last resort");
        var more = await MeasureAsync(last, sets, build, process, cancellation);
        return [.. measured, .. more.Select(unit => unit with { Reached = unit.Reached.Except(reached).ToHashSet() })];
    }

    private async Task<IReadOnlyList<UnitCoverage>> MeasureAsync(
        IEnumerable<TestSuite> suites,
        MutationSets sets,
        ProjectBuild build,
        TestProcess process,
        CancellationToken cancellation
    )
    {
        var coverage = new Coverage(process, options.UnitLimit);
        var units = new List<TestUnit>();
        var all = suites.ToList();
        Say($"building {string.Join(", ", all.Select(suite => suite.Project).Distinct())} with the mutants in");
        await build.BuildAsync([.. all.Select(suite => suite.Project).Distinct()], cancellation);
        foreach (var suite in all)
        {
            units.AddRange(await coverage.ListAsync(suite, build.OutputOf(suite.Project), sets.Slow, cancellation));
        }

        Say($"{units.Count} classes or methods of tests: each once, with every mutant off");
        var measured = await InParallelAsync(units, coverage.MeasureAsync, cancellation);
        foreach (var one in measured.OrderByDescending(one => one.Elapsed))
        {
            var state = one.Problem ?? string.Create(CultureInfo.InvariantCulture, $"reaches {one.Reached.Count}");
            Say($"  {one.Elapsed.TotalSeconds, 5:0.0} s  {one.Unit.Name}: {state}");
        }

        return measured;
    }

    private async Task<IReadOnlyList<TrialResult>> TryAsync(
        List<Mutant> mutants,
        IReadOnlyList<UnitCoverage> units,
        TestProcess process,
        CancellationToken cancellation
    )
    {
        var trial = new MutantTrial(process.RunAsync, [.. units.Where(unit => unit.Problem is null)]);
        var (done, killed) = (0, 0);
        return await InParallelAsync(mutants, OneAsync, cancellation);

        async Task<TrialResult> OneAsync(Mutant mutant, CancellationToken stop)
        {
            if (_watch.Elapsed > options.MaxTime)
            {
                return new TrialResult(mutant, Outcome.NotRun, null, TimeSpan.Zero);
            }

            var result = await trial.RunAsync(mutant, stop);
            Interlocked.Add(ref killed, result.Outcome is Outcome.Killed or Outcome.TimedOut ? 1 : 0);
            Interlocked.Increment(ref done);
            var (count, seconds) = ($"{done}/{mutants.Count} ({killed} killed)", result.Elapsed.TotalSeconds);
            Say($"{count}  {result.Outcome, -10} {seconds, 5:0.0} s  {mutant.File}:{mutant.Line} [{mutant.Operator}]");
            return result;
        }
    }

    private async Task<IReadOnlyList<TOut>> InParallelAsync<TIn, TOut>(
        IReadOnlyList<TIn> items,
        Func<TIn, CancellationToken, Task<TOut>> step,
        CancellationToken cancellation
    )
    {
        var results = new TOut[items.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, items.Count),
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellation },
            async (index, stop) => results[index] = await step(items[index], stop)
        );
        return results;
    }

    private void Say(FormattableString line) =>
        output.WriteLine(Invariant($"[{(int)_watch.Elapsed.TotalMinutes:00}:{_watch.Elapsed:ss}] ") + Invariant(line));
}
