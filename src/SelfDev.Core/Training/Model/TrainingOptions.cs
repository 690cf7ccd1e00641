using System.Globalization;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Training.Model;

/// <summary>Settings of the training room. Each has the range it is checked against and the reason for its
/// default.</summary>
public sealed record TrainingOptions
{
    public static TrainingOptions Default { get; } = new();

    /// <value>Rows that say what loss and gradient norm usually are, 16 to 1024. Default 128, the window of OLMo-core's
    /// SkipStep optimiser.</value>
    public int Window { get; init; } = 128;

    /// <value>
    /// Robust standard deviations above the level that make a spike, 3 to 100. Default 7, as OLMo 2's spike score; 6 in
    /// OLMo-core.
    /// </value>
    public double SpikeSigma { get; init; } = 7;

    /// <value>How far above the level a spike must be besides, as a share of it, 0.01 to 10. Default 0.1: less is the
    /// noise of batches, whatever the sigma.</value>
    public double SpikeShare { get; init; } = 0.1;

    /// <value>Rows after which an elevated loss counts as slow to recover, 2 to 10000. Default 16.</value>
    public int FastRecoveryRows { get; init; } = 16;

    /// <value>Rows after which it counts as not recovering although the log goes on, 16 to 1000000. Default
    /// 512.</value>
    public int NoRecoveryRows { get; init; } = 512;

    /// <value>Step time over the usual one that makes a slow step, 1.1 to 100. Default 1.5.</value>
    public double SlowFactor { get; init; } = 1.5;

    /// <value>
    /// Lasting change of the step time that makes a throughput drop, 1.05 to 10. Default 1.43, the inverse of the 0.7
    /// at which nvidia-resiliency-ext flags a straggler.
    /// </value>
    public double ThroughputFactor { get; init; } = 1 / 0.7;

    /// <value>Silence over the usual time between rows that makes a stall, 3 to 1000. Default 20, and never under <see
    /// cref="StallSeconds"/>.</value>
    public double StallFactor { get; init; } = 20;

    /// <value>Seconds of silence that are never a stall, 10 to 86400. Default 300.</value>
    public double StallSeconds { get; init; } = 300;

    /// <value>GPUs of the run, for prices in GPU-hours, 1 to 1000000; 0: as many as ranks are seen.</value>
    public int Gpus { get; init; }

    /// <value>UTC now, so that a run that went silent can be told from one that was dropped a moment ago; null: the log
    /// is taken as finished.</value>
    public DateTimeOffset? Now { get; init; }

    /// <value>Whether lines that no format knows are mined for templates. Default true.</value>
    public bool Templates { get; init; } = true;

    /// <value>Cores that scan one file, 1 to 64. Default: those of the machine, at most 8.</value>
    public int Cores { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Reads the options of a request.</summary>
    /// <exception cref="ArtifactUnreadableException">An unknown name or a value out of range; the message says which
    /// are known.</exception>
    public static TrainingOptions Parse(IReadOnlyDictionary<string, string> values)
    {
        var options = Default;
        foreach (var (name, value) in values)
        {
            options = name switch
            {
                "window" => options with { Window = (int)Number(name, value, 16, 1024) },
                "spike-sigma" => options with { SpikeSigma = Number(name, value, 3, 100) },
                "spike-share" => options with { SpikeShare = Number(name, value, 0.01, 10) },
                "fast-recovery-rows" => options with { FastRecoveryRows = (int)Number(name, value, 2, 10_000) },
                "no-recovery-rows" => options with { NoRecoveryRows = (int)Number(name, value, 16, 1_000_000) },
                "slow-factor" => options with { SlowFactor = Number(name, value, 1.1, 100) },
                "throughput-factor" => options with { ThroughputFactor = Number(name, value, 1.05, 10) },
                "stall-factor" => options with { StallFactor = Number(name, value, 3, 1000) },
                "stall-seconds" => options with { StallSeconds = Number(name, value, 10, 86_400) },
                "gpus" => options with { Gpus = (int)Number(name, value, 1, 1_000_000) },
                "cores" => options with { Cores = (int)Number(name, value, 1, 64) },
                "templates" => options with
                {
                    Templates =
                        value == "true" || (value != "false" ? throw Refuse(name, value, "true or false") : false),
                },
                "now" => options with { Now = Time(name, value) },
                _ => throw new ArtifactUnreadableException(
                    $"Training has no option '{name}'. Known: window, spike-sigma, spike-share, fast-recovery-rows, "
                        + $"no-recovery-rows, slow-factor, "
                        + "throughput-factor, stall-factor, stall-seconds, gpus, cores, templates, now."
                ),
            };
        }

        return options;
    }

    private static double Number(string name, string value, double low, double high) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number >= low
        && number <= high
            ? number
            : throw Refuse(name, value, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"));

    private static DateTimeOffset Time(string name, string value) =>
        DateTimeOffset.TryParse(
            value,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time
        )
            ? time
            : throw Refuse(name, value, "a time such as 2026-01-31T12:00:00Z");

    private static ArtifactUnreadableException Refuse(string name, string value, string expected) =>
        new($"Training option '{name}' is '{value}'; it takes {expected}.");
}
