namespace SelfDev.Azure.Notifications;

/// <summary>Where notifications are posted, and how far that may reach.</summary>
public sealed record WebhookOptions
{
    /// <value>
    /// The address of the channel that everybody reads; null where there is none, and only people's own addresses are
    /// used. HTTPS; plain HTTP on a loopback address where <see cref="Network"/> is <see
    /// cref="WebhookNetwork.Loopback"/>. Often a secret in itself: it stands in no log, message or trace.
    /// </value>
    public Uri? Address { get; init; }

    /// <value>Which addresses its host may have, checked at each connection. Default: public ones.</value>
    public WebhookNetwork Network { get; init; } = WebhookNetwork.Public;

    /// <value>For one notification, from resolving the name to the answer's status, 1 s to 2 min. Default 15 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it, and never the
    /// address.</exception>
    public void Validate()
    {
        if (Problem() is { } problem)
        {
            throw new ArgumentException(problem);
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

    /// <returns>What is wrong with the address, without the address; null where nothing is.</returns>
    internal string? Problem() =>
        this switch
        {
            { Address: null } => null,
            _ when !Address.IsAbsoluteUri || !IsSchemeAllowed(Address) =>
                "The webhook's address must be an https:// address (http:// on a loopback address, where the network "
                    + "is Loopback).",
            _ when Address.UserInfo.Length > 0 =>
                "The webhook's address must not hold a user name or password: they would not be sent.",
            _ => null,
        };

    private bool IsSchemeAllowed(Uri address) =>
        address.Scheme == Uri.UriSchemeHttps
        || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback && Network == WebhookNetwork.Loopback);
}
