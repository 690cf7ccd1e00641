using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>
/// The corridor on an engine, with a model that answers when the test lets it: nobody waits for it. The workflow and
/// its explanations are the genuine ones; intake, analysis and the action behind an approval are a line each.
/// </summary>
public abstract class DiagnosisConformance : IAsyncLifetime
{
    private static readonly TimeSpan RealLimit = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A fresh engine, not started, on an empty store.</summary>
    protected abstract IEngineUnderTest Create();

    protected IEngineUnderTest Engine { get; private set; } = null!;

    protected InMemoryArtifactStore Store { get; } = new();

    protected ActivityProbe Probe { get; } = new();

    /// <value>
    /// What happened, in order: <c>act</c>, <c>explained</c> (as the ledger has it) and <c>report</c>, each with its
    /// instance.
    /// </value>
    protected ConcurrentQueue<string> Steps { get; } = new();

    protected ExplanationPlaces Places { get; } = new(2);

    /// <value>Times that an explanation was asked for.</value>
    protected int Questions => _questions;

    /// <value>Thrown by the step that stores an explanation; null: it works.</value>
    protected Exception? ExplainingFails { get; set; }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Engine = Create();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _answer.TrySetResult();
        Probe.ReleaseAll();
        await Engine.DisposeAsync();
    }

    [Fact]
    public async Task People_are_asked_while_the_model_hangs_and_the_report_is_whole_at_the_end()
    {
        await StartAsync("a");
        await Probe.ArrivedAsync("act a:action:1");
        await Probe.ArrivedAsync("model");
        Assert.DoesNotContain("explained a", Steps);

        Probe.Release("act a:action:1");
        await Engine.WaitUntilAsync("a", _ => Steps.Contains("report a"));
        Assert.Equal(["act a:action:1", "report a"], Steps);
        Answer();

        Assert.Equal("diagnosed", (await FinishAsync("a")).Outcome);
        Assert.Equal(["act a:action:1", "report a", "explained a", "explained a", "report a"], Steps);
    }

    [Fact]
    public async Task An_explanation_that_comes_first_is_in_the_report_before_anybody_has_decided()
    {
        Answer();
        await StartAsync("a");
        await Engine.WaitUntilAsync("a", _ => Steps.Contains("report a"));
        Assert.Equal(["explained a", "explained a", "report a"], Steps);

        Probe.Release("act a:action:1");
        Assert.Equal(EffectOutcome.Applied, Assert.Single((await FinishAsync("a")).Actions).Outcome);
        Assert.Equal(["explained a", "explained a", "report a", "act a:action:1", "report a"], Steps);
    }

    [Fact]
    public async Task An_explanation_that_cannot_be_stored_fails_the_run_only_after_its_actions_are_done()
    {
        ExplainingFails = new NonRetryableException("no rights");
        await StartAsync("a");
        await Probe.ArrivedAsync("act a:action:1");
        Assert.Equal(WorkflowStatus.Running, (await Engine.Client.GetAsync("a", Cancellation))!.Status);
        Probe.Release("act a:action:1");

        var failed = await Engine.Client.WaitForCompletionAsync("a", Cancellation).WaitAsync(RealLimit, Cancellation);
        Assert.Equal(WorkflowStatus.Failed, failed.Status);
        Assert.Contains("no rights", failed.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(["act a:action:1", "report a"], Steps);
    }

    /// <summary>Lets the model answer, this time and from now on.</summary>
    protected void Answer() => _answer.TrySetResult();

    protected async Task StartAsync(string instance)
    {
        await ExplainedReport.StoreAsync(Store, instance);
        await StartEngineAsync();
        var blob = new BlobRef(Containers.Intake, "evals/step-2/scores.csv", "1");
        await Engine.Client.StartAsync(
            ArtifactDiagnosis.Handle,
            new ArtifactDiagnosisInput(blob, null),
            instance,
            Cancellation
        );
    }

    protected async Task<ArtifactDiagnosisOutput> FinishAsync(string instance)
    {
        var finished = await Engine
            .Client.WaitForCompletionAsync(instance, Cancellation)
            .WaitAsync(RealLimit, Cancellation);
        Assert.True(finished.Status == WorkflowStatus.Completed, $"{finished.Status}: {finished.Failure}");
        return Payload.Deserialize<ArtifactDiagnosisOutput>(finished.Output)!;
    }

    /// <summary>Starts the engine if it does not run.</summary>
    protected async Task StartEngineAsync()
    {
        if (!_runs)
        {
            _runs = true;
            await Engine.StartAsync(Catalog());
        }
    }

    protected async Task RestartAsync(Func<Task> stop)
    {
        await stop();
        _runs = false;
        await StartEngineAsync();
    }

    private bool _runs;
    private int _questions;

    private WorkflowCatalog Catalog() =>
        new WorkflowCatalog()
            .Add(ArtifactDiagnosis.Handle, ArtifactDiagnosis.RunAsync)
            .Add(ActionExecution.Handle, async (context, input) => await context.CallActivityAsync(Act, input))
            .Add(
                Act,
                _ =>
                    Probe.Activity<ActionInput, ActionOutcome>(
                        async (input, call) =>
                        {
                            await Probe.HoldAsync($"act {call.InstanceId}", call.Cancellation);
                            Steps.Enqueue($"act {call.InstanceId}");
                            return new ActionOutcome(
                                input.ReportId,
                                input.Proposal,
                                "wait",
                                null,
                                EffectOutcome.Applied,
                                ""
                            );
                        }
                    )
            )
            .Add(
                IntakeActivities.Inspect,
                _ =>
                    Probe.Activity<BlobRef, ArtifactInspection>(blob => new AcceptedArtifact(
                        blob,
                        "evals",
                        "csv",
                        "step-2",
                        1,
                        1,
                        new string('a', 64)
                    ))
            )
            .Add(
                IntakeActivities.Reject,
                _ =>
                    Probe.Activity<RejectedArtifact, Rejection>(_ =>
                        throw new NonRetryableException("Nothing is rejected here.")
                    )
            )
            .Add(
                AnalyzeArtifact.Handle,
                _ =>
                    Probe.Activity<AnalyzeArtifactInput, AnalyzedArtifact>(_ => new AnalyzedArtifact(
                        null,
                        new string('a', 64),
                        2,
                        null,
                        ExplainedReport.Groups,
                        1
                    ))
            )
            .Add(
                ExplainFindings.Handle,
                _ =>
                    ExplainingFails is { } failure
                        ? Probe.Activity<ExplainFindingsInput, ExplainedFindings>(_ => throw failure)
                        : Probe.Activity<ExplainFindingsInput, ExplainedFindings>(
                            (input, call) =>
                            {
                                Interlocked.Increment(ref _questions);
                                var logger = NullLogger<ExplainFindings>.Instance;
                                var (model, rules) = (new WaitingModel(this), new RulesAnalyst());
                                return new ExplainFindings(
                                    Store,
                                    new Explanations(Store),
                                    model,
                                    rules,
                                    Places,
                                    logger
                                ).RunAsync(input, call);
                            }
                        )
            )
            .Add(
                ComposeReport.Handle,
                _ =>
                    Probe.Activity<ReportReference, Nothing>(report =>
                    {
                        Steps.Enqueue($"report {report.ReportId}");
                        return Nothing.Value;
                    })
            )
            .Add(
                RecordLedgerEntry.Handle,
                _ =>
                    Probe.Activity<LedgerEntry, LedgerReceipt>(entry =>
                    {
                        if (entry.Type == LedgerEntryTypes.Diagnosis)
                        {
                            Steps.Enqueue($"explained {entry.InstanceId}");
                        }

                        return new LedgerReceipt(0, 1, "");
                    })
            );

    private static readonly Activity<ActionInput, ActionOutcome> Act = new("Act");

    private sealed class WaitingModel(DiagnosisConformance test) : IAnalyst
    {
        public string Name => "slow-model";

        public async Task<AnalystAnswer> ExplainAsync(AnalystQuestion question, CancellationToken cancellation)
        {
            if (!test._answer.Task.IsCompleted)
            {
                await Task.WhenAny(test.Probe.HoldAsync("model", cancellation), test._answer.Task);
                cancellation.ThrowIfCancellationRequested();
            }

            var usage = new AnalystUsage(Name, 1, 0, 1, TimeSpan.Zero);
            return new AnalystAnswer("The GPU was lost.", [new Citation(null, 7, "Xid")], 0, null, null, usage);
        }
    }
}
