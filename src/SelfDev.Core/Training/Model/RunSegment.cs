using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Model;

/// <summary>Why a stretch of rows begins.</summary>
public enum SegmentStart
{
    /// <summary>The first rows of the artifact.</summary>
    Beginning,

    /// <summary>The step went back to a place the run had been at: a restart from a checkpoint.</summary>
    Resume,

    /// <summary>The step jumped far ahead, or the plan (total steps) changed: lines are missing or another run
    /// begins.</summary>
    Gap,
}

/// <summary>Rows whose steps rise without a break.</summary>
public sealed class RunSegment
{
    public required SegmentStart Start { get; init; }

    public required Position First { get; init; }

    public Position Last { get; internal set; } = null!;

    public long Rows { get; internal set; }

    /// <value>Steps that were trained before and had to be trained again; 0 unless <see cref="Start"/> is a
    /// resume.</value>
    public long RepeatedSteps { get; init; }

    /// <value>Steps between two rows.</value>
    public long Stride { get; internal set; } = 1;

    public double MinLoss { get; internal set; } = double.PositiveInfinity;

    public double LastLoss { get; internal set; } = double.NaN;
}
