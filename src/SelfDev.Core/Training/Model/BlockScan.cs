using System.Collections.Concurrent;

namespace SelfDev.Core.Training.Model;

/// <summary>
/// What a scan took out of one block: rows and events in order of line. A pure function of the block, so blocks can be
/// scanned on any core. Its lists are large and are used again: dispose it once they have been taken in.
/// </summary>
internal sealed class BlockScan : IDisposable
{
    private static readonly ConcurrentBag<BlockScan> Pool = [];

    private BlockScan() { }

    public static BlockScan Rent() => Pool.TryTake(out var scan) ? scan : new BlockScan();

    public List<StepRow> Rows { get; } = [];

    public List<LogEvent> Events { get; } = [];

    /// <summary>Distinct shapes of the lines that are neither, in order of first appearance; null where templates are
    /// not wanted.</summary>
    public LineShapes? Shapes { get; set; }

    /// <summary>Lines that look like records of the format and cannot be read.</summary>
    public int Rejected { get; set; }

    public void Dispose()
    {
        Rows.Clear();
        Events.Clear();
        Shapes = null;
        Rejected = 0;
        Pool.Add(this);
    }
}

internal enum LogEventType
{
    /// <summary>A line of <see cref="SignatureTable"/>.</summary>
    Signature,

    /// <summary>A dynamic loss scaler skipped a step; <see cref="LogEvent.Value"/> is the scale after it.</summary>
    Overflow,

    /// <summary>A checkpoint was written; <see cref="LogEvent.Value"/> is its step, NaN where the line does not
    /// say.</summary>
    CheckpointSaved,

    /// <summary>A Python traceback begins.</summary>
    Traceback,

    /// <summary>Ranks that the flight recorder missed.</summary>
    MissingRanks,
}

/// <summary>A line that means something besides metrics.</summary>
internal sealed record LogEvent(LogEventType Type, long Line, long Offset, string Text)
{
    /// <value>Index in <see cref="SignatureTable.Signatures"/>.</value>
    public int Signature { get; init; } = -1;

    public int Rank { get; init; } = -1;

    public string? Host { get; init; }

    /// <value>UTC ticks, 0 where the line has none.</value>
    public long TimeTicks { get; init; }

    /// <value>Whether the line's time has no year.</value>
    public bool HasNoYear { get; init; }

    public double Value { get; init; } = double.NaN;

    public double Before { get; init; } = double.NaN;

    /// <value>Named groups of the signature's pattern.</value>
    public IReadOnlyDictionary<string, string> Captures { get; init; } = Empty;

    private static readonly Dictionary<string, string> Empty = [];
}
