using System.Globalization;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Reporting;

/// <summary>The report for people.</summary>
internal static class TextReport
{
    public static void Write(RunReport report, TextWriter output)
    {
        WriteList(report.With(Outcome.Survived), "survived: every test that reaches it passes", output);
        WriteList(report.With(Outcome.NotCovered), "not covered: no test reaches it", output);
        WriteList(report.With(Outcome.Undecided), "UNDECIDED: its tests fail without it as well", output);
        WriteList(report.With(Outcome.Accepted), "accepted: survived, with a reason", output);
        WriteTable(report, output);
        WriteNotes(report, output);
        var total = report.Total;
        output.WriteLine();
        var counted = total.Mutants - total.Accepted;
        output.WriteLine(
            Text($"score {total.Score:0.0} %: {total.Killed} of {counted} killed ({total.TimedOut} by time limit);")
        );
        output.WriteLine(Text($"  {total.Survived} survived, {total.NotCovered} not covered;"));
        output.WriteLine(Text($"  {total.Accepted} accepted beside them ({total.StrictScore:0.0} % if they count);"));
        output.WriteLine(Text($"  {report.Elapsed.TotalMinutes:0.0} min"));
    }

    /// <summary>One mutant on three lines.</summary>
    public static void WriteMutant(Mutant mutant, TextWriter output)
    {
        output.WriteLine(Text($"{mutant.File}:{mutant.Line}  {mutant.Member}  [{mutant.Operator}]"));
        output.WriteLine("  - " + mutant.Original);
        output.WriteLine("  + " + mutant.Mutated);
    }

    private static void WriteList(IEnumerable<Verdict> verdicts, string title, TextWriter output)
    {
        var list = verdicts.ToList();
        if (list.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine(Text($"{title} ({list.Count})"));
        foreach (var verdict in list)
        {
            WriteMutant(verdict.Result.Mutant, output);
            if (verdict.Reason is not null)
            {
                output.WriteLine("  = " + verdict.Reason);
            }
        }
    }

    private static void WriteTable(RunReport report, TextWriter output)
    {
        var files = report.Files.ToList();
        var width = files.Select(row => row.File.Length).Append("all".Length).Max();
        output.WriteLine();
        output.WriteLine($"{"file".PadRight(width)}  mutants  killed  survived  not covered  accepted   score");
        foreach (var (file, tally) in files.Append(("all", report.Total)))
        {
            var counts = Text($"{tally.Mutants, 7}  {tally.Killed, 6}  {tally.Survived, 8}  {tally.NotCovered, 11}");
            output.WriteLine(Text($"{file.PadRight(width)}  {counts}  {tally.Accepted, 8}  {tally.Score, 5:0.0}%"));
        }
    }

    private static void WriteNotes(RunReport report, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(
            Text($"{report.Found} mutants compile, {report.Dropped.Count} do not and were dropped; seed {report.Seed}")
        );
        var dropped = report.Dropped.GroupBy(one => (one.Mutant.Operator, one.Error));
        foreach (var group in dropped.OrderByDescending(group => group.Count()))
        {
            output.WriteLine(Text($"  dropped: {group.Count()} {group.Key.Operator} ({group.Key.Error})"));
        }

        var notRun = report.With(Outcome.NotRun).Count();
        if (notRun > 0)
        {
            output.WriteLine(
                Text($"NOT RUN: {notRun} mutants, their time was up (--max-minutes); the score is about the others")
            );
        }

        foreach (var one in report.SetAside)
        {
            output.WriteLine($"SET ASIDE: {one.Unit.Name}: {one.Problem}");
        }

        foreach (var entry in report.Stale)
        {
            var fault = $"{entry.Original} -> {entry.Mutated}";
            output.WriteLine($"STALE in accepted.json: {entry.File}: {fault}: no such survivor any more; take it out");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
