using Microsoft.Extensions.Logging;

namespace SelfDev.Workflows.Engine;

/// <summary>Every log line of this project. Ids are stable; artifact text and blob names stay out (both are for
/// outsiders to choose), but for the place of a forgery, made safe.</summary>
internal static partial class Logs
{
    [LoggerMessage(2001, LogLevel.Warning, "Intake run {InstanceId} could not be started; the next sweep tries again.")]
    public static partial void IntakeStartFailed(this ILogger logger, string instanceId, Exception failure);

    [LoggerMessage(2003, LogLevel.Critical, "Storage was tampered with: {Place}: {What}.")]
    public static partial void TamperingFound(this ILogger logger, string place, string what);

    [LoggerMessage(
        2002,
        LogLevel.Warning,
        "Report {ReportId}, group {Group}: the model's answer speaks to its readers instead of explaining ({Signs}) "
            + "and is not used."
    )]
    public static partial void AnswerSpeaksToReaders(this ILogger logger, string reportId, int group, string signs);
}
