namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// What logs of training runs may hold. Sources: NVIDIA's Xid catalogue and health checks
/// (docs.nvidia.com/deploy/xid-errors), the OPT-175B logbook (facebookresearch/metaseq), BigScience's chronicles
/// (bigscience-workshop/bigscience), stas00/ml-engineering "Instabilities", PyTorch's NCCL watchdog messages.
/// </summary>
/// <remarks>
/// A kind with a signature may propose to replace a node that it came back on, see <see cref="Recurrence"/>.
/// </remarks>
internal static class TrainingRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.LossSpike,
            Title = "Loss spike",
            Means =
                "A jump of the loss comes from a bad batch or from an optimiser step that was too large; most runs "
                + "recover within some dozen steps, and a gradient norm that climbed before it points to the "
                + "optimiser.",
            CheckFirst = "whether the loss is back at its level, and which data the steps just before it read.",
            DefaultSeverity = Severity.Info,
            SeverityNote =
                "warning where it lasted for three rows or more or the gradient norm announced it; error where the "
                + "log ends on it; critical where the loss stays up",
            Proposals = [RollBackAndSkip.KindName, WaitForRecovery.KindName, LowerLearningRate.KindName],
        },
        new()
        {
            Kind = FindingKinds.NonFinite,
            Title = "Values that are not finite",
            Means =
                "A value that is not a number spreads to all weights with the next optimiser step, so nothing after it "
                + "is worth keeping.",
            CheckFirst = "the last checkpoint before it, and whether the loss scaler skipped the step.",
            DefaultSeverity = Severity.Critical,
            SeverityNote =
                "error where the loss came back after one or two rows; warning where only the gradient norm was hit "
                + "and came back",
            Proposals = [RollBackAndSkip.KindName, ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.Divergence,
            Title = "Divergence",
            Means =
                "The loss has left its course and does not come back by itself: the learning rate is too high for this "
                + "stage, or the weights were damaged earlier.",
            CheckFirst = "the last checkpoint from before the departure, and the learning rate there.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "warning where only the held-out loss rises, which is overfitting",
            Proposals = [RollBackAndSkip.KindName, LowerLearningRate.KindName],
        },
        new()
        {
            Kind = FindingKinds.Plateau,
            Title = "Plateau",
            Means =
                "The loss no longer falls: the learning rate has run out, the data repeats, or gradients are being "
                + "clipped away.",
            CheckFirst = "the learning-rate schedule and the data order.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.GradNormSurge,
            Title = "Surge of the gradient norm",
            Means =
                "Gradients grew far above their level; large loss spikes are usually announced this way, several steps "
                + "ahead.",
            CheckFirst = "the loss in the following steps and the batches that were read.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.LossScaleCollapse,
            Title = "Collapse of the loss scale",
            Means =
                "The loss scaler halved again and again because gradients overflowed in 16 bits; this precedes "
                + "divergence in half-precision runs.",
            CheckFirst =
                "activations and gradient norm around these steps; a run in bfloat16 does not have this failure.",
            DefaultSeverity = Severity.Warning,
            SeverityNote =
                "error from a fall of 64 times on, or down to 1; critical where the scaler says that it reached its "
                + "minimum",
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.SlowSteps,
            Title = "Slow steps",
            Means =
                "Some steps took far longer than their neighbours: regular ones are checkpoints or evaluations, "
                + "irregular ones a slow node, storage or network.",
            CheckFirst = "whether the slow steps come at equal distances, and which rank was last.",
            DefaultSeverity = Severity.Info,
            SeverityNote =
                "warning where they cost 5 % of the step time or more and do not come at equal distances, and where "
                + "one rank holds the others up",
        },
        new()
        {
            Kind = FindingKinds.ThroughputDrop,
            Title = "Drop of throughput",
            Means =
                "The run became slower for good, not for single steps: a throttled or degraded GPU, a slower link, or "
                + "contention for storage.",
            CheckFirst = "GPU clocks and link counters of the nodes, and what else uses the storage.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.Stall,
            Title = "Stall",
            Means =
                "The log went silent while the job was still there: a collective waits for a rank that does not "
                + "answer, or storage hangs.",
            CheckFirst = "the stacks of the ranks, and the last line that each of them wrote.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "critical where the log is silent up to now",
        },
        new()
        {
            Kind = FindingKinds.ResumeDiscontinuity,
            Title = "Jump after a restart",
            Means =
                "After the restart the run did not continue where it had stopped: optimiser state, data position or "
                + "random state was not restored.",
            CheckFirst = "which parts of the checkpoint were loaded and how many samples were counted as consumed.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "warning where only the learning rate or the loss jumps",
        },
        new()
        {
            Kind = FindingKinds.GpuXid,
            Title = "GPU fault (Xid)",
            Means =
                "The driver reported a GPU fault. The process on that GPU is lost, every other rank then waits for it "
                + "in vain, and time-outs on the others are its echo.",
            CheckFirst =
                "the Xid code in the catalogue, then drain the node and run its diagnostics before it takes work "
                + "again.",
            DefaultSeverity = Severity.Error,
            SeverityNote =
                "by the Xid catalogue: critical, error, warning or info; warning for a number that it does not hold",
            Proposals = [ReplaceNode.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.GpuEcc,
            Title = "GPU memory errors",
            Means =
                "GPU memory had errors that correction could not mend, or mends too often; the row is remapped at the "
                + "next reset, and a GPU that keeps doing it has to be replaced.",
            CheckFirst = "the remapped-row counters of that GPU and whether a reset is pending.",
            DefaultSeverity = Severity.Critical,
            Proposals = [ReplaceNode.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.CudaOom,
            Title = "GPU out of memory",
            Means =
                "The GPU's memory was full: a longer batch than usual, fragmentation, or memory that was never given "
                + "back.",
            CheckFirst = "the size that was asked for against what was free and reserved, and the batch of that step.",
            DefaultSeverity = Severity.Error,
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.HostOom,
            Title = "Host out of memory",
            Means =
                "The machine ran out of memory and the kernel killed the process; data-loader workers and checkpoints "
                + "in host memory are the usual eaters.",
            CheckFirst = "memory of the node over time and the number of data-loader workers.",
            DefaultSeverity = Severity.Critical,
            SeverityNote = "error where an allocation was refused and no process was killed",
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.NcclTimeout,
            Title = "Time-out of a collective",
            Means =
                "A collective waited until its time-out. The ranks that report it are the victims; the cause is the "
                + "rank that never arrived.",
            CheckFirst = "which rank is missing from the reports, and that node's driver log.",
            DefaultSeverity = Severity.Critical,
            SeverityNote = "error where a rank only follows the others down, and with Gloo, Ascend or a store",
            Proposals = [RestartRun.KindName, ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.CollectiveDesync,
            Title = "Ranks out of step",
            Means =
                "Ranks were in different collectives at the same time: they took different branches, or one of them "
                + "had died and restarted.",
            CheckFirst = "the sequence numbers by rank and the first rank that differs.",
            DefaultSeverity = Severity.Critical,
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.CheckpointFailure,
            Title = "Checkpoint not written or read",
            Means =
                "A checkpoint could not be written or read, so that a crash now costs all steps since the last good "
                + "one.",
            CheckFirst = "free space and permissions of the target, and that the last checkpoint is whole.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "warning where Megatron found no checkpoint and starts from random weights",
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.DataLoader,
            Title = "Failure of the data loader",
            Means = "The input pipeline failed: a worker died, or a sample could not be read.",
            CheckFirst = "the file and index that the message names, and the memory of the workers.",
            DefaultSeverity = Severity.Error,
            Proposals = [ReplaceNode.KindName],
        },
        new()
        {
            Kind = FindingKinds.DiskFull,
            Title = "Disk full",
            Means = "A file system is full; checkpoints and logs fail from here on.",
            CheckFirst = "which mount it is and which old checkpoints can go.",
            DefaultSeverity = Severity.Critical,
            SeverityNote =
                "error where the storage fails otherwise: a read or write, a stale handle, a file system that turned "
                + "read-only",
            Proposals = [ReplaceNode.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.NetworkFault,
            Title = "Network fault",
            Means = "The network between nodes failed: a link went down or a peer closed its connection.",
            CheckFirst = "link counters and switch logs of the two ends at that minute.",
            DefaultSeverity = Severity.Error,
            Proposals = [RestartRun.KindName, ReplaceNode.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.ProcessExit,
            Title = "Exit of a process",
            Means =
                "A process of the job ended on its own; its signal or code says whether it was killed, crashed or gave "
                + "up.",
            CheckFirst = "the lines of the same rank just before the exit, and the kernel log for kills.",
            DefaultSeverity = Severity.Error,
            SeverityNote =
                "critical where a node or a spot machine is lost, a GPU kernel breaks off or the process crashes; info "
                + "where torchrun only stops the remaining workers",
            Proposals = [ReplaceNode.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.NovelMessage,
            Title = "Messages never seen before",
            Means =
                "Messages with words of trouble that the log had never held before stand shortly before a failure: no "
                + "signature knows them, and the cause may be among them.",
            CheckFirst = "the cited lines, before the known lines of the failure itself.",
            DefaultSeverity = Severity.Info,
        },
    ];
}
