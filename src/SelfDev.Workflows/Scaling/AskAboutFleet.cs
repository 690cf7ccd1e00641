using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling;

/// <summary>
/// Asks people for a size that lies outside the envelope: files the finding and a proposal for each scale set as a
/// diagnosis does, and starts the actions on the one corridor to an approval.
/// </summary>
public sealed class AskAboutFleet(
    IArtifactStore store,
    FleetSamples samples,
    IApprovalPolicySource policies,
    IFleetSizing sizing,
    IWorkflowClient workflows,
    FleetPlanSeals seals,
    TimeProvider clock
) : IActivity<AskAboutFleetInput, IReadOnlyList<string>>
{
    public static readonly Activity<AskAboutFleetInput, IReadOnlyList<string>> Handle = new("AskAboutFleet");

    /// <returns>Instances of the actions; none where no look at the fleet made the decision, which is reported. Asking
    /// again with one <see cref="AskAboutFleetInput.ReportId"/> asks nothing new.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(AskAboutFleetInput input, ActivityContext context)
    {
        var cancellation = context.Cancellation;
        if (!await seals.IsGenuineAsync(input.Fleet, input.Decision, cancellation))
        {
            return [];
        }

        var history = await samples.ReadAsync(input.Fleet, clock.GetUtcNow(), cancellation);
        var newest = history.Count == 0 ? null : history[^1];
        var replay = (await policies.ReadAsync(cancellation)).Policy?.Fleets.GetValueOrDefault(input.Fleet) is { } fleet
            ? sizing.Replay(fleet, history, input.Decision.Capacity, input.Decision.Wanted)
            : null;
        var finding = Finding(input, newest, replay);
        var (proposals, leftOut) = ProposalMerging.Merge([finding]);
        var analysis = new Analysis(
            new ArtifactSummary(input.Fleet, "traffic", "samples", 0, history.Count, 0, FleetHash(history)),
            [finding],
            new
            {
                samples = history.Count,
                input.Decision.Capacity,
                input.Decision.Wanted,
                input.Scores,
                replay,
            },
            FleetReport.Of(input, history, finding, replay)
        );
        await store.WriteJsonAsync(
            Containers.Evidence,
            DiagnosisBlobs.Analysis(input.ReportId),
            new StoredAnalysis(
                new BlobRef(Containers.Evidence, input.Fleet, null),
                $"traffic/{input.Fleet}",
                null,
                analysis,
                [],
                proposals,
                leftOut
            ),
            cancellation
        );
        await ReportComposition.WriteAsync(store, input.ReportId, cancellation);
        var actions = new List<string>();
        for (var proposal = 1; proposal <= proposals.Count; proposal++)
        {
            var action = string.Create(CultureInfo.InvariantCulture, $"{input.ReportId}:action:{proposal}");
            await workflows.StartAsync(
                ActionExecution.Handle,
                new ActionInput(input.ReportId, proposal),
                action,
                cancellation
            );
            actions.Add(action);
        }

        return actions;
    }

    private const string FindingId = "F1";

    private static Finding Finding(AskAboutFleetInput input, FleetSample? newest, FleetReplay? replay)
    {
        var at = new Position(1, null, newest?.Time ?? input.Now);
        var decision = input.Decision;
        return new Finding
        {
            Id = FindingId,
            Kind = FindingKinds.FleetSize,
            Severity = decision.Wanted > decision.Capacity ? Severity.Error : Severity.Info,
            Role = FindingRole.Root,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"{input.Fleet} has {decision.Capacity} instances and needs {decision.Wanted}: {decision.Reason}"
            ),
            From = at,
            To = at,
            Evidence =
            [
                new Evidence(1, 0, newest is null ? "no sample" : JsonSerializer.Serialize(newest, SelfDevJson.Stored)),
            ],
            Proposals = [.. decision.Changes.Select(change => Proposal(input, change, replay))],
        };
    }

    private static Proposal Proposal(AskAboutFleetInput input, ScaleSetChange change, FleetReplay? replay)
    {
        var past = input.Scores.Enough + input.Scores.Short;
        return new Proposal(
            new ScaleFleet(change.To) { Fleet = input.Fleet, ScaleSet = change.ResourceId },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{input.Decision.Reason} {input.Decision.Wanted} instances lie outside what the policy lets SelfDev "
                    + $"do without asking."
            )
        )
        {
            ExpectedOutcome =
                FleetReport.Expectation(replay)
                ?? string.Create(
                    CultureInfo.InvariantCulture,
                    $"Demand as it is now is served by {input.Decision.Wanted} instances within the service level."
                ),
            Risk =
                past == 0
                    ? "No earlier plan for this fleet has been judged yet."
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"Of {past} earlier plans for this fleet, {input.Scores.Enough} had enough instances when "
                            + $"judged and {input.Scores.Short} too few."
                    ),
            FindingIds = [FindingId],
        };
    }

    private static string FleetHash(IReadOnlyList<FleetSample> history) =>
        Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(
                JsonSerializer.SerializeToUtf8Bytes(history, SelfDevJson.Stored)
            )
        );
}

/// <param name="ReportId">Unique for the question.</param>
public sealed record AskAboutFleetInput(
    string Fleet,
    string ReportId,
    FleetDecision Decision,
    DateTimeOffset Now,
    PlanScores Scores
);
