using Microsoft.CodeAnalysis;
using SelfDev.Mutation.Points;
using SelfDev.Mutation.Reporting;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Tests;

public sealed class ReportTests
{
    [Fact]
    public void The_score_counts_what_no_test_reaches_and_leaves_out_what_is_accepted()
    {
        var tally = Tally.Of([
            Verdict(1, Outcome.Killed),
            Verdict(2, Outcome.TimedOut),
            Verdict(3, Outcome.Survived),
            Verdict(4, Outcome.NotCovered),
            Verdict(5, Outcome.Accepted),
            Verdict(6, Outcome.NotRun),
        ]);

        Assert.Equal(new Tally(5, Killed: 2, TimedOut: 1, Survived: 1, NotCovered: 1, Accepted: 1), tally);
        Assert.Equal(50.0, tally.Score);
        Assert.Equal(40.0, tally.StrictScore);
    }

    [Fact]
    public void An_accepted_survivor_is_known_by_its_code_and_not_by_its_line()
    {
        var accepted = new AcceptedSurvivors([Entry()]);

        var verdict = Assert.Single(
            accepted.Apply([Result(1, Outcome.Survived) with { Mutant = Mutant(1) with { Line = 999 } }])
        );

        Assert.Equal((Outcome.Accepted, "It is the same."), (verdict.Outcome, verdict.Reason));
    }

    [Fact]
    public void More_survivors_than_were_accepted_are_reported()
    {
        var results = new[] { Result(1, Outcome.Survived), Result(2, Outcome.Survived), Result(3, Outcome.NotCovered) };

        Assert.Equal(
            [Outcome.Accepted, Outcome.Survived, Outcome.NotCovered],
            new AcceptedSurvivors([Entry()]).Apply(results).Select(verdict => verdict.Outcome)
        );
        Assert.Equal(
            [Outcome.Accepted, Outcome.Accepted, Outcome.NotCovered],
            new AcceptedSurvivors([Entry() with { Times = 2 }]).Apply(results).Select(verdict => verdict.Outcome)
        );
    }

    [Fact]
    public void Another_file_member_or_fault_is_not_accepted()
    {
        AcceptedSurvivor[] others =
        [
            Entry() with
            {
                File = "b.cs",
            },
            Entry() with
            {
                Member = "Other.Run",
            },
            Entry() with
            {
                Original = "a > b",
            },
            Entry() with
            {
                Mutated = "a >= b",
            },
        ];

        var verdict = Assert.Single(new AcceptedSurvivors(others).Apply([Result(1, Outcome.Survived)]));
        Assert.Equal(Outcome.Survived, verdict.Outcome);
    }

    [Fact]
    public void A_killed_mutant_needs_no_excuse_and_the_entry_is_stale()
    {
        var accepted = new AcceptedSurvivors([Entry()]);

        var verdicts = accepted.Apply([Result(1, Outcome.Killed)]);

        Assert.Equal(Outcome.Killed, Assert.Single(verdicts).Outcome);
        Assert.Equal([Entry()], accepted.Stale(verdicts));
        Assert.Empty(accepted.Stale(accepted.Apply([Result(1, Outcome.Survived)])));
        Assert.Empty(accepted.Stale(accepted.Apply([Result(1, Outcome.Killed), Result(2, Outcome.NotRun)])));
    }

    [Theory]
    [InlineData("""[{ "file": "a.cs", "original": "a", "mutated": "b", "reason": " " }]""", "without a reason")]
    [InlineData("""[{ "file": "a.cs", "original": "a", "mutated": "b" }]""", "reason")]
    [InlineData("""[{ "file": "a.cs", "original": "a", "mutated": "b", "reason": "c", "line": 7 }]""", "line")]
    [InlineData("""[{""", "")]
    public async Task A_damaged_list_of_accepted_survivors_stops_the_run(string json, string problem)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, json, TestContext.Current.CancellationToken);
            var wrong = await Assert.ThrowsAsync<MutationException>(() =>
                AcceptedSurvivors.ReadAsync(path, TestContext.Current.CancellationToken)
            );
            Assert.Contains(problem, wrong.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Every_survivor_is_shown_with_its_place_and_both_texts_and_nothing_is_hidden()
    {
        using var output = new StringWriter();
        var verdicts = new AcceptedSurvivors([Entry() with { Times = 1 }]).Apply([
            Result(1, Outcome.Survived),
            Result(2, Outcome.Survived),
            Result(3, Outcome.NotCovered),
            Result(4, Outcome.Killed),
            Result(5, Outcome.NotRun),
        ]);
        var slow = new TestUnit("tests/A", "A.dll", "A.Tests.Slow", false, []);
        var aside = new UnitCoverage(slow, TimeSpan.Zero, new HashSet<int>(), "takes longer");
        var gone = Entry() with { File = "gone.cs" };

        TextReport.Write(new RunReport(["a"], 7, 5, [], verdicts, [aside], [gone], TimeSpan.FromMinutes(3)), output);

        var text = output.ToString().ReplaceLineEndings("\n");
        Assert.Contains("a.cs:12  Code.Run  [relation]\n  - a < b\n  + a > b\n", text, StringComparison.Ordinal);
        Assert.Contains("= It is the same.", text, StringComparison.Ordinal);
        Assert.Contains("not covered: no test reaches it (1)", text, StringComparison.Ordinal);
        Assert.Contains("NOT RUN: 1 mutants", text, StringComparison.Ordinal);
        Assert.Contains("SET ASIDE: A.Tests.Slow: takes longer", text, StringComparison.Ordinal);
        Assert.Contains("STALE in accepted.json: gone.cs", text, StringComparison.Ordinal);
        Assert.Contains("score 33.3 %: 1 of 3 killed", text, StringComparison.Ordinal);
        Assert.Contains("seed 7", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_runner_prints_is_read()
    {
        string[] output =
        [
            "    A.Tests.First [FAIL]",
            "      Assert.True() Failure",
            "    A.Tests.Second [FAIL]",
            "=== TEST EXECUTION SUMMARY ===",
            "   A  Total: 17, Errors: 0, Failed: 2, Skipped: 3, Not Run: 4, Time: 0.341s",
        ];

        Assert.Equal(10, RunnerOutput.Ran(output));
        Assert.Equal("A.Tests.First", RunnerOutput.FirstFailure(output));
        Assert.Null(RunnerOutput.Ran(output[..3]));
        Assert.Null(RunnerOutput.FirstFailure(output[3..]));
    }

    private static AcceptedSurvivor Entry() => new("a.cs", "a < b", "a > b", "It is the same.", "Code.Run");

    private static Mutant Mutant(int id) =>
        new(
            id,
            "a.cs",
            12,
            "Code.Run",
            "relation",
            "a < b",
            "a > b",
            new MutationPoint(null!, "relation", null!, null!, default, "")
        );

    private static TrialResult Result(int id, Outcome outcome) => new(Mutant(id), outcome, null, TimeSpan.Zero);

    private static Verdict Verdict(int id, Outcome outcome) => new(Result(id, outcome), outcome, null);
}
