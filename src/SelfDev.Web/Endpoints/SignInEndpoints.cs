using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Web.Pages;

namespace SelfDev.Web.Endpoints;

/// <summary>How a browser gets a session: with a key, or with a link that the host showed once where it was
/// started.</summary>
internal static class SignInEndpoints
{
    private const int MaxBodyBytes = 16 * 1024;

    /// <summary><c>GET /signin?returnTo=</c>: the page itself, or the platform's where that signs people in.</summary>
    public static Task<IResult> ShowAsync(HttpRequest request)
    {
        var path = ReturnPath.Accept(request.Query[ReturnPath.Field]);
        if (!SignInPage.IsPlatforms(request))
        {
            return Task.FromResult(SignInPage.Render(request, StatusCodes.Status200OK, null, path));
        }

        request.HttpContext.Response.Headers.Location = SignInPage.PlatformAddress(path);
        return Task.FromResult(Results.StatusCode(StatusCodes.Status302Found));
    }

    /// <summary><c>POST /signin</c> with <c>key</c> and <c>returnTo</c>: opens a session for the browser and leads back
    /// to where it was.</summary>
    public static async Task<IResult> SignInAsync(HttpRequest request)
    {
        var body = await SmallBody.ReadAsync(request, MaxBodyBytes);
        var path = ReturnPath.Accept(body.Text(ReturnPath.Field));
        return CallerIdentity.FindKey(Service<WebOptions>(request), body.Text("key")?.Trim() ?? "") is { } principal
            ? OpenSession(request, principal, path)
            : SignInPage.Render(request, StatusCodes.Status401Unauthorized, "This is not the key.", path);
    }

    /// <summary><c>GET /signin/{token}</c>: as <see cref="SignInLinks"/>. Unknown, used and expired read the same. 404
    /// on hosts without such links.</summary>
    public static Task<IResult> OpenLinkAsync(HttpRequest request) => Task.FromResult(OpenLink(request));

    private static IResult OpenLink(HttpRequest request)
    {
        if (request.HttpContext.RequestServices.GetService<SignInLinks>() is not { } links)
        {
            return WebErrors.Problem(request, StatusCodes.Status404NotFound, "This host has no sign-in links.");
        }

        // A page of another site that opens a link of its maker's would sign the reader in as somebody else; a preview
        // of it would use it up.
        if (!HttpMethods.IsGet(request.Method) || !RequestOrigin.IsOwnNavigation(request))
        {
            return WebErrors.Problem(
                request,
                StatusCodes.Status403Forbidden,
                "Open the link from where it was shown, or copy it into the address bar."
            );
        }

        return links.Redeem((string)request.RouteValues["token"]!) is { } principal
            ? OpenSession(request, principal, ReturnPath.Default)
            : SignInPage.Render(
                request,
                StatusCodes.Status401Unauthorized,
                "This link was used already, or is older than ten minutes.",
                ReturnPath.Default
            );
    }

    private static IResult OpenSession(HttpRequest request, ApiPrincipal principal, string path)
    {
        var response = request.HttpContext.Response;
        // Behind a proxy that ends TLS the request is plain and the browser's address is not.
        var isSecure =
            request.IsHttps
            || (
                Service<WebOptions>(request).PublicUrl is { Scheme: "https" } known
                && string.Equals(known.Host, request.Host.Host, StringComparison.OrdinalIgnoreCase)
            );
        response.Cookies.Append(
            CallerIdentity.SessionCookie,
            CallerIdentity.OpenSession(principal, Service<TimeProvider>(request).GetUtcNow()),
            new CookieOptions
            {
                HttpOnly = true,
                Secure = isSecure,
                SameSite = SameSiteMode.Strict,
                Path = "/",
                IsEssential = true,
            }
        );
        response.Headers.Location = path;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static T Service<T>(HttpRequest request)
        where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();
}
