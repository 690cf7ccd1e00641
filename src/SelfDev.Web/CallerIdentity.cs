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
    private const string Bearer = "Bearer ";

    private static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <returns>Null for a stranger.</returns>
    public static Caller? Find(HttpRequest request, WebOptions options, DateTimeOffset now)
    {
        if (KeyOf(request) is { } key)
        {
            return FindKey(options, key) is { } principal ? new Caller(principal.Name, DecisionProof.Key(principal.Name)) : null;
        }

        if (options.TrustEasyAuthHeaders && Identity.IsWellFormed(request.Headers[EasyAuthHeader]))
        {
            return new Caller(request.Headers[EasyAuthHeader]!, DecisionProof.Principal);
        }

        return request.Cookies[SessionCookie] is { } cookie && MayUseCookie(request) && FindSession(options, cookie, now) is { } known
            ? new Caller(known.Name, DecisionProof.Key(known.Name))
            : null;
    }

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
        var text = string.Create(CultureInfo.InvariantCulture, $"{(now + SessionLifetime).ToUnixTimeSeconds()}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(principal.Name))}");
        return $"{text}.{SessionMac(principal, text)}";
    }

    private static ApiPrincipal? FindSession(WebOptions options, string cookie, DateTimeOffset now)
    {
        if (cookie.Split('.') is not [var expiry, var name, var mac]
            || !long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || now.ToUnixTimeSeconds() >= seconds)
        {
            return null;
        }

        return options.Principals.FirstOrDefault(principal => CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(SessionMac(principal, $"{expiry}.{name}")), Encoding.UTF8.GetBytes(mac)));
    }

    private static string SessionMac(ApiPrincipal principal, string text) => Base64Url.EncodeToString(HMACSHA256.HashData(
        Encoding.UTF8.GetBytes(principal.Key), Encoding.UTF8.GetBytes($"selfdev-session.{principal.Name}.{text}")));

    private static string? KeyOf(HttpRequest request)
    {
        if (request.Headers.TryGetValue(KeyHeader, out var key))
        {
            return key.ToString();
        }

        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
    }

    // The browser sends the cookie along with a form of another site only if SameSite fails; then the origin still gives it away.
    private static bool MayUseCookie(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        || HttpMethods.IsHead(request.Method)
        || (Uri.TryCreate(request.Headers.Origin, UriKind.Absolute, out var origin)
            && string.Equals(origin.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
}
