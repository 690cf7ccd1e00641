using Microsoft.AspNetCore.Http;

namespace SelfDev.Web;

/// <summary>Headers of every answer (OWASP HTTP Headers Cheat Sheet). The token of an approval link stands in its URL: nothing may carry it on.</summary>
internal static class WebHeaders
{
    public static void Add(HttpResponse response)
    {
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["X-Robots-Tag"] = "noindex";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
    }
}
