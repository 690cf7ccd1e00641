using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Planning;

/// <summary>Tells on/off traffic, ramps and daily rhythm apart, from demand samples of equal length.</summary>
public static class TrafficClassifier
{
    /// <summary>Samples under which nothing is said.</summary>
    public const int MinSamples = 8;

    /// <summary>Dispersion from which traffic counts as on/off: the Azure 2023 conv trace has 1 to 2, the code trace
    /// over 50.</summary>
    public const double OnOffDispersion = 5;

    /// <summary>Highest minute-long mean over the whole mean from which it does so too: a day's rhythm stays under
    /// 2.5.</summary>
    public const double OnOffPeak = 2.5;

    /// <summary>Change of the level over the series, over its mean, from which it is a ramp.</summary>
    public const double RampSlope = 0.25;

    private const double IdleOnOff = 0.15;

    /// <param name="work">Demand of each sample, in erlangs.</param>
    /// <param name="sampleSeconds">Length of a sample.</param>
    /// <param name="requestWork">Mean work of a request in seconds.</param>
    /// <param name="requestVariation">Squared coefficient of variation of that.</param>
    public static TrafficShape Classify(
        ReadOnlySpan<double> work,
        double sampleSeconds,
        double requestWork,
        double requestVariation
    )
    {
        if (work.Length < MinSamples)
        {
            return new TrafficShape(TrafficClass.Unknown, double.NaN, double.NaN, double.NaN, 0);
        }

        double sum = 0,
            changes = 0,
            idle = 0,
            weighted = 0,
            window = 0,
            peak = 0;
        var minute = Math.Max(1, (int)Math.Round(60 / sampleSeconds));
        for (var i = 0; i < work.Length; i++)
        {
            sum += work[i];
            weighted += work[i] * (i - ((work.Length - 1) / 2.0));
            idle += work[i] <= 0 ? 1 : 0;
            window += work[i] - (i >= minute ? work[i - minute] : 0);
            peak = Math.Max(peak, i >= minute - 1 ? window / minute : 0);
            changes += i == 0 ? 0 : (work[i] - work[i - 1]) * (work[i] - work[i - 1]);
        }

        var mean = sum / work.Length;
        if (mean <= 0)
        {
            return new TrafficShape(TrafficClass.Unknown, double.NaN, 1, 0, 0);
        }

        var poisson = mean * requestWork * (1 + requestVariation) / sampleSeconds;
        var dispersion = changes / 2 / (work.Length - 1) / poisson;
        var spread = work.Length * ((work.Length * (double)work.Length) - 1) / 12;
        var slope = weighted / spread * work.Length / mean;
        var expectedRequests = mean / requestWork * sampleSeconds;
        // Idle samples say something only where a Poisson stream would hardly have any.
        var onOff =
            dispersion > OnOffDispersion
            || peak > OnOffPeak * mean
            || (idle / work.Length > IdleOnOff && expectedRequests > 5);
        var season = onOff ? 0 : Season(work, mean);
        var kind =
            onOff ? TrafficClass.OnOff
            : season > 0 ? TrafficClass.Diurnal
            : Math.Abs(slope) > RampSlope ? TrafficClass.Ramp
            : TrafficClass.Steady;
        return new TrafficShape(kind, dispersion, idle / work.Length, slope, season);
    }

    /// <summary>The lag at which the series resembles itself most, where it was seen twice and the autocorrelation is
    /// over one half after having been negative.</summary>
    private static int Season(ReadOnlySpan<double> work, double mean)
    {
        // Series are looked at in at most 250 means: seasons are long.
        var stride = (work.Length + 249) / 250;
        var points = new double[work.Length / stride];
        for (var i = 0; i < points.Length; i++)
        {
            foreach (var value in work.Slice(i * stride, stride))
            {
                points[i] += (value - mean) / stride;
            }
        }

        var power = points.Sum(point => point * point);
        if (power <= 0)
        {
            return 0;
        }

        var correlations = new double[(points.Length / 2) + 1];
        var (highest, wasNegative) = (0.0, false);
        for (var lag = 1; lag < correlations.Length; lag++)
        {
            var product = 0.0;
            for (var i = lag; i < points.Length; i++)
            {
                product += points[i] * points[i - lag];
            }

            var correlation = product / power * points.Length / (points.Length - lag);
            wasNegative |= correlation < 0;
            correlations[lag] = wasNegative ? correlation : 0;
            highest = Math.Max(highest, correlations[lag]);
        }

        // Two seasons look as much alike as one: the first peak that is about as high is the season.
        for (var lag = 1; lag < correlations.Length - 1 && highest > 0.5; lag++)
        {
            if (
                correlations[lag] > 0.9 * highest
                && correlations[lag] >= correlations[lag - 1]
                && correlations[lag] >= correlations[lag + 1]
            )
            {
                return lag * stride;
            }
        }

        return 0;
    }
}
