using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace SelfDev.Web;

/// <summary>
/// Links that sign a browser in once, for the person in front of a host that has just started: so that no key need be
/// shown. They are kept in memory only, as hashes; a restart ends them all. Safe for many threads.
/// </summary>
public sealed class SignInLinks(TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int TokenBytes = 32;

    private readonly ConcurrentDictionary<string, Entry> _open = new(StringComparer.Ordinal);

    /// <summary>Makes a link that opens one session for that principal within <see cref="Lifetime"/>.</summary>
    /// <returns>Its path, without a leading slash.</returns>
    public string Issue(ApiPrincipal principal)
    {
        var now = clock.GetUtcNow();
        foreach (var (old, entry) in _open)
        {
            if (entry.Ends <= now)
            {
                _open.TryRemove(old, out _);
            }
        }

        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        _open[Hash(token)] = new Entry(principal, now + Lifetime);
        return $"signin/{token}";
    }

    /// <returns>Whose link it is, the first time within its life; null ever after, and for anything else.</returns>
    internal ApiPrincipal? Redeem(string token) =>
        _open.TryRemove(Hash(token), out var entry) && clock.GetUtcNow() < entry.Ends ? entry.Principal : null;

    // Looking a hash up tells by its time nothing that helps to guess a token.
    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private sealed record Entry(ApiPrincipal Principal, DateTimeOffset Ends);
}
