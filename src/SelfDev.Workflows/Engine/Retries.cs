namespace SelfDev.Workflows.Engine;

/// <summary>The retry policies in use, by what they wait for.</summary>
public static class Retries
{
    /// <summary>Storage and ARM reads, ledger: 2, 4, 8, 16, 32, 60 s... about six minutes in all.</summary>
    public static readonly RetryPolicy Transient = new(10, TimeSpan.FromSeconds(2), 2.0, TimeSpan.FromMinutes(1));

    /// <summary>Reading and analysing a whole artifact: 5, 15, 45 s. An input that crashes the reader must not loop for
    /// long.</summary>
    public static readonly RetryPolicy Analysis = new(4, TimeSpan.FromSeconds(5), 3.0, TimeSpan.FromMinutes(1));

    /// <summary>Notifications: 5, 10, 20, 40 s; a page that cannot be sent must not hold up the decision
    /// itself.</summary>
    public static readonly RetryPolicy Notification = new(5, TimeSpan.FromSeconds(5), 2.0, TimeSpan.FromMinutes(1));
}
