using Microsoft.Extensions.Logging;

namespace SelfDev.Azure.Fleets;

/// <summary>Event ids 2100 to 2199.</summary>
internal static partial class FleetLogs
{
    [LoggerMessage(2100, LogLevel.Information, "ARM accepted a change of {ResourceId} ({Status}).")]
    public static partial void OperationStarted(ILogger logger, string resourceId, int status);

    [LoggerMessage(2101, LogLevel.Warning, "ARM throttles changes of {ResourceId}; next try after {RetryAfter}.")]
    public static partial void Throttled(ILogger logger, string resourceId, TimeSpan? retryAfter);

    [LoggerMessage(2102, LogLevel.Warning, "ARM refused a change of {ResourceId}: {Status} {Code}.")]
    public static partial void Refused(ILogger logger, string resourceId, int status, string code);

    [LoggerMessage(
        2103,
        LogLevel.Warning,
        "The answer to a change of {ResourceId} does not tell what became of it ({Code}); reading the resource."
    )]
    public static partial void AnswerUnclear(ILogger logger, string resourceId, string code);

    [LoggerMessage(2104, LogLevel.Warning, "The operation at {Path} failed: {Code}.")]
    public static partial void OperationFailed(ILogger logger, string path, string? code);
}
