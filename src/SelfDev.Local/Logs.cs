using Microsoft.Extensions.Logging;

namespace SelfDev.Local;

/// <summary>Every log line of this project. Ids are stable; artifact text and blob names stay out: both are for
/// outsiders to choose.</summary>
internal static partial class Logs
{
    [LoggerMessage(5001, LogLevel.Information, "Intake: {Started} run(s) started, {Listed} blob(s) in the container.")]
    public static partial void IntakeStarted(this ILogger logger, int started, int listed);

    [LoggerMessage(
        5002,
        LogLevel.Warning,
        "Intake: the container could not be read ({Failures} time(s) in a row); trying again."
    )]
    public static partial void IntakeSweepFailed(this ILogger logger, int failures, Exception failure);

    [LoggerMessage(
        5010,
        LogLevel.Information,
        "Spool: {File} was never complete and is discarded: nobody was told that it was taken."
    )]
    public static partial void SpoolPartDiscarded(this ILogger logger, string file);

    [LoggerMessage(
        5011,
        LogLevel.Error,
        "Spool: {File} is not what was written and is set aside: the disk did not keep it."
    )]
    public static partial void SpoolEntryTorn(this ILogger logger, string file);

    [LoggerMessage(
        5012,
        LogLevel.Warning,
        "Spool: storage did not take entry {Sequence}; it is tried again until it does."
    )]
    public static partial void SpoolPutFailed(this ILogger logger, long sequence, Exception failure);

    [LoggerMessage(5013, LogLevel.Warning, "Spool: storage had lost entry {Sequence}; it was put again.")]
    public static partial void SpoolEntryPutAgain(this ILogger logger, long sequence);

    [LoggerMessage(
        5014,
        LogLevel.Information,
        "Spool: entry {Sequence} was deleted, taken up or replaced in storage; it is let go."
    )]
    public static partial void SpoolEntrySuperseded(this ILogger logger, long sequence);

    [LoggerMessage(5015, LogLevel.Error, "Spool: storage refuses entry {Sequence} for good; its file is set aside.")]
    public static partial void SpoolEntryRefused(this ILogger logger, long sequence, Exception failure);

    [LoggerMessage(
        5016,
        LogLevel.Warning,
        "Spool: what storage has on its disk could not be seen ({Failures} time(s) in a row); everything is held."
    )]
    public static partial void SpoolLookFailed(this ILogger logger, int failures, Exception failure);

    [LoggerMessage(
        5020,
        LogLevel.Warning,
        "What was last seen of the data folder's parts could not be kept; the next look tries again."
    )]
    public static partial void LastSeenNotKept(this ILogger logger, Exception failure);

    [LoggerMessage(
        5030,
        LogLevel.Warning,
        "Ledger: the newest head could not be kept in {File}; the next one tries again."
    )]
    public static partial void HeadNotKept(this ILogger logger, string file, Exception failure);

    [LoggerMessage(5031, LogLevel.Critical, "Ledger: {Damage} Nothing is appended to it any more.")]
    public static partial void LedgerDamaged(this ILogger logger, string damage);

    [LoggerMessage(5032, LogLevel.Error, "Ledger: its entries could not be checked; the next start tries again.")]
    public static partial void LedgerNotChecked(this ILogger logger, Exception failure);
}
