using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// The corridor: one version of one blob from intake to report, with the actions that follow from it. One workflow
/// serves every kind of artifact; what differs between kinds lives in the rooms of Core. The deterministic report is
/// written before any model or person is asked, and again when explanations and effects are known; neither waits for
/// the other.
/// </summary>
public static class ArtifactDiagnosis
{
    public static readonly Workflow<ArtifactDiagnosisInput, ArtifactDiagnosisOutput> Handle = new("ArtifactDiagnosis");

    /// <summary>
    /// Explanations that are asked for at once: a cap of our own, because a host's cap is per machine.
    /// </summary>
    public const int MaxParallelExplanations = 4;

    /// <summary>From this version on people are asked before anything is explained.</summary>
    private const string PeopleFirstVersion = "1.1";

    /// <summary>Times that a group comes back to a model that was busy with other runs.</summary>
    private const int MaxWaits = 20;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    public static async Task<ArtifactDiagnosisOutput> RunAsync(IWorkflowContext context, ArtifactDiagnosisInput input)
    {
        context.SetCustomStatus(new DiagnosisStatus("reading", 0, 0));
        var inspection = await context.CallActivityAsync(IntakeActivities.Inspect, input.Blob, IntakeActivities.Retry);
        await context.RecordAsync(
            LedgerEntryTypes.Artifact,
            "artifact",
            input.DroppedBy ?? LedgerActors.SelfDev,
            inspection
        );
        if (inspection is not AcceptedArtifact accepted)
        {
            return await EndUnreadAsync(context, inspection);
        }

        context.SetCustomStatus(new DiagnosisStatus("analysing", 0, 0));
        var analyzed = await context.CallActivityAsync(
            AnalyzeArtifact.Handle,
            new AnalyzeArtifactInput(context.InstanceId, accepted, input.DroppedBy, input.Silence),
            Retries.Analysis
        );
        if (analyzed.Unread is { } unread)
        {
            await context.RecordAsync(LedgerEntryTypes.Artifact, "unread", LedgerActors.SelfDev, unread);
            return await EndUnreadAsync(context, unread);
        }

        await context.RecordAsync(LedgerEntryTypes.Finding, "findings", LedgerActors.SelfDev, analyzed);
        return context.CompareVersionTo(PeopleFirstVersion) >= 0
            ? await ActWhileExplainingAsync(context, input, analyzed)
            : await ExplainThenActAsync(context, input, analyzed);
    }

    // People are asked first: an explanation takes as long as its model does, and joins the page and the report when
    // it comes.
    private static async Task<ArtifactDiagnosisOutput> ActWhileExplainingAsync(
        IWorkflowContext context,
        ArtifactDiagnosisInput input,
        AnalyzedArtifact analyzed
    )
    {
        var phase = analyzed.Proposals > 0 ? "acting" : "explaining";
        context.SetCustomStatus(new DiagnosisStatus(phase, analyzed.Findings, analyzed.Proposals));
        var report = new ReportWriting(context);
        var acting = ActAsync(context, analyzed.Proposals, report);
        var explaining = ExplainAsync(context, analyzed.Groups, report);
        var watch = WatchSilenceAsync(context, input, analyzed.SilentAfterSeconds);
        await Task.WhenAll(acting, explaining);
        context.SetCustomStatus(new DiagnosisStatus("done", analyzed.Findings, analyzed.Proposals));
        await watch;
        return new ArtifactDiagnosisOutput("diagnosed", null, analyzed.Findings, analyzed.Proposals, await acting);
    }

    // As instances of before PeopleFirstVersion began; remove it when none is left.
    private static async Task<ArtifactDiagnosisOutput> ExplainThenActAsync(
        IWorkflowContext context,
        ArtifactDiagnosisInput input,
        AnalyzedArtifact analyzed
    )
    {
        context.SetCustomStatus(new DiagnosisStatus("explaining", analyzed.Findings, analyzed.Proposals));
        var report = new ReportWriting(context);
        await ExplainAsync(context, analyzed.Groups, report);
        var phase = analyzed.Proposals > 0 ? "acting" : "done";
        context.SetCustomStatus(new DiagnosisStatus(phase, analyzed.Findings, analyzed.Proposals));
        var watch = WatchSilenceAsync(context, input, analyzed.SilentAfterSeconds);
        var outcomes = await ActAsync(context, analyzed.Proposals, report);
        context.SetCustomStatus(new DiagnosisStatus("done", analyzed.Findings, analyzed.Proposals));
        await watch;
        return new ArtifactDiagnosisOutput("diagnosed", null, analyzed.Findings, analyzed.Proposals, outcomes);
    }

    // The same version is read again when no newer one has come for too long; a newer one makes that reading find it
    // gone.
    private static async Task WatchSilenceAsync(
        IWorkflowContext context,
        ArtifactDiagnosisInput input,
        double? silentAfterSeconds
    )
    {
        if (silentAfterSeconds is not { } seconds)
        {
            return;
        }

        var silence = TimeSpan.FromSeconds(seconds + 1);
        await context.CreateTimer(silence);
        try
        {
            await context.CallWorkflowAsync(Handle, input with { Silence = silence }, $"{context.InstanceId}:silence");
        }
        catch (WorkflowTaskFailedException)
        {
            // It has its own instance, where its failure is seen; the report of this one is complete without it.
        }
    }

