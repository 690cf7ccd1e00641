using System.Globalization;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>Settings of the evaluation room. Each has the range it is checked against and the reason for its
/// default.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Name of the option <see cref="ChosenBaseline"/>.</summary>
    public const string BaselineChoice = "baseline-choice";

    public static EvaluationOptions Default { get; } = new();

    /// <value>Two-sided level at which a difference counts, after Holm's correction, 0.0001 to 0.5. Default
    /// 0.05.</value>
    public double Alpha { get; init; } = 0.05;

    /// <value>Chance of seeing a difference of <see cref="Margin"/> that needed samples are computed for, 0.5 to 0.99.
    /// Default 0.8, the usual convention (Cohen 1988).</value>
    public double Power { get; init; } = 0.8;

    /// <value>
    /// The smallest change worth a decision, in points of a score from 0 to 1; of other metrics, that share of the
    /// baseline's value. 0.0001 to 0.5. Default 0.02: two points are what harness noise reaches (double BOS alone moved
    /// a published score by 1.8).
    /// </value>
    public double Margin { get; init; } = 0.02;

    /// <value>Bootstrap resamples, 100 to 1000000. Default 10000.</value>
    public int Resamples { get; init; } = 10_000;

    /// <value>Seed of all random numbers, 0 to 2^53. Default 20260101: any fixed number.</value>
    public ulong Seed { get; init; } = 20260101;

    /// <value>Share of the baseline's samples that the candidate may lack before the comparison is not attributable, 0
    /// to 1. Default 0.05.</value>
    public double MissingShare { get; init; } = 0.05;

    /// <value>GPUs that an evaluation takes, for prices in GPU-hours, 1 to 100000. Default 1.</value>
    public int Gpus { get; init; } = 1;

    /// <value>Seconds one sample takes, 0 to 1000000; 0: as measured in the artifact, where it is.</value>
    public double SecondsPerSample { get; init; }

    /// <value>Metrics that are compared, and so make up the family that Holm corrects for: <c>all</c> (the default),
    /// <c>primary</c> (one a task, accuracy where there is one), or names without their filters, e.g.
    /// <c>acc,acc_norm</c>.</value>
    public string Metrics { get; init; } = AllMetrics;

    public const string AllMetrics = "all";

    public const string PrimaryMetric = "primary";

    /// <value>Which baseline was chosen, and why, for the report. Set by the pipeline.</value>
    public string? ChosenBaseline { get; init; }

    /// <value>Threads that work on one analysis, 1 to 64. Default: the machine's cores, at most 8. The result does not
    /// depend on it.</value>
    public int Cores { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Reads the options of a request.</summary>
    /// <exception cref="ArtifactUnreadableException">An unknown name or a value out of range; the message says which
    /// are known.</exception>
    public static EvaluationOptions Parse(IReadOnlyDictionary<string, string> values)
    {
        var options = Default;
        foreach (var (name, value) in values)
        {
            options = name switch
            {
                "alpha" => options with { Alpha = Number(name, value, 0.0001, 0.5) },
                "power" => options with { Power = Number(name, value, 0.5, 0.99) },
                "margin" => options with { Margin = Number(name, value, 0.0001, 0.5) },
                "resamples" => options with { Resamples = (int)Number(name, value, 100, 1_000_000) },
                "seed" => options with { Seed = (ulong)Number(name, value, 0, 1L << 53) },
                "missing-share" => options with { MissingShare = Number(name, value, 0, 1) },
                "gpus" => options with { Gpus = (int)Number(name, value, 1, 100_000) },
                "seconds-per-sample" => options with { SecondsPerSample = Number(name, value, 0, 1_000_000) },
                "cores" => options with { Cores = (int)Number(name, value, 1, 64) },
                "metrics" => options with
                {
                    Metrics = value.Trim() is { Length: > 0 } metrics
                        ? metrics
                        : throw Refuse(name, value, "all, primary or names of metrics with commas between"),
                },
                BaselineChoice => options with { ChosenBaseline = value },
                _ => throw new ArtifactUnreadableException(
                    $"Evaluation has no option '{name}'. Known: alpha, power, margin, resamples, seed, missing-share, "
                        + $"gpus, seconds-per-sample, metrics, cores, {BaselineChoice}."
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

    private static ArtifactUnreadableException Refuse(string name, string value, string expected) =>
        new($"Evaluation option '{name}' is '{value}'; it takes {expected}.");
}
