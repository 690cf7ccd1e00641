using Microsoft.Extensions.Logging;

namespace SelfDev.Local;

/// <summary>Every log line of this project. Ids are stable; artifact text and blob names stay out: both are for outsiders to choose.</summary>
internal static partial class Logs
{
    [LoggerMessage(5001, LogLevel.Information, "Intake: {Started} run(s) started, {Listed} blob(s) in the container.")]
    public static partial void IntakeStarted(this ILogger logger, int started, int listed);

    [LoggerMessage(5002, LogLevel.Warning, "Intake: the container could not be read ({Failures} time(s) in a row); trying again.")]
    public static partial void IntakeSweepFailed(this ILogger logger, int failures, Exception failure);

    [LoggerMessage(5030, LogLevel.Warning, "Ledger: the newest head could not be kept in {File}; the next one tries again.")]
    public static partial void HeadNotKept(this ILogger logger, string file, Exception failure);

    [LoggerMessage(5031, LogLevel.Critical, "Ledger: {Damage} Nothing is appended to it any more.")]
    public static partial void LedgerDamaged(this ILogger logger, string damage);

    [LoggerMessage(5032, LogLevel.Error, "Ledger: its entries could not be checked; the next start tries again.")]
    public static partial void LedgerNotChecked(this ILogger logger, Exception failure);
}
