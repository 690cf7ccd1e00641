namespace SelfDev.Azure.Notifications;

/// <summary>Where a webhook may live. Link-local and cloud metadata addresses are refused in every case.</summary>
public enum WebhookNetwork
{
    /// <summary>Globally reachable addresses only.</summary>
    Public,

    /// <summary>Private networks as well (RFC 1918, RFC 4193): a receiver behind a private endpoint.</summary>
    Private,

    /// <summary>This machine as well, over plain HTTP too: for development and tests.</summary>
    Loopback,
}
