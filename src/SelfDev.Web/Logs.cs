using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;

namespace SelfDev.Web;

internal static partial class Logs
{
    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "The route {Route} failed.")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string route);

    [LoggerMessage(
        EventId = 4002,
        Level = LogLevel.Information,
        Message = "A decision about plan {PlanHash} came in: {Outcome}."
    )]
    public static partial void DecisionTaken(ILogger logger, string planHash, DecisionResult outcome);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "An approval link was refused: {Status}.")]
    public static partial void LinkRefused(ILogger logger, TokenStatus status);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Warning, Message = "The kill switch was set: engaged {Engaged}.")]
    public static partial void KillSwitchSet(ILogger logger, bool engaged);

    [LoggerMessage(
        EventId = 4005,
        Level = LogLevel.Warning,
        Message = "A request on route {Route} asked for a host name that is not ours; it was refused."
    )]
    public static partial void ForeignHost(ILogger logger, string route);

    [LoggerMessage(
        EventId = 4006,
        Level = LogLevel.Warning,
        Message = "A request on route {Route} came from a page of another origin or did not say from where; it was "
            + "refused."
    )]
    public static partial void ForeignOrigin(ILogger logger, string route);

    [LoggerMessage(
        EventId = 4010,
        Level = LogLevel.Warning,
        Message = "What came over HTTP is kept; its diagnosis could not be started now, the next look at the intake "
            + "starts it."
    )]
    public static partial void DropNotStarted(this ILogger logger, Exception failure);
}
