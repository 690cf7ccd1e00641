using Microsoft.AspNetCore.Http;

namespace SelfDev.Web;

/// <summary>
/// The one rule about requests that change something, for every route and every kind of caller. What a browser adds to
/// a request by itself proves nothing about who wants it: any page may make a browser send it.
/// <list type="number">
/// <item>GET and HEAD change nothing and are not asked. (One GET does: a one-time sign-in link, which asks by
/// itself.)</item>
/// <item>A key in <c>x-selfdev-key</c> is carried by the caller: a page of another site could add that header only with
/// a leave (CORS) that no route gives. It is not asked either.</item>
/// <item>Everything else that carries the marks of a browser, <c>Sec-Fetch-Site</c> and <c>Origin</c>, must name this
/// very origin in each mark it carries. <c>same-site</c> is not enough: other ports of this machine and sister domains
/// are that. <c>null</c>, as a sandboxed frame sends it, names nobody.</item>
/// <item>Where the authority is ambient (session cookie, platform principal) or is about to be given (sign-in), at
/// least one mark must be there. Every browser since 2020 sends <c>Origin</c> with a POST; what sends neither is no
/// browser, or hides what it is.</item>
/// <item>A platform principal without marks counts where the call brings <c>Authorization: Bearer</c> and a body that
/// no form can send: that is a program with an Entra token, which no page of another site could make a browser
/// send.</item>
/// <item>The token in the path of an approval link is carried like a key, so marks may be absent; those that are there
/// must agree.</item>
/// </list>
/// <c>SameSite=Strict</c> on the cookie stays as a second wall. The pages' <c>Referrer-Policy</c> must let browsers
/// name the origin: under
/// <c>no-referrer</c> they send <c>Origin: null</c> from our own forms too (<see cref="WebHeaders"/>).
/// </summary>
internal static class RequestOrigin
{
    private const string SecFetchSite = "Sec-Fetch-Site";
    private const string Bearer = "Bearer ";

    private static readonly string[] FormTypes =
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ];

    /// <summary>Applies the rule.</summary>
    /// <param name="mustProve">Whether the authority is ambient: without any mark the request is refused.</param>
    /// <returns>Null where the request may go on, else what to tell the caller.</returns>
    public static string? Refusal(HttpRequest request, WebOptions options, bool mustProve)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return null;
        }

        var (site, origin) = (request.Headers[SecFetchSite], request.Headers.Origin);
        if (site.Count > 0 && site != "same-origin")
        {
            return "This came from a page of another site, which may not do that here. Open this host's own page and "
                + "do it there.";
        }

        if (origin.Count > 0 && !IsOwn(origin.ToString(), request, options))
        {
            return "This came from a page of another origin, which may not do that here. Open this host's own page and "
                + "do it there; "
                + "behind a proxy, set the host's public address.";
        }

        return mustProve && site.Count == 0 && origin.Count == 0
            ? "A session or a platform sign-in changes something only from this host's own pages, which browsers tell "
                + "by the headers Origin or "
                + "Sec-Fetch-Site. Programs send a key in the header x-selfdev-key, or a bearer token with a JSON body."
            : null;
    }

    /// <summary>Whether a request, if it was opened from a page at all, was opened from one of ours: for a GET that
    /// does something.</summary>
    public static bool IsOwnNavigation(HttpRequest request) =>
        request.Headers[SecFetchSite].Count == 0
        || request.Headers[SecFetchSite] == "none"
        || request.Headers[SecFetchSite] == "same-origin";

    /// <summary>Whether a browser came here from a page of another site, so that it left out a strict cookie that it
    /// may have.</summary>
    public static bool IsArrival(HttpRequest request) => !IsOwnNavigation(request);

    /// <summary>A program with a token of its own: see the rule's fifth point.</summary>
    public static bool IsBearerCall(HttpRequest request)
    {
        var type = (request.ContentType ?? "").Split(';')[0].Trim();
        return request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            && !FormTypes.Contains(type, StringComparer.OrdinalIgnoreCase);
    }

    // Behind a proxy that ends TLS the request itself is http and its host may be the proxy's target: the public
    // address counts as well.
    private static bool IsOwn(string text, HttpRequest request, WebOptions options)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var origin) || origin.Scheme is not ("http" or "https"))
        {
            return false;
        }

        var known = options.PublicUrl;
        if (known is not null && origin.Scheme == known.Scheme && IsSame(origin, known))
        {
            return true;
        }

        // A page over plain HTTP may be anybody's who sits in between: it is no page of a host that has TLS.
        var hasTls = request.IsHttps || (known?.Scheme == Uri.UriSchemeHttps && IsSameHost(origin, known));
        return Uri.TryCreate($"{origin.Scheme}://{request.Host.Value}", UriKind.Absolute, out var own)
            && IsSame(origin, own)
            && (origin.Scheme == Uri.UriSchemeHttps || !hasTls);
    }

    private static bool IsSame(Uri left, Uri right) => IsSameHost(left, right) && left.Port == right.Port;

    private static bool IsSameHost(Uri left, Uri right) =>
        string.Equals(left.IdnHost, right.IdnHost, StringComparison.OrdinalIgnoreCase);
}
