namespace SelfDev.Core.Findings;

/// <summary>The one list of finding kinds. A kind that is not here cannot be reported.</summary>
public static class FindingKinds
{
    // Training
    public const string LossSpike = "loss-spike";
    public const string NonFinite = "non-finite";
    public const string Divergence = "divergence";
    public const string Plateau = "plateau";
    public const string GradNormSurge = "grad-norm-surge";
    public const string LossScaleCollapse = "loss-scale-collapse";
    public const string SlowSteps = "slow-steps";
    public const string ThroughputDrop = "throughput-drop";
    public const string Stall = "stall";
    public const string ResumeDiscontinuity = "resume-discontinuity";
    public const string GpuXid = "gpu-xid";
    public const string GpuEcc = "gpu-ecc";
    public const string CudaOom = "cuda-oom";
    public const string HostOom = "host-oom";
    public const string NcclTimeout = "nccl-timeout";
    public const string CollectiveDesync = "collective-desync";
    public const string CheckpointFailure = "checkpoint-failure";
    public const string DataLoader = "data-loader";
    public const string DiskFull = "disk-full";
    public const string NetworkFault = "network-fault";
    public const string ProcessExit = "process-exit";
    public const string NovelMessage = "novel-message";

    // Evaluation

    // Serving

    // Fleets

    // Rollouts

    // All capabilities
    public const string InsufficientData = "insufficient-data";
    public const string InjectionAttempt = "injection-attempt";

    /// <value>Every kind above, for checks and for <c>--help</c>.</value>
    public static IReadOnlySet<string> All { get; } = typeof(FindingKinds)
        .GetFields()
        .Where(field => field.IsLiteral)
        .Select(field => (string)field.GetRawConstantValue()!)
        .ToHashSet(StringComparer.Ordinal);
}
