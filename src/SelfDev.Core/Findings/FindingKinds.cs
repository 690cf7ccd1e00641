namespace SelfDev.Core.Findings;

/// <summary>
/// The one list of finding kinds; what they mean stands in <see cref="Catalog.FindingCatalog"/>. A kind that is not
/// here cannot be reported.
/// </summary>
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
    public const string EvalRegression = "eval-regression";
    public const string EvalImprovement = "eval-improvement";
    public const string EvalTie = "eval-tie";
    public const string EvalUnderpowered = "eval-underpowered";
    public const string EvalIncomplete = "eval-incomplete";
    public const string RenderDifference = "render-difference";
    public const string HarnessMismatch = "harness-mismatch";
    public const string HarnessErrors = "harness-errors";
    public const string FailureCluster = "failure-cluster";
    public const string FlakySamples = "flaky-samples";
    public const string ScoreChangePoint = "score-change-point";
    public const string ScoreTrend = "score-trend";
    public const string UnreadableResult = "unreadable-result";

    // Serving: why prompts miss the cache
    public const string CacheRouting = "cache-routing";
    public const string CacheExpiry = "cache-expiry";
    public const string CacheEviction = "cache-eviction";
    public const string CacheRounding = "cache-rounding";
    public const string BelowCacheMinimum = "below-cache-minimum";
    public const string UnexplainedMisses = "unexplained-misses";
    public const string CacheMarkMissing = "cache-mark-missing";
    public const string ModelSwitch = "model-switch";

    // Serving: what prompts rendered to
    public const string VolatileClock = "volatile-clock";
    public const string VolatileUuid = "volatile-uuid";
    public const string VolatilePath = "volatile-path";
    public const string VolatileId = "volatile-id";
    public const string VolatileCounter = "volatile-counter";
    public const string JsonKeyOrder = "json-key-order";
    public const string UnorderedList = "unordered-list";
    public const string ToolOrder = "tool-order";
    public const string ToolsChanged = "tools-changed";
    public const string SystemPromptChanged = "system-prompt-changed";
    public const string MessageChanged = "message-changed";
    public const string DoubleBos = "double-bos";
    public const string MissingBos = "missing-bos";
    public const string TemplateMarkers = "template-markers";
    public const string TruncatedMessage = "truncated-message";
    public const string DroppedTurn = "dropped-turn";
    public const string DuplicatedTurn = "duplicated-turn";
    public const string InsertedTurn = "inserted-turn";
    public const string CacheMarkMoved = "cache-mark-moved";
    public const string Mojibake = "mojibake";
    public const string LostWhitespace = "lost-whitespace";
    public const string MisattachedToolResult = "misattached-tool-result";

    // Serving: requests as they were logged, and how conversations went
    public const string UnusableUsage = "unusable-usage";
    public const string BrokenText = "broken-text";
    public const string CyclicId = "cyclic-id";
    public const string QualityRegression = "quality-regression";

    // Fleets
    public const string Surge = "surge";
    public const string QueueGrowth = "queue-growth";
    public const string MetricsGap = "metrics-gap";
    public const string FailedRequests = "failed-requests";
    public const string SloAtRisk = "slo-at-risk";
    public const string Underprovisioned = "underprovisioned";
    public const string SloInfeasible = "slo-infeasible";
    public const string FleetSize = "fleet-size";

    // All capabilities
    public const string InsufficientData = "insufficient-data";
    public const string InjectionAttempt = "injection-attempt";

    // Storage itself
    public const string StorageTampering = "storage-tampering";

    /// <value>Every kind above, for checks and for <c>--help</c>.</value>
    public static IReadOnlySet<string> All { get; } =
        typeof(FindingKinds)
            .GetFields()
            .Where(field => field.IsLiteral)
            .Select(field => (string)field.GetRawConstantValue()!)
            .ToHashSet(StringComparer.Ordinal);
}
