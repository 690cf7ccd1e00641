using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using SelfDev.Core.Approvals;

namespace SelfDev.Web;

/// <summary>Who calls, as proved by a key, by a session that a key opened, or by the platform.</summary>
/// <param name="Proof">As <see cref="Decision.Proof"/>: <c>key:&lt;name&gt;</c> or <c>principal</c>.</param>
public sealed record Caller(string Name, string Proof);

/// <summary>Finds out who calls. Keys are compared in constant time, all of them, so that time tells nothing.</summary>
internal static class CallerIdentity
{
    public const string KeyHeader = "x-selfdev-key";
    public const string SessionCookie = "selfdev-session";

    private const string EasyAuthHeader = "X-MS-CLIENT-PRINCIPAL-NAME";

    private static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <returns>Null for a stranger, and for ambient authority on a request that does not prove its origin.</returns>
    public static Caller? Find(HttpRequest request, WebOptions options, DateTimeOffset now) =>
        Identify(request, options, now).Caller;

    /// <summary>Who calls, or why somebody whom the browser brings along is not believed here (<see
    /// cref="RequestOrigin"/>).</summary>
    /// <returns>Neither for a stranger.</returns>
    public static (Caller? Caller, string? Unproven) Identify(
        HttpRequest request,
        WebOptions options,
        DateTimeOffset now
    )
    {
        // Whoever sends a key wants to be its owner: a wrong one falls back on nothing.
        if (request.Headers.TryGetValue(KeyHeader, out var key))
        {
            return (
                FindKey(options, key.ToString()) is { } owner
                    ? new Caller(owner.Name, DecisionProof.Key(owner.Name))
                    : null,
                null
            );
        }

        var principal =
            PlatformName(request, options) is { } name && Identity.IsWellFormed(name)
                ? new Caller(name, DecisionProof.Principal)
                : null;
        var ambient = principal ?? Session(request, options, now);
        if (ambient is null)
        {
            return (null, null);
        }

        var unproven = RequestOrigin.Refusal(
            request,
            options,
            mustProve: principal is null || !RequestOrigin.IsBearerCall(request)
        );
        return unproven is null ? (ambient, null) : (null, unproven);
    }

    /// <summary>The name by which the platform signed the caller in, as it stands there; null without one, and where
    /// the platform is not trusted.</summary>
    public static string? PlatformName(HttpRequest request, WebOptions options) =>
        options.TrustEasyAuthHeaders && request.Headers[EasyAuthHeader] is [{ Length: > 0 } name] ? name : null;

    public static ApiPrincipal? FindKey(WebOptions options, string key)
    {
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        ApiPrincipal? found = null;
        foreach (var principal in options.Principals)
        {
            if (CryptographicOperations.FixedTimeEquals(given, SHA256.HashData(Encoding.UTF8.GetBytes(principal.Key))))
            {
                found = principal;
            }
        }

        return found;
    }

    /// <summary>A cookie value that stands for a key for 12 hours: name, expiry and HMAC with the key itself.</summary>
    public static string OpenSession(ApiPrincipal principal, DateTimeOffset now)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{(now + SessionLifetime).ToUnixTimeSeconds()}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(principal.Name))}"
        );
        return $"{text}.{SessionMac(principal, text)}";
    }

    private static ApiPrincipal? FindSession(WebOptions options, string cookie, DateTimeOffset now)
    {
        if (
            cookie.Split('.') is not [var expiry, var name, var mac]
            || !long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || now.ToUnixTimeSeconds() >= seconds
        )
        {
            return null;
        }

        return options.Principals.FirstOrDefault(principal =>
            CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(SessionMac(principal, $"{expiry}.{name}")),
                Encoding.UTF8.GetBytes(mac)
            )
        );
    }

    private static string SessionMac(ApiPrincipal principal, string text) =>
        Base64Url.EncodeToString(
            HMACSHA256.HashData(
                Encoding.UTF8.GetBytes(principal.Key),
                Encoding.UTF8.GetBytes($"selfdev-session.{principal.Name}.{text}")
            )
        );

    private static Caller? Session(HttpRequest request, WebOptions options, DateTimeOffset now) =>
        request.Cookies[SessionCookie] is { } cookie && FindSession(options, cookie, now) is { } known
            ? new Caller(known.Name, DecisionProof.Key(known.Name))
            : null;
}
