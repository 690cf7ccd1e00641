using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Hosting;

/// <summary>Leaves a line for each notification, which the alert on expiring approvals goes by, and passes it
/// on.</summary>
internal sealed class LoggedNotifier(INotifier next, ILogger<LoggedNotifier> logger) : INotifier
{
    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        var problem = await next.NotifyAsync(notification, cancellation);
        logger.Notified(notification.Topic, problem is null ? "sent" : "not delivered");
        return problem;
    }
}
