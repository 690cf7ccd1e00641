using SelfDev.Core.Redaction;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>
/// Prints notifications where the host runs, links included: on one machine the console is the on-call channel. Passes them on to
/// the webhook if there is one, whose failure is logged by itself and costs nobody the line on the console.
/// </summary>
internal sealed class ConsoleNotifier(Action<Notification> print, INotifier? webhook) : INotifier
{
    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        print(notification with { Title = SafeText.SingleLine(notification.Title), Text = SafeText.SingleLine(notification.Text) });
        return webhook is null ? null : await webhook.NotifyAsync(notification, cancellation);
    }
}
