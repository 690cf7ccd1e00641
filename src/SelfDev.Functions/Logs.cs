using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions;

/// <summary>Event ids 6000 to 6099. Alerts in infra/ go by them: never change the number of one.</summary>
internal static partial class Logs
{
    [LoggerMessage(6000, LogLevel.Information, "Event for diagnosis {InstanceId}: {Outcome}.")]
    public static partial void DiagnosisStarted(this ILogger logger, string instanceId, StartOutcome outcome);

    [LoggerMessage(6001, LogLevel.Information, "Event for a blob that is not there any more.")]
    public static partial void DroppedBlobGone(this ILogger logger);

    [LoggerMessage(
        6002,
        LogLevel.Information,
        "Sweep of the intake: {Listed} blobs, {Started} diagnoses started, {Failed} could not be started now."
    )]
    public static partial void IntakeSwept(this ILogger logger, int listed, int started, int failed);

    [LoggerMessage(6003, LogLevel.Information, "Purged {Count} histories that ended before {Before:o}.")]
    public static partial void HistoriesPurged(this ILogger logger, int count, DateTimeOffset before);

    [LoggerMessage(6005, LogLevel.Information, "Ledger head {TreeSize}:{RootHash}, signed {At:o} by key {KeyId}.")]
    public static partial void LedgerHead(
        this ILogger logger,
        long treeSize,
        string rootHash,
        DateTimeOffset at,
        string keyId
    );

    [LoggerMessage(6004, LogLevel.Information, "Notification {Topic}: {Outcome}.")]
    public static partial void Notified(this ILogger logger, string topic, string outcome);
}
