using System.Collections.Concurrent;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>
/// Prints notifications where the host runs, links included: on one machine the console is the on-call channel. Passes
/// them on to the webhook if there is one, whose failure is logged by itself and costs nobody the line on the console.
/// A notification that is tried again for the webhook's sake is printed once.
/// </summary>
internal sealed class ConsoleNotifier(Action<Notification> print, INotifier? webhook) : INotifier
{
    private readonly ConcurrentDictionary<string, bool> _printed = new(StringComparer.Ordinal);

    public async Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
    {
        if (webhook is null)
        {
            Print(notification);
            return null;
        }

        if (_printed.TryAdd(notification.Key, true))
        {
            Print(notification);
        }

        var problem = await webhook.NotifyAsync(notification, cancellation);
        if (problem is null)
        {
            _printed.TryRemove(notification.Key, out _);
        }

        return problem;
    }

    private void Print(Notification notification) =>
        print(
            notification with
            {
                Title = SafeText.SingleLine(notification.Title),
                Text = SafeText.SingleLine(notification.Text),
            }
        );
}
