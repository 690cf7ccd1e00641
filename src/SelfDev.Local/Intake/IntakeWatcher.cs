using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Intake;

namespace SelfDev.Local.Intake;

/// <summary>How often the intake container is looked at.</summary>
public sealed record IntakeWatcherOptions
{
    /// <value>Between two looks while things arrive. Default 250 ms.</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <value>Between two looks when nothing has come for a while. Default 1 s.</value>
    public TimeSpan IdleInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>After this many looks without news it counts as idle. Default 40, that is 10 s.</value>
    public int IdleAfter { get; init; } = 40;

    /// <value>
    /// How many times as long as a look took storage it is left alone before the next one, where that is longer than
    /// the intervals. A full container takes long to list, and whoever drops over HTTP does not wait for a look.
    /// Default 20.
    /// </value>
    public int RestFactor { get; init; } = 20;

    /// <value>Between two looks at most while storage fails; the wait doubles up to it. Default 15 s.</value>
    public TimeSpan MaxFailureInterval { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Runs <see cref="IntakeSweep"/> over and over, since local storage sends no events. Survives storage that
/// fails.</summary>
public sealed class IntakeWatcher(
    IntakeSweep sweep,
    IntakeWatcherOptions options,
    TimeProvider clock,
    ILogger<IntakeWatcher> logger
) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var quiet = 0;
        var failures = 0;
        var rest = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var result = await sweep.RunAsync(stoppingToken);
                quiet = result.Started > 0 ? 0 : Math.Min(quiet + 1, options.IdleAfter);
                failures = 0;
                rest = result.Listing * options.RestFactor;
                if (result.Started > 0)
                {
                    logger.IntakeStarted(result.Started, result.Listed);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                failures++;
                logger.IntakeSweepFailed(failures, failure);
            }

            try
            {
                await Task.Delay(Pause(quiet, failures, rest), clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private TimeSpan Pause(int quiet, int failures, TimeSpan rest)
    {
        if (failures == 0)
        {
            var interval = quiet >= options.IdleAfter ? options.IdleInterval : options.Interval;
            return rest > interval ? rest : interval;
        }

        var doubled = options.Interval * Math.Pow(2, Math.Min(failures, 16));
        return doubled < options.MaxFailureInterval ? doubled : options.MaxFailureInterval;
    }
}
