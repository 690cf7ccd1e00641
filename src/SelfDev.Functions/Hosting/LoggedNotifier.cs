using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Hosting;

/// <summary>Leaves a line for each notification, which the alert on expiring approvals goes by, and passes it on to the webhook if there is one.</summary>
internal sealed class LoggedNotifier(INotifier? next, ILogger<LoggedNotifier> logger) : INotifier
{
    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        var problem = next is null ? null : await next.NotifyAsync(notification, cancellation);
        logger.Notified(notification.Topic, problem is null ? "sent" : "not delivered");
        return problem;
    }
}
