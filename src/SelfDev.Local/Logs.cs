using Microsoft.Extensions.Logging;

namespace SelfDev.Local;

/// <summary>Every log line of this project. Ids are stable; artifact text and blob names stay out: both are for outsiders to choose.</summary>
internal static partial class Logs
{
    [LoggerMessage(5001, LogLevel.Information, "Intake: {Started} run(s) started, {Listed} blob(s) in the container.")]
    public static partial void IntakeStarted(this ILogger logger, int started, int listed);

    [LoggerMessage(5002, LogLevel.Warning, "Intake: the container could not be read ({Failures} time(s) in a row); trying again.")]
    public static partial void IntakeSweepFailed(this ILogger logger, int failures, Exception failure);
}
