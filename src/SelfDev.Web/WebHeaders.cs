using Microsoft.AspNetCore.Http;

namespace SelfDev.Web;

/// <summary>Headers of every answer (OWASP HTTP Headers Cheat Sheet).</summary>
internal static class WebHeaders
{
    /// <summary>
    /// What a page tells of itself where it leads: its origin, never its path. The path of an approval page holds a
    /// token, which nothing may carry on, not even to a report of ours (<c>same-origin</c> would). <c>no-referrer</c>
    /// would hide more than that: with it, browsers send <c>Origin: null</c> with our own forms, and <see
    /// cref="RequestOrigin"/> could not tell them from a stranger's.
    /// </summary>
    public const string ReferrerPolicy = "strict-origin";

    public static void Add(HttpResponse response)
    {
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = ReferrerPolicy;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["X-Robots-Tag"] = "noindex";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
    }
}
