using System.Text.Json;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Reporting;

/// <summary>
/// Survivors that somebody judged to be no gap, each with a reason (<c>accepted.json</c>). They are known by file and
/// code and not by line, so that code above them may move. Counted apart, and listed in every report.
/// </summary>
internal sealed class AcceptedSurvivors(IReadOnlyList<AcceptedSurvivor> entries)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <exception cref="MutationException">The file is damaged, or an entry gives no reason.</exception>
    public static async Task<AcceptedSurvivors> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using var file = File.OpenRead(path);
            var entries = await JsonSerializer.DeserializeAsync<AcceptedSurvivor[]>(file, Json, cancellation) ?? [];
            var bare = Array.Find(entries, entry => string.IsNullOrWhiteSpace(entry.Reason));
            return bare is null
                ? new AcceptedSurvivors(entries)
                : throw new MutationException($"{path}: '{bare.Mutated}' in {bare.File} is accepted without a reason.");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException)
        {
            throw new MutationException($"{path}: {wrong.Message}");
        }
    }

    /// <summary>Marks the accepted ones among those that survived or were not reached.</summary>
    public IReadOnlyList<Verdict> Apply(IEnumerable<TrialResult> results)
    {
        var left = entries.ToDictionary(entry => entry, entry => entry.Times);
        return [.. results.OrderBy(result => result.Mutant.Id).Select(Judge)];

        Verdict Judge(TrialResult result)
        {
            if (
                result.Outcome is not (Outcome.Survived or Outcome.NotCovered)
                || entries.FirstOrDefault(entry => left[entry] > 0 && entry.IsAbout(result.Mutant)) is not { } accepted
            )
            {
                return new Verdict(result, result.Outcome, null);
            }

            left[accepted]--;
            return new Verdict(result, Outcome.Accepted, accepted.Reason);
        }
    }

    /// <summary>Entries that are about no survivor although all mutants of their file were run.</summary>
    public IReadOnlyList<AcceptedSurvivor> Stale(IReadOnlyList<Verdict> verdicts)
    {
        var whole = verdicts
            .GroupBy(verdict => verdict.Result.Mutant.File)
            .Where(group => group.All(verdict => verdict.Outcome is not (Outcome.NotRun or Outcome.Undecided)))
            .Select(group => group.Key)
            .ToHashSet(StringComparer.Ordinal);
        return
        [
            .. entries.Where(entry =>
                whole.Contains(entry.File)
                && verdicts.Count(verdict =>
                    verdict.Outcome == Outcome.Accepted && entry.IsAbout(verdict.Result.Mutant)
                ) < entry.Times
            ),
        ];
    }
}

/// <param name="File">Relative to the root, with forward slashes.</param>
/// <param name="Original">As the report shows it.</param>
/// <param name="Mutated">As the report shows it.</param>
/// <param name="Reason">Why no test should have to tell it from the original.</param>
/// <param name="Member">Type and member as the report shows them; null for any of the file.</param>
/// <param name="Times">How many such survivors it accepts; more than that are reported.</param>
internal sealed record AcceptedSurvivor(
    string File,
    string Original,
    string Mutated,
    string Reason,
    string? Member = null,
    int Times = 1
)
{
    public bool IsAbout(Mutant mutant) =>
        File == mutant.File
        && Original == mutant.Original
        && Mutated == mutant.Mutated
        && (Member is null || Member == mutant.Member);
}

/// <param name="Reason">Of an accepted one.</param>
internal sealed record Verdict(TrialResult Result, Outcome Outcome, string? Reason);
