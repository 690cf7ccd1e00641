namespace SelfDev.Core.Training.Model;

/// <summary>Which values a line of metrics carried. NaN is a value that a log can carry, so presence is kept
/// apart.</summary>
[Flags]
internal enum StepFields
{
    None = 0,
    Step = 1 << 0,
    Loss = 1 << 1,
    EvalLoss = 1 << 2,
    GradNorm = 1 << 3,
    LearningRate = 1 << 4,
    StepSeconds = 1 << 5,
    ElapsedSeconds = 1 << 6,
    Throughput = 1 << 7,
    LossScale = 1 << 8,
    Samples = 1 << 9,
    Tokens = 1 << 10,
    BatchSize = 1 << 11,
    SkippedIterations = 1 << 12,
    NanIterations = 1 << 13,
    Time = 1 << 14,
    Rank = 1 << 15,
    TotalSteps = 1 << 16,
    Epoch = 1 << 17,
}

/// <summary>One line of metrics, in the units below, and where it stands.</summary>
internal struct StepRow
{
    public StepFields Has;

    /// <summary>1-based line number; byte offset and length of the line in the decompressed content.</summary>
    public long Line;
    public long Offset;
    public int Length;

    public long Step;
    public long TotalSteps;
    public double Loss;
    public double EvalLoss;

    /// <summary>Which held-out set <see cref="EvalLoss"/> is of; null for the only or default one.</summary>
    public string? EvalSplit;
    public double GradNorm;
    public double LearningRate;

    /// <summary>Seconds of one step.</summary>
    public double StepSeconds;

    /// <summary>Seconds since the run's own clock started.</summary>
    public double ElapsedSeconds;

    /// <summary>Tokens or samples a second, or TFLOP/s: the format's own unit, the same for all its rows.</summary>
    public double Throughput;
    public double LossScale;
    public double BatchSize;
    public double Epoch;
    public long Samples;
    public long Tokens;
    public int SkippedIterations;
    public int NanIterations;

    /// <summary>Global or local rank as the line's prefix names it.</summary>
    public int Rank;

    /// <summary>UTC ticks; a line without a zone is taken as UTC.</summary>
    public long TimeTicks;

    public readonly bool Carries(StepFields fields) => (Has & fields) == fields;

    /// <summary>Whether the line says anything about training beyond its step.</summary>
    public readonly bool IsMetric =>
        (
            Has
            & (
                StepFields.Loss
                | StepFields.EvalLoss
                | StepFields.GradNorm
                | StepFields.StepSeconds
                | StepFields.ElapsedSeconds
                | StepFields.LossScale
                | StepFields.Throughput
                | StepFields.Samples
            )
        ) != 0;
}
