namespace SelfDev.Core.Evaluation.Model;

/// <summary>Whether more of a metric is better, and on what scale it lives.</summary>
internal static class MetricDirection
{
    private static readonly string[] LowerIsBetter =
    [
        "ppl",
        "perplexity",
        "bits_per_byte",
        "byte_perplexity",
        "word_perplexity",
        "loss",
        "wer",
        "cer",
        "ter",
        "brier",
        "brier_score",
        "ece",
        "toxicity",
        "latency",
        "likelihood_difference",
        "likelihood_diff",
        "pct_stereotype",
        "error_rate",
        "rmse",
        "mse",
        "mae",
    ];

    /// <summary>
    /// What the harness declares, else what the name means. lm-eval's <c>pct_stereotype</c> counts as lower-is-better,
    /// as its task files from 0.4 on declare.
    /// </summary>
    public static bool HigherIsBetter(string metric, bool? declared)
    {
        var name = metric.Split(',')[0];
        name = name[(name.LastIndexOf('/') + 1)..];
        return declared ?? !LowerIsBetter.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The margin in the metric's own unit.</summary>
    public static double Margin(double margin, double baseline, double candidate) =>
        baseline is >= 0 and <= 1 && candidate is >= 0 and <= 1
            ? margin
            : margin * Math.Max(Math.Abs(baseline), double.Epsilon);
}
