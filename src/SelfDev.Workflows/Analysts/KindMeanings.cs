using SelfDev.Core.Findings;

namespace SelfDev.Workflows.Analysts;

/// <param name="Means">What usually causes it.</param>
/// <param name="CheckFirst">Where to look first.</param>
internal sealed record KindMeaning(string Means, string CheckFirst);

/// <summary>
/// What finding kinds mean to the engineer on call, as table data. Sources: NVIDIA's Xid catalogue and health checks
/// (docs.nvidia.com/deploy/xid-errors), the OPT-175B logbook (facebookresearch/metaseq), BigScience's chronicles
/// (bigscience-workshop/bigscience), stas00/ml-engineering "Instabilities", PyTorch's NCCL watchdog messages.
/// </summary>
internal static class KindMeanings
{
    private static readonly KindMeaning Unknown = new(
        "The artifacts show nothing that explains it.",
        "the cited lines and what changed just before them."
    );

    private static readonly Dictionary<string, KindMeaning> Table = new(StringComparer.Ordinal)
    {
        [FindingKinds.StorageTampering] = new(
            "Somebody who is not SelfDev wrote into its storage, or a copy from a backup was put back over it.",
            "who has write access to the account, and its access log for that blob."
        ),
        [FindingKinds.Surge] = new(
            "Demand left its level within minutes: a launch, a batch job, clients that retry together, or another "
                + "service that fails over. What rises faster than a replica starts cannot be caught by scaling alone.",
            "which clients or keys the new requests are from, and whether they are retries."
        ),
        [FindingKinds.QueueGrowth] = new(
            "More work arrives than the replicas finish: too few of them, longer prompts or answers than before, or "
                + "replicas that became slow.",
            "whether arrivals rose or completions fell, and how many replicas really serve."
        ),
        [FindingKinds.MetricsGap] = new(
            "The source of metrics was silent: a restarted exporter, a scrape that timed out, or a network fault. Load "
                + "may well have gone on.",
            "the exporter's own log and the scraper's targets for that time."
        ),
        [FindingKinds.FailedRequests] = new(
            "Requests ended without an answer: time-outs in a queue, refused tokens, or replicas that were lost.",
            "the status codes and whether the failures fall together with a queue or a lost replica."
        ),
        [FindingKinds.SloAtRisk] = new(
            "The demand that is to be expected when a replica that is asked for now would serve is more than the "
                + "present ones hold the service level under.",
            "whether the forecast agrees with what is known about the coming hours."
        ),
        [FindingKinds.Underprovisioned] = new(
            "The replicas that serve do not hold the service level under the demand that is there.",
            "quota and allocation errors of the scale set, and its limits."
        ),
        [FindingKinds.SloInfeasible] = new(
            "Even an idle replica takes longer for these requests than the service level allows, so that no number of "
                + "replicas holds it.",
            "prompt lengths against the limit for the first token, and chunk size against the limit between tokens."
        ),
        [FindingKinds.LossSpike] = new(
            "A jump of the loss comes from a bad batch or from an optimiser step that was too large; most runs recover "
                + "within some dozen steps, and a gradient norm that climbed before it points to the optimiser.",
            "whether the loss is back at its level, and which data the steps just before it read."
        ),
        [FindingKinds.NonFinite] = new(
            "A value that is not a number spreads to all weights with the next optimiser step, so nothing after it is "
                + "worth keeping.",
            "the last checkpoint before it, and whether the loss scaler skipped the step."
        ),
        [FindingKinds.Divergence] = new(
            "The loss has left its course and does not come back by itself: the learning rate is too high for this "
                + "stage, or the weights were damaged earlier.",
            "the last checkpoint from before the departure, and the learning rate there."
        ),
        [FindingKinds.Plateau] = new(
            "The loss no longer falls: the learning rate has run out, the data repeats, or gradients are being clipped "
                + "away.",
            "the learning-rate schedule and the data order."
        ),
        [FindingKinds.GradNormSurge] = new(
            "Gradients grew far above their level; large loss spikes are usually announced this way, several steps "
                + "ahead.",
            "the loss in the following steps and the batches that were read."
        ),
        [FindingKinds.LossScaleCollapse] = new(
            "The loss scaler halved again and again because gradients overflowed in 16 bits; this precedes divergence "
                + "in half-precision runs.",
            "activations and gradient norm around these steps; a run in bfloat16 does not have this failure."
        ),
        [FindingKinds.SlowSteps] = new(
            "Some steps took far longer than their neighbours: regular ones are checkpoints or evaluations, irregular "
                + "ones a slow node, storage or network.",
            "whether the slow steps come at equal distances, and which rank was last."
        ),
        [FindingKinds.ThroughputDrop] = new(
            "The run became slower for good, not for single steps: a throttled or degraded GPU, a slower link, or "
                + "contention for storage.",
            "GPU clocks and link counters of the nodes, and what else uses the storage."
        ),
        [FindingKinds.Stall] = new(
            "The log went silent while the job was still there: a collective waits for a rank that does not answer, or "
                + "storage hangs.",
            "the stacks of the ranks, and the last line that each of them wrote."
        ),
        [FindingKinds.ResumeDiscontinuity] = new(
            "After the restart the run did not continue where it had stopped: optimiser state, data position or random "
                + "state was not restored.",
            "which parts of the checkpoint were loaded and how many samples were counted as consumed."
        ),
        [FindingKinds.GpuXid] = new(
            "The driver reported a GPU fault. The process on that GPU is lost, every other rank then waits for it in "
                + "vain, and time-outs on the others are its echo.",
            "the Xid code in the catalogue, then drain the node and run its diagnostics before it takes work again."
        ),
        [FindingKinds.GpuEcc] = new(
            "GPU memory had errors that correction could not mend, or mends too often; the row is remapped at the next "
                + "reset, and a GPU that keeps doing it has to be replaced.",
            "the remapped-row counters of that GPU and whether a reset is pending."
        ),
        [FindingKinds.CudaOom] = new(
            "The GPU's memory was full: a longer batch than usual, fragmentation, or memory that was never given back.",
            "the size that was asked for against what was free and reserved, and the batch of that step."
        ),
        [FindingKinds.HostOom] = new(
            "The machine ran out of memory and the kernel killed the process; data-loader workers and checkpoints in "
                + "host memory are the usual eaters.",
            "memory of the node over time and the number of data-loader workers."
        ),
        [FindingKinds.NcclTimeout] = new(
            "A collective waited until its time-out. The ranks that report it are the victims; the cause is the rank "
                + "that never arrived.",
            "which rank is missing from the reports, and that node's driver log."
        ),
        [FindingKinds.CollectiveDesync] = new(
            "Ranks were in different collectives at the same time: they took different branches, or one of them had "
                + "died and restarted.",
            "the sequence numbers by rank and the first rank that differs."
        ),
        [FindingKinds.CheckpointFailure] = new(
            "A checkpoint could not be written or read, so that a crash now costs all steps since the last good one.",
            "free space and permissions of the target, and that the last checkpoint is whole."
        ),
        [FindingKinds.DataLoader] = new(
            "The input pipeline failed: a worker died, or a sample could not be read.",
            "the file and index that the message names, and the memory of the workers."
        ),
        [FindingKinds.DiskFull] = new(
            "A file system is full; checkpoints and logs fail from here on.",
            "which mount it is and which old checkpoints can go."
        ),
        [FindingKinds.NetworkFault] = new(
            "The network between nodes failed: a link went down or a peer closed its connection.",
            "link counters and switch logs of the two ends at that minute."
        ),
        [FindingKinds.ProcessExit] = new(
            "A process of the job ended on its own; its signal or code says whether it was killed, crashed or gave up.",
            "the lines of the same rank just before the exit, and the kernel log for kills."
        ),
        [FindingKinds.CacheRouting] = new(
            "The prefix was in a cache, but not in that of the backend that got the request: the load balancer spreads "
                + "a conversation, a deployment without a cache takes part in it, or cache keys differ.",
            "the routing rule of the gateway, and which backends report cached tokens at all."
        ),
        [FindingKinds.CacheExpiry] = new(
            "Requests of one conversation came further apart than the cache keeps an unused entry.",
            "the time between requests against the provider's time to live, and whether a longer one can be bought."
        ),
        [FindingKinds.CacheEviction] = new(
            "The cache is smaller than what is used again: other prompts pushed prefixes out before their next use.",
            "the capacity curve: where it is flat, more memory buys nothing."
        ),
        [FindingKinds.BelowCacheMinimum] = new(
            "Shared prefixes are shorter than the provider caches at all.",
            "whether several short shared parts can be brought together at the prompt's beginning."
        ),
        [FindingKinds.CacheMarkMissing] = new(
            "The provider keeps a prompt only up to a cache mark, and reads it only where a mark stands again.",
            "where the client sets its marks, request by request."
        ),
        [FindingKinds.ModelSwitch] = new(
            "Caches belong to a model: a conversation that changes it computes its whole prompt again.",
            "the rule by which the gateway chooses models."
        ),
        [FindingKinds.VolatileClock] = new(
            "A time in a part of the prompt that should stay the same changes every token behind it, and a cache "
                + "matches from the beginning only.",
            "where the prompt is put together, and whether the time can stand in the last message."
        ),
        [FindingKinds.VolatilePath] = new(
            "A working directory or another path stands in a part of the prompt that all requests should share.",
            "the tool descriptions and the system prompt for paths of the machine."
        ),
        [FindingKinds.JsonKeyOrder] = new(
            "A dictionary without a fixed order is serialised anew for each request.",
            "the serialiser's setting for sorted keys."
        ),
        [FindingKinds.ToolOrder] = new(
            "Tools are collected in an order that is not fixed, for example from servers as they answer.",
            "where the list of tools is built."
        ),
        [FindingKinds.DroppedTurn] = new(
            "The history is trimmed at its beginning, so the prompt no longer begins as the cached one does, and the "
                + "model forgets.",
            "the rule that trims the history."
        ),
        [FindingKinds.DoubleBos] = new(
            "The template writes the beginning-of-sequence token and the tokenizer adds another one; quality suffers "
                + "silently.",
            "whether the text is rendered before it is tokenised with special tokens added."
        ),
        [FindingKinds.MisattachedToolResult] = new(
            "Results of parallel calls were matched by their place and not by their id.",
            "the code that appends tool results."
        ),
        [FindingKinds.Mojibake] = new(
            "Text was decoded as Latin-1 or Windows-1252 that is UTF-8, or cut within a character.",
            "the encoding at the boundary where the text enters."
        ),
        [FindingKinds.QualityRegression] = new(
            "Conversations with this checkpoint go worse than with the other one by more than chance explains.",
            "transcripts of the sessions behind the worst rate, before the release goes on."
        ),
        [FindingKinds.EvalRegression] = new(
            "The checkpoint answers worse, and neither chance nor the harness explains it: look at what was trained "
                + "between the two, and at the items that broke.",
            "the failure clusters, the items that moved most, and training findings between the two checkpoints."
        ),
        [FindingKinds.EvalImprovement] = new(
            "The checkpoint answers better than chance explains.",
            "that the same items were used and that no answers leaked into the training data."
        ),
        [FindingKinds.EvalTie] = new(
            "Whatever difference is left is smaller than the margin.",
            "whether these tasks measure what the checkpoint was trained for."
        ),
        [FindingKinds.EvalUnderpowered] = new(
            "There are too few samples: a drop of this size comes up by chance alone, and so would a real one go "
                + "unseen.",
            "how many samples the comparison needs, and what they cost."
        ),
        [FindingKinds.EvalIncomplete] = new(
            "The evaluation ended before its samples did; those that finished first are the easy and the short ones, "
                + "so their score is no estimate of the whole.",
            "why it ended: the last lines of the evaluation's own log."
        ),
        [FindingKinds.RenderDifference] = new(
            "The two checkpoints were not asked the same: the prompt was rendered differently, most often by a chat "
                + "template or a tokenizer that adds its own beginning token.",
            "the tokenizer and template files of both checkpoints, and the harness' flags for them."
        ),
        [FindingKinds.HarnessMismatch] = new(
            "The two evaluations were run with different settings, so their scores measure different things.",
            "the command lines of the two evaluations."
        ),
        [FindingKinds.HarnessErrors] = new(
            "Samples failed because of the harness: a sandbox, a network call, a scorer. They count as wrong answers "
                + "although nobody answered.",
            "the error messages, and whether the same samples pass when they are run again."
        ),
        [FindingKinds.FailureCluster] = new(
            "Many items fail in the same way, which points to one cause rather than to many.",
            "the exemplars, and what they have in common."
        ),
        [FindingKinds.FlakySamples] = new(
            "The same item passes and fails by turns: sampling, time limits or a test that depends on order.",
            "temperature, seeds and time limits; then exclude or repeat these items."
        ),
        [FindingKinds.ScoreChangePoint] = new(
            "The score changed its level between two checkpoints and stayed there.",
            "what changed in data, schedule or harness between the two."
        ),
        [FindingKinds.ScoreTrend] = new(
            "The score slides from checkpoint to checkpoint.",
            "the data mixture and the learning-rate schedule."
        ),
        [FindingKinds.UnreadableResult] = new(
            "Part of the results could not be read, so it is not part of the verdict.",
            "the file and place that the finding names."
        ),
        [FindingKinds.InsufficientData] = new(
            "There is too little in the artifact to judge it; that is not the same as healthy.",
            "that the file is complete and of the expected kind."
        ),
        [FindingKinds.InjectionAttempt] = new(
            "Somebody wrote text into the artifact that addresses a model or an approver. It was treated as data: it "
                + "approved nothing and changed no action.",
            "who can write to this log, and where the cited lines come from."
        ),
    };

    public static KindMeaning Of(string kind) => Table.GetValueOrDefault(kind, Unknown);
}
