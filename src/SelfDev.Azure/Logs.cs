using Microsoft.Extensions.Logging;

namespace SelfDev.Azure;

/// <summary>Every log message of this project. Event ids are stable: 3000 to 3999. No artifact text, no keys.</summary>
internal static partial class Logs
{
    [LoggerMessage(
        3100,
        LogLevel.Information,
        "Run {Run}: explained by {Model}, {InputTokens} tokens in, {OutputTokens} out, {Dropped} citations dropped"
    )]
    public static partial void Explained(
        ILogger logger,
        string run,
        string model,
        long inputTokens,
        long outputTokens,
        int dropped
    );

    [LoggerMessage(3101, LogLevel.Warning, "Run {Run}: the model gave no explanation: {Reason}")]
    public static partial void NotExplained(ILogger logger, string run, string reason);

    [LoggerMessage(3200, LogLevel.Information, "Notification {Topic} delivered")]
    public static partial void Notified(ILogger logger, string topic);

    [LoggerMessage(3201, LogLevel.Warning, "Notification {Topic} not delivered: {Reason}")]
    public static partial void NotNotified(ILogger logger, string topic, string reason);
}
