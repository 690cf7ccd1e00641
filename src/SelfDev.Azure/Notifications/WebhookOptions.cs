namespace SelfDev.Azure.Notifications;

/// <summary>Where notifications are posted, and how far that may reach.</summary>
public sealed record WebhookOptions
{
    /// <value>
    /// The receiver's address. HTTPS; plain HTTP on a loopback address where <see cref="Network"/> is
    /// <see cref="WebhookNetwork.Loopback"/>. Often a secret in itself: it stands in no log, message or trace.
    /// </value>
    public required Uri Address { get; init; }

    /// <value>Which addresses its host may have, checked at each connection. Default: public ones.</value>
    public WebhookNetwork Network { get; init; } = WebhookNetwork.Public;

    /// <value>For one notification, from resolving the name to the answer's status, 1 s to 2 min. Default 15 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it, and never the address.</exception>
    public void Validate()
    {
        if (!Address.IsAbsoluteUri || !IsSchemeAllowed())
        {
            throw new ArgumentException("The webhook's address must be an https:// address (http:// on a loopback address, where the network is Loopback).");
        }

        if (Address.UserInfo.Length > 0)
        {
            throw new ArgumentException("The webhook's address must not hold a user name or password: they would not be sent.");
        }

        if (!Enum.IsDefined(Network))
        {
            throw new ArgumentException($"{nameof(Network)} is {string.Join(", ", Enum.GetNames<WebhookNetwork>())}.");
        }

        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(2))
        {
            throw new ArgumentException($"{nameof(Timeout)} is 1 s to 2 min.");
        }
    }

    private bool IsSchemeAllowed() => Address.Scheme == Uri.UriSchemeHttps
        || (Address.Scheme == Uri.UriSchemeHttp && Address.IsLoopback && Network == WebhookNetwork.Loopback);
}
