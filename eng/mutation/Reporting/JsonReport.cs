using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Reporting;

/// <summary>The report for programs: totals, files, and every mutant with what became of it.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter<Outcome>(JsonNamingPolicy.KebabCaseLower) },
    };

    public static async Task WriteAsync(RunReport report, string path, CancellationToken cancellation)
    {
        var view = new
        {
            report.Targets,
            report.Seed,
            Minutes = Math.Round(report.Elapsed.TotalMinutes, 2),
            report.Found,
            NotRun = report.With(Outcome.NotRun).Count(),
            Undecided = report.With(Outcome.Undecided).Count(),
            Total = View(report.Total),
            Dropped = report
                .Dropped.GroupBy(one => (one.Mutant.Operator, one.Error))
                .Select(group => new
                {
                    group.Key.Operator,
                    group.Key.Error,
                    Count = group.Count(),
                }),
            SetAside = report.SetAside.Select(one => new { Tests = one.Unit.Name, one.Problem }),
            report.Stale,
            Files = report.Files.Select(row => new { row.File, Counts = View(row.Tally) }),
            Mutants = report.Verdicts.Select(verdict => new
            {
                verdict.Result.Mutant.Id,
                verdict.Result.Mutant.File,
                verdict.Result.Mutant.Line,
                verdict.Result.Mutant.Member,
                verdict.Result.Mutant.Operator,
                verdict.Result.Mutant.Original,
                verdict.Result.Mutant.Mutated,
                verdict.Outcome,
                verdict.Result.KilledBy,
                verdict.Reason,
                Seconds = Math.Round(verdict.Result.Elapsed.TotalSeconds, 2),
            }),
        };
        await using var file = File.Create(path);
        await JsonSerializer.SerializeAsync(file, view, Json, cancellation);
    }

    private static object View(Tally tally) =>
        new
        {
            tally.Mutants,
            tally.Killed,
            tally.TimedOut,
            tally.Survived,
            tally.NotCovered,
            tally.Accepted,
            Score = Math.Round(tally.Score, 2),
            StrictScore = Math.Round(tally.StrictScore, 2),
        };
}
