using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Findings;

/// <summary>
/// Puts typed, priced actions to findings. Parameters are numbers of this program's own and host names that parse as
/// such, never words of a log.
/// </summary>
internal static class ProposalPlanner
{
    /// <summary>PaLM (Chowdhery et al. 2022, 5.1): restart about 100 steps before the spike and skip 200 to 500
    /// batches.</summary>
    private const long RewindSteps = 100;
    private const long SkipMinimum = 200;
    private const long SkipMaximum = 500;

    /// <summary>Loss spikes of one run after which its learning rate is the suspect (OPT-175B's logbook: cuts after
    /// repeated divergence).</summary>
    private const int ManySpikes = 3;

    /// <summary>What OPT-175B's logbook and the 104B chronicles did: cut by a third to a half.</summary>
    private const double RateFactor = 0.67;

    public static void Plan(IReadOnlyList<FindingDraft> findings, IReadOnlyList<RunFacts> facts)
    {
        foreach (var finding in findings.Where(finding => finding.Role == FindingRole.Root))
        {
            switch (finding.Kind)
            {
                case FindingKinds.LossSpike
                    when finding.Severity >= Severity.Error && finding.Metrics["recovered"].ToString() == "false":
                case FindingKinds.NonFinite when finding.Severity >= Severity.Error && finding.From.Step is not null:
                case FindingKinds.Divergence when finding.Metrics["class"].ToString() == "gradual":
                    LeftCourse(finding, findings, facts[finding.File]);
                    break;
                case FindingKinds.NcclTimeout
                or FindingKinds.NetworkFault when finding.Severity >= Severity.Error && finding.Remedy is null:
                    Restart(finding, facts[finding.File]);
                    break;
                default:
                    Node(finding, findings);
                    break;
            }
        }
    }

