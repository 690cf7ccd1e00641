using System.Globalization;

namespace SelfDev.Core.Training.Model;

/// <summary>A spike in figures.</summary>
/// <param name="Rows">Rows from onset to the last elevated one.</param>
public sealed record SpikeRecord(
    long Step,
    long LastStep,
    double Peak,
    double Level,
    double Sigmas,
    int Rows,
    bool Recovered
);
