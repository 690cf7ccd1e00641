using System.IO.Enumeration;
using Microsoft.AspNetCore.Http;

namespace SelfDev.Local.ArmSimulator;

/// <summary>What ARM checks before a resource provider sees a request: token, role, API version, request
/// limits.</summary>
internal sealed class ArmFrontDoor(ArmSimulatorOptions options, ArmTrust trust, ArmFaults faults, TimeProvider clock)
{
    private const string TestedApiVersions = "2023-07-01, 2023-09-01, 2024-03-01, 2024-07-01, 2024-11-01";
    private readonly ArmThrottle _throttle = new(options, clock);

    /// <exception cref="ArmError">The request goes no further.</exception>
    public void Check(HttpRequest request, string? action, ArmExchange exchange)
    {
        var authorization = request.Headers.Authorization.ToString();
        var token = authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? authorization["Bearer ".Length..].Trim()
            : "";
        if (token.Length == 0)
        {
            throw new ArmError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing."
            );
        }

        if (!trust.IsOwn(token) && !options.Tokens.Contains(token))
        {
            throw new ArmError(401, "InvalidAuthenticationToken", "The access token is invalid or has expired.");
        }

        if (action is not null && (!Grants(options.Actions, action) || Grants(options.NotActions, action)))
        {
            throw new ArmError(
                403,
                "AuthorizationFailed",
                $"The client does not have authorization to perform action '{action}' over scope '{request.Path}' or "
                    + $"the scope is invalid. "
                    + "If access was recently granted, please refresh your credentials."
            );
        }

        var version = request.Query["api-version"].ToString();
        if (version.Length == 0)
        {
            throw new ArmError(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests."
            );
        }

        if (!DateOnly.TryParseExact(version.Length > 10 ? version[..10] : version, "yyyy-MM-dd", out _))
        {
            throw new ArmError(
                400,
                "InvalidApiVersionParameter",
                $"The api-version '{version}' is invalid. The supported versions are '{TestedApiVersions}' and other "
                    + $"dates in the form yyyy-MM-dd."
            );
        }

        var policy = ArmThrottle.PolicyOf(request.Method, request.Path);
        if (faults.Take(ArmFaults.FaultKind.Throttle, request.Method) is { } throttled)
        {
            throw ArmError.TooManyRequests(policy, throttled.Duration, clock.GetUtcNow(), 0, 1, fault: "throttle");
        }

        exchange.Remaining(policy, _throttle.Count(policy));
        if (faults.Take(ArmFaults.FaultKind.ServerError, request.Method) is { } broken)
        {
            throw new ArmError(
                broken.Number,
                "InternalServerError",
                "Encountered internal server error. Try again later."
            )
            {
                Fault = "server-error",
            };
        }
    }

    private static bool Grants(IEnumerable<string> patterns, string action) =>
        patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, action, ignoreCase: true));
}
