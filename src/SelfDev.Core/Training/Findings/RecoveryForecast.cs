using System.Globalization;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Findings;

/// <summary>
/// Whether to wait for a loss spike to pass or to roll back, from the run's own history: of the earlier spikes that
/// lasted as long as this one has so far, how many recovered, and how long they took.
/// </summary>
/// <param name="Probability">Chance of recovery by Laplace's rule of succession, (recovered + 1) / (lasted + 2): with
/// no history, one half.</param>
/// <param name="Lasted">Earlier spikes that lasted at least as long.</param>
/// <param name="RowsToWait">Rows in which those that recovered were back, by their median; without any, as long again
/// as it has lasted.</param>
/// <param name="WaitSteps">Steps lost by waiting: those until recovery, and the roll-back as well where it does not
/// come.</param>
/// <param name="RollBackSteps">Steps lost by rolling back now: those since the checkpoint.</param>
public sealed record RecoveryForecast(
    double Probability,
    int Lasted,
    int Recovered,
    int RowsToWait,
    double WaitSteps,
    double RollBackSteps
)
{
    public bool Waits => WaitSteps < RollBackSteps;

    /// <param name="history">Spikes of the run before this one.</param>
    /// <param name="rowsSoFar">Rows that the loss has been elevated.</param>
    /// <param name="stride">Steps a row.</param>
    /// <param name="sinceCheckpoint">Steps from the checkpoint that a roll-back would take to the end of the
    /// log.</param>
    public static RecoveryForecast Of(
        IEnumerable<SpikeRecord> history,
        int rowsSoFar,
        long stride,
        long sinceCheckpoint
    )
    {
        var lasted = history.Where(spike => spike.Rows >= rowsSoFar).ToList();
        var recovered = lasted.Where(spike => spike.Recovered).ToList();
        var probability = (recovered.Count + 1.0) / (lasted.Count + 2.0);
        var rows =
            recovered.Count > 0
                ? Math.Max(
                    1,
                    (int)
                        Math.Ceiling(
                            RobustBaseline.Median(recovered.Select(spike => (double)spike.Rows - rowsSoFar).ToArray())
                        )
                )
                : Math.Max(1, rowsSoFar);
        var wait = rows * stride;
        return new RecoveryForecast(
            probability,
            lasted.Count,
            recovered.Count,
            rows,
            WaitSteps: (probability * wait) + ((1 - probability) * (wait + sinceCheckpoint)),
            RollBackSteps: sinceCheckpoint
        );
    }

    /// <summary>The comparison in words, with the price where step time and GPUs are known.</summary>
    public string Describe(double secondsAStep, int gpus)
    {
        var history =
            Lasted == 0
                ? "this run has no earlier spike that lasted as long"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Recovered} of {Lasted} earlier spikes that lasted as long recovered"
                );
        return double.IsFinite(secondsAStep) && gpus > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{history}; waiting costs {WaitSteps * secondsAStep * gpus / 3600:0.#} GPU-hours on average, rolling "
                    + $"back now {RollBackSteps * secondsAStep * gpus / 3600:0.#}"
            )
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{history}; waiting costs {WaitSteps:0} steps on average, rolling back now {RollBackSteps:0}"
            );
    }
}
