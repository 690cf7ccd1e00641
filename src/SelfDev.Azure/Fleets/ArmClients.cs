using System.Net.Security;
using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.ResourceManager;
using Azure.ResourceManager.Compute;

namespace SelfDev.Azure.Fleets;

/// <summary>How the SDK's clients are set up: API version, retries, throttling, If-Match, and whom they
/// trust.</summary>
internal static class ArmClients
{
    public static ArmClientOptions Options(AzureFleetOptions options, TimeProvider clock)
    {
        var client = new ArmClientOptions
        {
            Environment = new ArmEnvironment(options.Endpoint, options.Audience),
            RetryPolicy = new ReadRetryPolicy(options.ReadRetries, options.RetryDelay),
        };
        client.Retry.NetworkTimeout = options.NetworkTimeout;
        client.Diagnostics.ApplicationId = "SelfDev";
        client.SetApiVersion(VirtualMachineScaleSetResource.ResourceType, ArmFleet.ApiVersion);
        client.SetApiVersion(VirtualMachineScaleSetVmResource.ResourceType, ArmFleet.ApiVersion);
        client.AddPolicy(new SameHostPolicy(options.Endpoint), HttpPipelinePosition.PerCall);
        client.AddPolicy(new IfMatchPolicy(), HttpPipelinePosition.PerCall);
        client.AddPolicy(new ThrottleGatePolicy(clock, options.DefaultRetryAfter), HttpPipelinePosition.PerCall);
        if (options.CertificateThumbprint is { } thumbprint)
        {
            client.Transport = new HttpClientTransport(PinnedHandler(thumbprint));
        }

        return client;
    }

    /// <summary>For reads that no package covers: the same policies, transport and token.</summary>
    public static HttpPipeline Pipeline(
        AzureFleetOptions options,
        ArmClientOptions client,
        TokenCredential credential
    ) =>
        HttpPipelineBuilder.Build(
            client,
            new BearerTokenAuthenticationPolicy(credential, options.Audience.TrimEnd('/') + "/.default")
        );

    public static TokenCredential Credential(AzureFleetOptions options) =>
        options.Credential switch
        {
            FleetCredentialKind.ManagedIdentity => new ManagedIdentityCredential(
                options.ManagedIdentityClientId is { } clientId
                    ? ManagedIdentityId.FromUserAssignedClientId(clientId)
                    : ManagedIdentityId.SystemAssigned
            ),
            _ => new DefaultAzureCredential(
                new DefaultAzureCredentialOptions
                {
                    TenantId = options.TenantId,
                    ManagedIdentityClientId = options.ManagedIdentityClientId,
                }
            ),
        };

    /// <summary>Sends one GET; the caller judges the status.</summary>
    public static async Task<Response> GetAsync(HttpPipeline pipeline, Uri address, CancellationToken cancellation)
    {
        using var message = pipeline.CreateMessage();
        message.Request.Method = RequestMethod.Get;
        message.Request.Uri.Reset(new UriBuilder(address) { Fragment = "" }.Uri);
        message.Request.Headers.Add("Accept", "application/json");
        await pipeline.SendAsync(message, cancellation);
        return message.Response;
    }

    // Redirects would carry the token to wherever an answer points.
    private static SocketsHttpHandler PinnedHandler(string thumbprint) =>
        new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is not null
                    && CryptographicOperations.FixedTimeEquals(
                        certificate.GetCertHash(HashAlgorithmName.SHA256),
                        Convert.FromHexString(thumbprint)
                    ),
            },
        };
}