    private static async Task<IReadOnlyList<ActionOutcome>> ActAsync(
        IWorkflowContext context,
        int proposals,
        ReportWriting report
    )
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(1, proposals).Select(number => ActAsync(context, number)));
        if (outcomes.Length > 0)
        {
            await report.WriteAsync();
        }

        return outcomes;
    }

    // One action that breaks must not take the others or the report with it.
    private static async Task<ActionOutcome> ActAsync(IWorkflowContext context, int number)
    {
        try
        {
            return await context.CallWorkflowAsync(
                ActionExecution.Handle,
                new ActionInput(context.InstanceId, number),
                string.Create(CultureInfo.InvariantCulture, $"{context.InstanceId}:action:{number}")
            );
        }
        catch (WorkflowTaskFailedException failed)
        {
            return new ActionOutcome(
                context.InstanceId,
                number,
                null,
                null,
                EffectOutcome.Failed,
                ActionOutcome.Shorten(failed.Failure.Message)
            );
        }
    }

    private static async Task ExplainAsync(IWorkflowContext context, int groups, ReportWriting report)
    {
        foreach (var batch in Enumerable.Range(1, groups).Chunk(MaxParallelExplanations))
        {
            foreach (var explained in await Task.WhenAll(batch.Select(group => ExplainAsync(context, group))))
            {
                await context.RecordAsync(
                    LedgerEntryTypes.Diagnosis,
                    $"diagnosis:{explained.Group}",
                    explained.Actor,
                    explained
                );
            }
        }

        await report.WriteAsync();
    }

    // A model that all runs wait for is asked again after a while, about a quarter of an hour in all; then the rules
    // explain.
    private static async Task<ExplainedFindings> ExplainAsync(IWorkflowContext context, int group)
    {
        var wait = FirstWait;
        for (var attempt = 1; ; attempt++)
        {
            var explained = await context.CallActivityAsync(
                ExplainFindings.Handle,
                new ExplainFindingsInput(context.InstanceId, group, IsLast: attempt == MaxWaits),
                Retries.Transient
            );
            if (!explained.IsBusy)
            {
                return explained;
            }

            await context.CreateTimer(wait);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    // One composition after the other: of two at once, the one that had read less could be the last to write.
    private sealed class ReportWriting(IWorkflowContext context)
    {
        private Task _last = Task.CompletedTask;

        public Task WriteAsync() => _last = WriteAfterAsync(_last);

        private async Task WriteAfterAsync(Task before)
        {
            await before;
            await context.CallActivityAsync(
                ComposeReport.Handle,
                new ReportReference(context.InstanceId),
                Retries.Transient
            );
        }
    }

    // A manifest is read where it is needed. A blob that is gone needs no copy: its newer version, if any, has a run
    // of its own.
    private static async Task<ArtifactDiagnosisOutput> EndUnreadAsync(
        IWorkflowContext context,
        ArtifactInspection inspection
    )
    {
        if (inspection is ManifestArtifact)
        {
            context.SetCustomStatus(new DiagnosisStatus("noted", 0, 0));
            return new ArtifactDiagnosisOutput(
                "noted",
                "The manifest of a checkpoint: evaluations find their baseline by it.",
                0,
                0,
                []
            );
        }

        if (inspection is RejectedArtifact rejected)
        {
            await context.CallActivityAsync(IntakeActivities.Reject, rejected, IntakeActivities.Retry);
            context.SetCustomStatus(new DiagnosisStatus("rejected", 0, 0));
            return new ArtifactDiagnosisOutput("rejected", rejected.Reason, 0, 0, []);
        }

        context.SetCustomStatus(new DiagnosisStatus("gone", 0, 0));
        return new ArtifactDiagnosisOutput(
            "gone",
            "That version of the blob was deleted or replaced before it was read.",
            0,
            0,
            []
        );
    }
}

/// <param name="DroppedBy">
/// Identity of who uploaded the blob, where storage knows it; that person may not approve what follows.
/// </param>
/// <param name="Silence">
/// Time without a newer version, where a live run that may have stalled is read again; else null.
/// </param>
public sealed record ArtifactDiagnosisInput(BlobRef Blob, string? DroppedBy, TimeSpan? Silence = null);

/// <param name="Outcome"><c>diagnosed</c>, <c>noted</c> (a manifest), <c>rejected</c> or <c>gone</c>.</param>
/// <param name="Reason">Why not diagnosed; null when it was.</param>
public sealed record ArtifactDiagnosisOutput(
    string Outcome,
    string? Reason,
    int Findings,
    int Proposals,
    IReadOnlyList<ActionOutcome> Actions
);

/// <summary>Custom status of a running diagnosis.</summary>
public sealed record DiagnosisStatus(string Phase, int Findings, int Proposals);
