using System.ComponentModel.DataAnnotations;

namespace SelfDev.Azure.Fleets;

/// <summary>Where ARM is and who we are to it.</summary>
public sealed record AzureFleetOptions
{
    /// <value>Default: the public cloud. For a simulator: its loopback address.</value>
    public Uri Endpoint { get; init; } = new("https://management.azure.com");

    /// <value>What tokens are asked for. Default: the public cloud's ARM.</value>
    public string Audience { get; init; } = "https://management.azure.com/";

    /// <value>Default: whatever <c>DefaultAzureCredential</c> finds.</value>
    public FleetCredentialKind Credential { get; init; } = FleetCredentialKind.Default;

    /// <value>Client id of the user-assigned managed identity; null: the system-assigned one.</value>
    public string? ManagedIdentityClientId { get; init; }

    /// <value>Tenant for <c>DefaultAzureCredential</c>; null: the identity's own.</value>
    public string? TenantId { get; init; }

    /// <value>
    /// Hex SHA-256 of the one server certificate that is accepted, in place of the usual validation. Only for a
    /// loopback <see cref="Endpoint"/>.
    /// </value>
    public string? CertificateThumbprint { get; init; }

    /// <value>Retries of a read within one call; writes are never repeated inside. 0 to 10, default 3.</value>
    [Range(0, 10)]
    public int ReadRetries { get; init; } = 3;

    /// <value>Before the first of them; doubles each time. 1 ms to 10 s, default 0.8 s.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.8);

    /// <value>For one request. Default: 60 s.</value>
    public TimeSpan NetworkTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <value>Pause after a 429 that names none, and before a changed set is looked at again. Default: 30 s.</value>
    public TimeSpan DefaultRetryAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <exception cref="ArgumentException">Says which option is wrong and what it may be.</exception>
    public void Validate()
    {
        if (!Endpoint.IsAbsoluteUri || Endpoint.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException(
                $"Fleet endpoint '{Endpoint}': must be an https address, for tokens are sent over TLS only."
            );
        }

        if (CertificateThumbprint is { } thumbprint)
        {
            if (!Endpoint.IsLoopback)
            {
                throw new ArgumentException(
                    $"Fleet endpoint '{Endpoint}': a pinned certificate is for a simulator on loopback only; leave the "
                        + $"thumbprint out."
                );
            }

            if (thumbprint.Length != 64 || !thumbprint.All(char.IsAsciiHexDigit))
            {
                throw new ArgumentException("Fleet certificate thumbprint: must be the SHA-256 in 64 hex digits.");
            }
        }

        if (ReadRetries is < 0 or > 10)
        {
            throw new ArgumentException($"Fleet read retries {ReadRetries}: must be 0 to 10.");
        }

        if (RetryDelay < TimeSpan.FromMilliseconds(1) || RetryDelay > TimeSpan.FromSeconds(10))
        {
            throw new ArgumentException($"Fleet retry delay {RetryDelay}: must be 1 ms to 10 s.");
        }
    }
}

public enum FleetCredentialKind
{
    /// <summary>Environment, workload identity, managed identity, developer tools, in the SDK's order.</summary>
    Default,

    /// <summary>Managed identity alone: what a deployed app should say, so that it never falls back to something
    /// else.</summary>
    ManagedIdentity,
}