    private static void LeftCourse(FindingDraft finding, IReadOnlyList<FindingDraft> findings, RunFacts facts)
    {
        var step = finding.From.Step ?? 0;
        var target = Math.Max(0, step - RewindSteps);
        if (facts.LastCheckpoint is { } checkpoint && checkpoint <= step)
        {
            target = Math.Min(target, checkpoint);
        }

        var again = Math.Max(0, (finding.To.Step ?? step) - target);
        var rollBack = RollBack(finding, facts, step, target, again);
        if (finding == facts.InProgress && finding.Metrics["rows"].Number is var rows)
        {
            var forecast = RecoveryForecast.Of(facts.Spikes, (int)rows, facts.Stride, again);
            finding.Metrics["recoveryProbability"] = Math.Round(forecast.Probability, 4);
            finding.Metrics["waitStepsLost"] = Math.Round(forecast.WaitSteps, 1);
            finding.Metrics["rollBackStepsLost"] = forecast.RollBackSteps;
            var words = forecast.Describe(facts.SecondsAStep, facts.Gpus);
            var wait = new Proposal(
                new WaitForRecovery((finding.To.Step ?? step) + (forecast.RowsToWait * facts.Stride)),
                $"The log ends within the spike: {words}."
            )
            {
                ExpectedOutcome = string.Create(
                    CultureInfo.InvariantCulture,
                    $"By step {(finding.To.Step ?? step) + (forecast.RowsToWait * facts.Stride)} the loss is within "
                        + $"{Level(finding)} again."
                ),
                Cost = facts.Price(forecast.RowsToWait * facts.Stride),
                Risk = "If it does not recover, the steps waited are lost as well.",
            };
            rollBack = rollBack with { Why = $"{rollBack.Why} The log ends within the spike: {words}." };
            finding.Proposals.AddRange(forecast.Waits ? [wait, rollBack] : [rollBack, wait]);
        }
        else
        {
            finding.Proposals.Add(rollBack);
        }

        var left = findings
            .Where(other =>
                other.File == finding.File
                && other.Kind is FindingKinds.LossSpike or FindingKinds.Divergence
                && other.Severity >= Severity.Error
            )
            .ToList();
        var spikes = left.Count;
        if (
            (spikes >= ManySpikes && left.MaxBy(other => other.From.Line) == finding)
            || finding.Kind == FindingKinds.Divergence
        )
        {
            finding.Proposals.Add(
                new Proposal(
                    new LowerLearningRate(RateFactor, target),
                    spikes >= ManySpikes
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $"{spikes} times in this log the loss left its course: the learning rate is too high for "
                                + $"where the run is."
                        )
                        : "The loss climbs without a jump: no single batch is to blame, the learning rate may be."
                )
                {
                    ExpectedOutcome = string.Create(
                        CultureInfo.InvariantCulture,
                        $"The loss goes on falling from step {target}, and the gradient norm stays at its earlier "
                            + $"level."
                    ),
                    Cost = facts.Price(again),
                    Risk = "The run may end at a higher loss than planned.",
                }
            );
        }
    }

    private static Proposal RollBack(FindingDraft finding, RunFacts facts, long step, long target, long again)
    {
        var skip = Math.Clamp((finding.To.Step ?? step) - target + 1, SkipMinimum, SkipMaximum);
        return new Proposal(
            new RollBackAndSkip(target, skip),
            string.Create(
                CultureInfo.InvariantCulture,
                $"The loss left its course at step {step}; batches {target + 1} to {target + skip} lie around it."
            )
        )
        {
            ExpectedOutcome = string.Create(
                CultureInfo.InvariantCulture,
                $"Past step {target + skip} the loss is within {Level(finding)} again."
            ),
            Cost = facts.Price(again),
            Risk = "Those batches are never trained on; a spike caused by the optimiser comes back.",
        };
    }

    private static void Restart(FindingDraft finding, RunFacts facts) =>
        finding.Proposals.Add(
            new Proposal(
                new RestartRun(facts.LastCheckpoint),
                $"{finding.Title}, and nothing in the log says why: one restart is the cheapest test."
            )
            {
                ExpectedOutcome = "The run steps again and passes the step at which it stopped.",
                Cost = facts.LastCheckpoint is { } checkpoint
                    ? facts.Price(Math.Max(0, (finding.From.Step ?? checkpoint) - checkpoint))
                    : null,
                Risk = "A faulty node or a bug stops it again; a second time at the same place speaks for one of them.",
            }
        );

    private static string Level(FindingDraft finding) =>
        finding.Metrics.TryGetValue("level", out var level) && level.IsNumber
            ? string.Create(CultureInfo.InvariantCulture, $"5 % of {level.Number:0.####}")
            : "its earlier range";

    private static void Node(FindingDraft finding, IReadOnlyList<FindingDraft> findings)
    {
        if (finding.Remedy is null)
        {
            return;
        }

        var stopped = findings.Any(other => other.CausedBy == finding);
        var hosts = finding.Hosts.Select(NodeName.TryParse).OfType<NodeName>().ToList();
        if (finding.Remedy == "replace-node")
        {
            foreach (var host in hosts)
            {
                // Reimaging restarts the node and keeps its hardware, which a scarce region may not give back: the
                // first time that is the vendor's power cycle; the third time Recurrence asks to delete it.
                finding.Proposals.Add(
                    new Proposal(
                        new ReplaceNode(host, NodeReplacement.Reimage),
                        $"{finding.Title} on {host}{(stopped ? ", and the run stopped with it" : "")}. "
                            + $"{finding.Metrics["action"]}"
                    )
                    {
                        ExpectedOutcome = $"{host} shows no such line in its first 24 hours after the restart.",
                        Cost =
                            "The node's other work is interrupted for the minutes that reimaging takes; its local "
                            + "disks are lost.",
                        Risk = "If the hardware is broken for good, it comes back: then the node is to be deleted.",
                    }
                );
            }
        }

        if (stopped || finding.Remedy == "scale-fleet" || finding.Severity == Severity.Critical)
        {
            var nodes = Math.Max(1, hosts.Count);
            finding.Proposals.Add(
                new Proposal(
                    new ScaleFleet(Capacity: null, RestoreNodes: nodes),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{finding.Title}: {nodes} {(nodes == 1 ? "node is" : "nodes are")} lost to the run until "
                            + $"replaced."
                    )
                )
                {
                    ExpectedOutcome = string.Create(
                        CultureInfo.InvariantCulture,
                        $"The fleet has {nodes} more healthy {(nodes == 1 ? "instance" : "instances")} and the run "
                            + $"steps again."
                    ),
                    Risk =
                        "Capacity may not be available in the region. When the old node is healthy again the fleet has "
                        + "more than the run needs: scale in.",
                }
            );
        }
    }
}

/// <summary>What prices and rewinds of one run are computed from.</summary>
/// <param name="LastCheckpoint">Step of the newest checkpoint that the log says was saved.</param>
/// <param name="Gpus">GPUs of the run; 0 where nothing tells.</param>
/// <param name="Stride">Steps a row.</param>
/// <param name="Spikes">Spikes before the one in progress.</param>
internal sealed record RunFacts(
    long? LastCheckpoint,
    double SecondsAStep,
    int Gpus,
    long Stride,
    IReadOnlyList<SpikeRecord> Spikes,
    FindingDraft? InProgress
)
{
    /// <summary>What so many steps cost, in GPU-hours where the step time and the number of GPUs are known.</summary>
    public string? Price(long steps)
    {
        if (double.IsNaN(SecondsAStep))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{steps} steps are trained again");
        }

        var hours = steps * SecondsAStep / 3600;
        return Gpus > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{steps} steps are trained again: {hours:0.##} hours on {Gpus} GPUs, {hours * Gpus:0.#} GPU-hours"
            )
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{steps} steps are trained again: {hours:0.##} hours of the run"
            );
    }
}
