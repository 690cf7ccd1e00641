using SelfDev.Core.Redaction;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>Prints notifications where the host runs, links included: on one machine the console is the on-call channel.</summary>
internal sealed class ConsoleNotifier(Action<Notification> print) : INotifier
{
    public Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        print(notification with { Title = SafeText.SingleLine(notification.Title), Text = SafeText.SingleLine(notification.Text) });
        return Task.FromResult<string?>(null);
    }
}
