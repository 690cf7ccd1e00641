namespace SelfDev.Workflows.Ports;

/// <summary>Tells people. At least once; receivers may see a notification twice with one <see
/// cref="Notification.Key"/>.</summary>
public interface INotifier
{
    /// <summary>A failure to notify is logged and returned, never thrown: it must not stop the pipeline.</summary>
    /// <returns>Null when delivered, else why not.</returns>
    Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation);
}

/// <summary>
/// Thrown by an activity that could reach none of those it was to tell, so that its retry policy tries again. Where one
/// of them was told it is not thrown: trying again would tell that one twice, and the reminder comes anyway.
/// </summary>
public sealed class NotDeliveredException(string problem) : Exception(problem);

/// <param name="Topic">E.g. <c>approval-requested</c>, <c>approval-reminder</c>, <c>effect-done</c>.</param>
/// <param name="Recipient">The approver or channel that the policy names.</param>
/// <param name="Text">Plain text in our own words; no log text.</param>
/// <param name="Link">Where to look or decide, for the recipient's eyes alone; null where there is nothing to
/// open.</param>
public sealed record Notification(string Key, string Topic, string Recipient, string Title, string Text, Uri? Link)
{
    /// <value>
    /// What stands in place of <see cref="Link"/> where others than the recipient read too: it gives nobody any
    /// authority. Null where there is nothing to open.
    /// </value>
    public Uri? SharedLink { get; init; }

    /// <value>The recipient's own address, from the policy file; null where it names none, and then the shared channel
    /// is left.</value>
    public Uri? Address { get; init; }
}
