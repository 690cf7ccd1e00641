using Microsoft.Extensions.Logging;

namespace SelfDev.Local.Engine;

/// <summary>What the engine logs; event ids 4000 to 4099.</summary>
internal static partial class Logs
{
    [LoggerMessage(
        4000,
        LogLevel.Information,
        "Engine started on {Folder}: {Unfinished} unfinished instances, {Calls} activities and {Timers} timers pending"
    )]
    public static partial void EngineStarted(this ILogger logger, string folder, int unfinished, int calls, int timers);

    [LoggerMessage(4001, LogLevel.Information, "Engine stopped")]
    public static partial void EngineStopped(this ILogger logger);

    [LoggerMessage(4002, LogLevel.Warning, "Instance {InstanceId} is quarantined: {Reason}")]
    public static partial void InstanceQuarantined(this ILogger logger, string instanceId, string reason);

    [LoggerMessage(4003, LogLevel.Critical, "Engine stopped by itself; nothing unwritten was acknowledged")]
    public static partial void EngineFaulted(this ILogger logger, Exception exception);

    [LoggerMessage(
        4004,
        LogLevel.Error,
        "The disk is full; nothing unwritten was acknowledged. Trying again every {Seconds} s"
    )]
    public static partial void DiskFull(this ILogger logger, double seconds, Exception exception);

    [LoggerMessage(
        4005,
        LogLevel.Warning,
        "Instance {InstanceId} held the engine's thread for {Milliseconds} ms: a workflow must neither block nor "
            + "compute for long"
    )]
    public static partial void SlowTurn(this ILogger logger, string instanceId, long milliseconds);

    [LoggerMessage(4006, LogLevel.Error, "A handler of the engine's change notifications failed")]
    public static partial void WatcherFailed(this ILogger logger, Exception exception);
}
