using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using SelfDev.Azure.Analysts;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>A dropped evaluation finds what to be compared with, is explained, and passes a gate only as people
/// decide.</summary>
public class EvaluationPipelineTests
{
    private const string Answer = """{"cause":"It is as good as before.","citations":[],"recommended_action":"none"}""";
    private const string TwoApprovers = """["ana@localhost", "bo@localhost"]""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_regression_against_the_parent_blocks_the_promotion_once_a_person_agrees()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Gate("""["ana@localhost"]"""));
        await ParentAndPromotedAsync(pipeline);
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 400, won: 100));

        Assert.Equal(
            HttpStatusCode.OK,
            await pipeline.DecideAsync(await pipeline.NextLinkAsync("block-promotion on evals/step-2"), "approve")
        );
        var output = await pipeline.FinishAsync(instance);

        var report = await pipeline.ReportAsync(instance);
        Assert.Equal(("regressed", "block", "step-1"), Summary(report));
        Assert.Contains(
            "step-1 is the parent that its manifest names",
            (string?)report["summary"]!["baselineChoice"],
            StringComparison.Ordinal
        );
        var applied = Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        var command = await pipeline.Store.TryReadJsonAsync<JsonObject>(
            Containers.Commands,
            $"evals/step-2/{applied.PlanHash}.json",
            Cancellation
        );
        Assert.Equal(
            ("block-promotion", "step-2"),
            ((string?)command!["action"], (string?)command["parameters"]!["checkpoint"])
        );
        Assert.True((await pipeline.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task Without_a_manifest_the_newest_promoted_checkpoint_is_the_baseline_or_the_report_says_so()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Gate("""["ana@localhost"]"""));
        var alone = await pipeline.DropAsync("evals/step-9/scores.csv", Scores(4000, lost: 0, won: 0));
        await pipeline.FinishAsync(alone);
        var lonely = await pipeline.ReportAsync(alone);
        Assert.Contains(
            "none says that another one was promoted",
            (string?)lonely["findings"]![0]!["title"],
            StringComparison.Ordinal
        );
        Assert.Null(lonely["summary"]!["overall"]);

        await ParentAndPromotedAsync(pipeline);
        var instance = await pipeline.DropAsync("evals/step-8/scores.csv", Scores(4000, lost: 0, won: 0));
        await pipeline.DecideAsync(await pipeline.NextLinkAsync("allow-promotion on evals/step-8"), "reject");
        await pipeline.FinishAsync(instance);
        var report = await pipeline.ReportAsync(instance);
        Assert.Equal(("tied", "allow", "in-service"), Summary(report));
        Assert.Contains(
            "the newest promoted checkpoint",
            (string?)report["summary"]!["baselineChoice"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_checkpoint_that_explains_its_own_evaluation_needs_a_second_person()
    {
        await using var model = await OpenAiWireServer.StartAsync();
        model.Always(WireAnswer.Completion(Answer));
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Gate(TwoApprovers, """{ "whatever": { "checkpoint": "step-3" } }"""),
            model: Options(model)
        );
        await ParentAndPromotedAsync(pipeline);
        // What answers under the model's name was trained on from the checkpoint that is evaluated.
        await ManifestAsync(pipeline, "step-3", """{"schema":"selfdev.checkpoint/1","parent":"step-2"}""");
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));

        var first = await pipeline.NextLinkAsync("allow-promotion on evals/step-2");
        var second = await pipeline.NextLinkAsync("allow-promotion on evals/step-2");
        var page = await pipeline.PageAsync(first);
        Assert.Contains(
            "The checkpoint step-3, which was trained on from step-2, explains its evaluation: a second person has to "
                + "approve.",
            page,
            StringComparison.Ordinal
        );
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(first, "approve"));
        await pipeline.ReachPhaseAsync(instance, "acting");
        Assert.Empty(await CommandsAsync(pipeline));

        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(second, "approve"));
        var output = await pipeline.FinishAsync(instance);
        Assert.Single(
            output.Actions,
            action => action is { Action: "allow-promotion", Outcome: EffectOutcome.Applied }
        );
        Assert.Single(await CommandsAsync(pipeline));
    }

    [Theory]
    [InlineData("rules")]
    [InlineData("a-name-that-no-manifest-knows")]
    [InlineData("harmless")]
    [InlineData("\u202eharmless\r\n")]
    public async Task Whatever_a_server_calls_itself_and_whatever_a_manifest_claims_one_person_is_not_enough(
        string name
    )
    {
        await using var model = await OpenAiWireServer.StartAsync();
        model.Always(WireAnswer.Completion(Answer, model: name));
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Gate(TwoApprovers), model: Options(model));
        await ParentAndPromotedAsync(pipeline);
        await ManifestAsync(
            pipeline,
            "harmless",
            """{"schema":"selfdev.checkpoint/1","servedAs":["whatever","rules","a-name-that-no-manifest-knows"]}"""
        );
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));

        var first = await pipeline.NextLinkAsync("allow-promotion on evals/step-2");
        Assert.Contains("2 of these people have to approve", await pipeline.PageAsync(first), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(first, "approve"));
        Assert.Empty(await CommandsAsync(pipeline));

        Assert.Equal(
            HttpStatusCode.OK,
            await pipeline.DecideAsync(await pipeline.NextLinkAsync("allow-promotion on evals/step-2"), "approve")
        );
        Assert.Single(
            (await pipeline.FinishAsync(instance)).Actions,
            action => action.Outcome == EffectOutcome.Applied
        );
    }

    [Fact]
    public async Task An_answer_that_says_after_one_person_has_approved_who_gave_it_gets_no_effect()
    {
        // Until the end: the answer that is stored below is the only one there is.
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var model = await OpenAiWireServer.StartAsync();
        model.Always(WireAnswer.After(hangs.Task, WireAnswer.Status(500)));
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Gate(TwoApprovers, """{ "whatever": { "checkpoint": "outside" } }"""),
            model: Options(model)
        );
        await ParentAndPromotedAsync(pipeline);
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));
        // By the word of the policy the configured model is another one: one person is enough, as far as anybody knows.
        var link = await pipeline.NextLinkAsync("allow-promotion on evals/step-2");
        Assert.Contains("One of these people has to approve", await pipeline.PageAsync(link), StringComparison.Ordinal);

        await new Explanations(pipeline.Store).WriteAsync(
            instance,
            new Diagnosis(1, ["F1"], "It is as good.", [], 0, null, null, Explainer.Model, "step-2", 1, 0, 1, 1),
            Cancellation
        );
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(link, "approve"));

        while ((await ActionsAsync(pipeline, instance)) is [] or [{ Rounds: [{ Effect: null }] }])
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        var effect = Assert.Single(Assert.Single(await ActionsAsync(pipeline, instance)).Rounds).Effect!;
        Assert.Equal(EffectOutcome.Refused, effect.Outcome);
        Assert.Contains("it takes 2 of", effect.Detail, StringComparison.Ordinal);
        Assert.Empty(await CommandsAsync(pipeline));
        hangs.SetResult();
    }

    [Fact]
    public async Task With_one_approver_only_a_self_explained_checkpoint_is_not_even_proposed()
    {
        await using var model = await OpenAiWireServer.StartAsync();
        model.Always(WireAnswer.Completion(Answer));
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Gate("""["ana@localhost"]""", """{ "whatever": { "checkpoint": "step-2" } }"""),
            model: Options(model)
        );
        await ParentAndPromotedAsync(pipeline);
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));

        var refused = Assert.Single((await pipeline.FinishAsync(instance)).Actions);

        Assert.Equal(EffectOutcome.Refused, refused.Outcome);
        Assert.Contains("The checkpoint step-2 explains its own evaluation", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_the_policy_knows_may_explain_and_one_person_is_enough()
    {
        await using var model = await OpenAiWireServer.StartAsync();
        model.Always(WireAnswer.Completion(Answer));
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Gate(
                TwoApprovers,
                $$"""{ "whatever": { "checkpoint": "step-1" }, "{{WireAnswer.Checkpoint}}": { "checkpoint": "step-1" } }"""
            ),
            model: Options(model)
        );
        // The parent explains its child: no one judges itself here.
        await ParentAndPromotedAsync(pipeline);
        var instance = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));

        var link = await pipeline.NextLinkAsync("allow-promotion on evals/step-2");
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(link, "approve"));

        Assert.Single(
            (await pipeline.FinishAsync(instance)).Actions,
            action => action.Outcome == EffectOutcome.Applied
        );
    }

    [Fact]
    public async Task Files_beside_the_dropped_one_belong_to_its_evaluation_and_a_missing_task_passes_no_gate()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        await ParentAndPromotedAsync(pipeline);
        await pipeline.FinishAsync(
            await pipeline.DropAsync("evals/step-1/more/second.csv", Scores(4000, lost: 0, won: 0))
        );
        var half = await pipeline.DropAsync("evals/step-2/scores.csv", Scores(4000, lost: 0, won: 0));
        await pipeline.FinishAsync(half);
        Assert.Equal(("tied", "hold", "step-1"), Summary(await pipeline.ReportAsync(half)));

        var whole = await pipeline.DropAsync("evals/step-2/more/second.csv", Scores(4000, lost: 0, won: 0));
        await pipeline.FinishAsync(whole);
        var report = await pipeline.ReportAsync(whole);
        Assert.Equal(("tied", "allow", "step-1"), Summary(report));
        Assert.Equal(2, report["summary"]!["comparisons"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_manifest_is_noted_and_a_broken_one_is_set_aside_with_its_reason()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        Assert.Equal(
            "noted",
            (
                await pipeline.FinishAsync(
                    await pipeline.DropAsync("evals/step-1/manifest.json", """{"schema":"selfdev.checkpoint/1"}""")
                )
            ).Outcome
        );
        var broken = await pipeline.FinishAsync(
            await pipeline.DropAsync(
                "evals/step-2/manifest.json",
                """{"schema":"selfdev.checkpoint/1","parent":"a/b"}"""
            )
        );
        Assert.Equal("rejected", broken.Outcome);
        Assert.Contains("'parent' has to be a name", broken.Reason, StringComparison.Ordinal);
    }

    /// <summary>step-1, evaluated, is the parent of step-2; in-service, evaluated, was promoted.</summary>
    private static async Task ParentAndPromotedAsync(RunningPipeline pipeline)
    {
        await ManifestAsync(pipeline, "step-1", """{"schema":"selfdev.checkpoint/1"}""");
        await ManifestAsync(pipeline, "step-2", """{"schema":"selfdev.checkpoint/1","parent":"step-1"}""");
        await ManifestAsync(
            pipeline,
            "in-service",
            """{"schema":"selfdev.checkpoint/1","promotedAt":"2026-01-31T12:00:00Z"}"""
        );
        foreach (var checkpoint in (string[])["step-1", "in-service"])
        {
            await pipeline.DropAsync($"evals/{checkpoint}/scores.csv", Scores(4000, lost: 0, won: 0));
        }
    }

    private static Task ManifestAsync(RunningPipeline pipeline, string checkpoint, string json) =>
        pipeline.DropAsync($"evals/{checkpoint}/manifest.json", json);

    /// <summary>Seven of ten items pass; of those that do, <paramref name="lost"/> fail instead, of the others
    /// <paramref name="won"/> pass.</summary>
    private static string Scores(int n, int lost, int won)
    {
        var rows = Enumerable
            .Range(0, n)
            .Select(id =>
            {
                var passes = id % 10 < 7 ? lost-- <= 0 : won-- > 0;
                return string.Create(CultureInfo.InvariantCulture, $"q{id},{(passes ? 1 : 0)}\n");
            });
        return "id,score\n" + string.Concat(rows);
    }

    private static (string?, string?, string?) Summary(JsonNode report) =>
        (
            (string?)report["summary"]!["overall"],
            (string?)report["summary"]!["gate"],
            (string?)report["summary"]!["baseline"]!["name"]
        );

    private static async Task<List<string>> CommandsAsync(RunningPipeline pipeline)
    {
        var names = new List<string>();
        await foreach (var blob in pipeline.Store.ListAsync(Containers.Commands, "", Cancellation))
        {
            names.Add(blob.Blob.Name);
        }

        return names;
    }

    private static async Task<IReadOnlyList<StoredAction>> ActionsAsync(RunningPipeline pipeline, string instance)
    {
        var name = DiagnosisBlobs.Action(instance, 1);
        var action = await pipeline.Store.TryReadJsonAsync<StoredAction>(Containers.Evidence, name, Cancellation);
        return action is null ? [] : [action];
    }

    private static LanguageModelOptions Options(OpenAiWireServer model) =>
        new()
        {
            Endpoint = model.Endpoint,
            Model = "whatever",
            Key = "test-key",
        };
}
