using System.Collections.Concurrent;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Demo;

/// <summary>Takes the links that the host sends out: prints them for a person, or answers them over HTTP in their
/// place.</summary>
internal sealed class ApprovalInbox(Action<string> say, bool approveAll)
{
    private readonly ConcurrentQueue<Notification> _undecided = new();

    public void Add(Notification notification)
    {
        switch (notification.Topic)
        {
            case "approval-requested":
                // One call: notifications come from several threads.
                say(
                    $"approval: {notification.Title} ({notification.Recipient})\n  {notification.Text}\n  decide here: "
                        + $"{notification.Link}"
                );
                _undecided.Enqueue(notification);
                break;
            case "approval-reminder":
                say($"reminder: {notification.Title}: {notification.Link}");
                break;
            default:
                say($"{notification.Topic}: {notification.Title}. {notification.Text}");
                break;
        }
    }

    public async Task DecideAsync(HttpClient client, CancellationToken cancellation)
    {
        while (approveAll && _undecided.TryDequeue(out var notification))
        {
            using var form = new FormUrlEncodedContent([new("decision", "approve"), new("reason", "demo --yes")]);
            using var response = await client.PostAsync(notification.Link, form, cancellation);
            say(
                response.IsSuccessStatusCode
                    ? $"approved by callback as {notification.Recipient}"
                    : $"the callback answered {(int)response.StatusCode}: "
                        + $"{await response.Content.ReadAsStringAsync(cancellation)}"
            );
        }
    }
}
