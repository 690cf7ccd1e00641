using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Proposals;

namespace SelfDev.Core.Training;

/// <summary>
/// Puts typed, priced actions to findings. Parameters are numbers of this program's own and host names that parse as such, never words of a log.
/// </summary>
internal static class ProposalPlanner
{
    /// <summary>PaLM (Chowdhery et al. 2022, 5.1): restart about 100 steps before the spike and skip 200 to 500 batches.</summary>
    private const long RewindSteps = 100;
    private const long SkipMinimum = 200;
    private const long SkipMaximum = 500;

    public static void Plan(IReadOnlyList<FindingDraft> findings, RunFacts facts)
    {
        foreach (var finding in findings.Where(finding => finding.Role == FindingRole.Root))
        {
            switch (finding.Kind)
            {
                case FindingKinds.LossSpike when finding.Severity >= Severity.Error:
                case FindingKinds.NonFinite when finding.Severity >= Severity.Error && finding.From.Step is not null:
                case FindingKinds.Divergence when finding.Metrics["class"].ToString() == "gradual":
                    RollBack(finding, facts);
                    break;
                default:
                    Node(finding, findings);
                    break;
            }
        }
    }

    private static void RollBack(FindingDraft finding, RunFacts facts)
    {
        var step = finding.From.Step ?? 0;
        var target = Math.Max(0, step - RewindSteps);
        if (facts.LastCheckpoint is { } checkpoint && checkpoint <= step && checkpoint > target - 10_000)
        {
            target = Math.Min(target, checkpoint);
        }

        var skip = Math.Clamp((finding.To.Step ?? step) - target + 1, SkipMinimum, SkipMaximum);
        var again = Math.Max(0, (finding.To.Step ?? step) - target);
        finding.Proposals.Add(new Proposal(
            new RollBackAndSkip(target, skip),
            string.Create(CultureInfo.InvariantCulture, $"The loss left its course at step {step} and did not come back in the log; batches {target + 1} to {target + skip} lie around it."))
        {
            ExpectedOutcome = string.Create(CultureInfo.InvariantCulture, $"Past step {target + skip} the loss is within {Level(finding)} again."),
            Cost = facts.Price(again),
            Risk = "Those batches are never trained on; a spike caused by the optimiser comes back.",
        });
    }

    private static string Level(FindingDraft finding) => finding.Metrics.TryGetValue("level", out var level) && level.IsNumber
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
                finding.Proposals.Add(new Proposal(
                    new ReplaceNode(host, finding.Severity == Severity.Critical ? NodeReplacement.Delete : NodeReplacement.Reimage),
                    $"{finding.Title} on {host}{(stopped ? ", and the run stopped with it" : "")}. {finding.Metrics["action"]}")
                {
                    ExpectedOutcome = $"The instance that takes the place of {host} shows no such line in its first 24 hours.",
                    Cost = "The node's other work is interrupted; a new instance takes minutes to provision.",
                    Risk = "If the fault is in the program, it comes back on the new node.",
                });
            }
        }

        if (stopped || finding.Remedy == "scale-fleet" || finding.Severity == Severity.Critical)
        {
            var nodes = Math.Max(1, hosts.Count);
            finding.Proposals.Add(new Proposal(
                new ScaleFleet(Capacity: null, RestoreNodes: nodes),
                string.Create(CultureInfo.InvariantCulture, $"{finding.Title}: {nodes} {(nodes == 1 ? "node is" : "nodes are")} lost to the run until replaced."))
            {
                ExpectedOutcome = string.Create(CultureInfo.InvariantCulture, $"The fleet has {nodes} more healthy {(nodes == 1 ? "instance" : "instances")} and the run steps again."),
                Risk = "Capacity may not be available in the region.",
            });
        }
    }
}

/// <summary>What prices and rewinds are computed from.</summary>
/// <param name="LastCheckpoint">Step of the newest checkpoint that the log says was saved.</param>
/// <param name="Gpus">GPUs of the run; 0 where nothing tells.</param>
internal sealed record RunFacts(long? LastCheckpoint, double SecondsAStep, int Gpus)
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
            ? string.Create(CultureInfo.InvariantCulture, $"{steps} steps are trained again: {hours:0.##} hours on {Gpus} GPUs, {hours * Gpus:0.#} GPU-hours")
            : string.Create(CultureInfo.InvariantCulture, $"{steps} steps are trained again: {hours:0.##} hours of the run");
    }
}
