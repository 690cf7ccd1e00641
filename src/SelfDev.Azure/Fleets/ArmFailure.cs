using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Identity;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>ARM's error bodies, as code and message. The envelope may be missing, and the cause may hide in the
/// details.</summary>
internal sealed partial record ArmFailure(string Code, string Message)
{
    // Outer codes that say only that something inside failed (seen in deployments, activity logs and rolling upgrades).
    private static readonly string[] Wrappers =
    [
        "ResourceOperationFailure",
        "ResourceDeploymentFailure",
        "DeploymentFailed",
        "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade",
    ];

    private const int MaxMessageChars = 500;

    public static ArmFailure Of(RequestFailedException failure)
    {
        var response = failure.GetRawResponse();
        var body = response?.ContentStream is null ? null : Parse(response.Content);
        return body
            ?? new ArmFailure(
                failure.ErrorCode ?? (failure.Status == 0 ? FleetCodes.ConnectionLost : "Http" + failure.Status),
                Cut(failure.Message)
            );
    }

    public static ArmFailure? Parse(BinaryData content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root
                ? Read(
                    root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                        ? error
                        : root
                )
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>From the inside of an <c>error</c>; null where it names no code.</summary>
    public static ArmFailure? Read(JsonElement error)
    {
        if (Text(error, "code") is not { } code)
        {
            return null;
        }

        if (
            Wrappers.Contains(code, StringComparer.OrdinalIgnoreCase)
            && error.TryGetProperty("details", out var details)
            && details.ValueKind == JsonValueKind.Array
            && details
                .EnumerateArray()
                .Select(detail => detail.ValueKind == JsonValueKind.Object ? Read(detail) : null)
                .FirstOrDefault(inner => inner is not null)
                is { } cause
        )
        {
            return cause;
        }

        var message = Text(error, "message") ?? "";
        if (code == "OperationNotAllowed" && QuotaMessage().IsMatch(message) || code == "ResourceQuotaExceeded")
        {
            code = FleetCodes.QuotaExceeded;
        }

        return new ArmFailure(code, Cut(message));
    }

    public static FleetException Exception(Exception failure, TimeSpan? retryAfter) =>
        failure switch
        {
            AggregateException exhausted => Exception(exhausted.InnerExceptions[^1], retryAfter),
            RequestFailedException { Status: 0 } when IsCertificateRefused(failure) => new FleetException(
                FleetCodes.CertificateRefused,
                "The server's certificate is not the expected one; nothing was sent.",
                isTransient: false
            ),
            RequestFailedException { Status: 0 } or OperationCanceledException => new FleetException(
                FleetCodes.ConnectionLost,
                "The connection to ARM broke or timed out: " + Cut(failure.Message),
                isTransient: true
            ),
            RequestFailedException { Status: 429 } throttled => new FleetException(
                FleetCodes.TooManyRequests,
                Cut(throttled.Message),
                isTransient: true
            )
            {
                RetryAfter = retryAfter,
            },
            RequestFailedException answered when Of(answered) is var cause => new FleetException(
                cause.Code,
                cause.Message,
                isTransient: answered.Status is 408 or >= 500
            )
            {
                RetryAfter = retryAfter,
            },
            ForeignAddressException foreign => new FleetException(
                FleetCodes.OperationUriRefused,
                foreign.Message,
                isTransient: false
            ),
            CredentialUnavailableException none => new FleetException(
                FleetCodes.AuthenticationFailed,
                Cut(none.Message),
                isTransient: false
            ),
            AuthenticationFailedException denied => new FleetException(
                FleetCodes.AuthenticationFailed,
                Cut(denied.Message),
                isTransient: true
            ),
            _ => throw new InvalidOperationException("Not a failure of an ARM call.", failure),
        };

    /// <summary>
    /// Whether an exception is one that a call to ARM ends in, as opposed to a fault of ours. The SDK collects the
    /// failures of repeated tries in an <see cref="AggregateException"/>.
    /// </summary>
    public static bool Covers(Exception failure, CancellationToken cancellation) =>
        failure switch
        {
            AggregateException exhausted => exhausted.InnerExceptions.All(inner => Covers(inner, cancellation)),
            RequestFailedException or ForeignAddressException or AuthenticationFailedException => true,
            OperationCanceledException => !cancellation.IsCancellationRequested,
            _ => false,
        };

    /// <summary>Whether TLS ended over the server's certificate. Trying again would not change it.</summary>
    public static bool IsCertificateRefused(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is System.Security.Authentication.AuthenticationException)
            {
                return true;
            }
        }

        return false;
    }

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static string Cut(string message) =>
        message.Length <= MaxMessageChars ? message : message[..MaxMessageChars];

    // https://github.com/Azure/karpenter-provider-azure/issues/192 has the full text; match only what does not vary
    // between its versions.
    [GeneratedRegex("exceeding approved .+? quota|exceeding quota limits", RegexOptions.CultureInvariant)]
    private static partial Regex QuotaMessage();
}
