namespace SelfDev.Core.Scaling.Model;

public enum TrafficClass
{
    /// <summary>Too little was seen.</summary>
    Unknown,

    /// <summary>Random around a level that holds.</summary>
    Steady,

    /// <summary>The level moves slowly in one direction.</summary>
    Ramp,

    /// <summary>Bursts out of nothing: no forecast sees them coming, and what is let go is missing when the next one
    /// comes.</summary>
    OnOff,

    /// <summary>The level comes back to itself after a season.</summary>
    Diurnal,
}

/// <summary>What a demand series is like.</summary>
/// <param name="Dispersion">
/// Variance of the change from one sample to the next over that of a Poisson stream of the same requests (von Neumann's
/// estimator, which a slow trend does not move): about 1 for independent users, far above for batch jobs and
/// synchronised clients.
/// </param>
/// <param name="IdleShare">Share of samples without any demand.</param>
/// <param name="Slope">Change of the level over the series, over its mean.</param>
/// <param name="SeasonSamples">Samples of one season; 0 without.</param>
public readonly record struct TrafficShape(
    TrafficClass Class,
    double Dispersion,
    double IdleShare,
    double Slope,
    int SeasonSamples
);
