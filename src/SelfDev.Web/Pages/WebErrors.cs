using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using SelfDev.Core.Approvals;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;

namespace SelfDev.Web.Pages;

/// <summary>Errors: a problem document (RFC 9457) for machines, a page with the same status and words for
/// people.</summary>
internal static class WebErrors
{
    /// <summary>
    /// 401. Where a sign-in would help, a browser that asked for a page is led to one and back: to the platform's where
    /// that signs people in (302), else to our own in place of the page.
    /// </summary>
    public static IResult Unauthorized(HttpRequest request, string detail, bool offerSignIn = false)
    {
        if (!offerSignIn)
        {
            return Problem(request, StatusCodes.Status401Unauthorized, detail);
        }

        var headers = request.HttpContext.Response.Headers;
        headers.WWWAuthenticate = SignInPage.IsPlatforms(request) ? "Bearer" : "ApiKey header=\"x-selfdev-key\"";
        var options = request.HttpContext.RequestServices.GetRequiredService<WebOptions>();
        if (CallerIdentity.PlatformName(request, options) is { } name && !Identity.IsWellFormed(name))
        {
            // Signing in again would bring the same name: without this a browser would go round for ever.
            return Problem(
                request,
                StatusCodes.Status403Forbidden,
                $"You are signed in as '{SafeText.SingleLine(name)}'. A policy can name nobody so: only ASCII letters, "
                    + $"digits and ._%+@- are possible. Sign in with another account."
            );
        }

        if (!WantsPage(request))
        {
            return Problem(request, StatusCodes.Status401Unauthorized, detail);
        }

        var path = ReturnPath.Of(request);
        if (SignInPage.IsPlatforms(request) && HttpMethods.IsGet(request.Method))
        {
            headers.Location = SignInPage.PlatformAddress(path);
            return Results.StatusCode(StatusCodes.Status302Found);
        }

        return SignInPage.Render(request, StatusCodes.Status401Unauthorized, null, path);
    }

    public static IResult Problem(HttpRequest request, int status, string detail)
    {
        var title = ReasonPhrases.GetReasonPhrase(status);
        return WantsPage(request)
            ? Page.Render(
                request,
                status,
                title,
                Html.Of(
                    $"""
                    <p class="eyebrow">SelfDev</p>
                    <h1>{Page.Safe(title)}</h1>
                    <p class="banner bad" role="alert">{Page.Safe(detail)}</p>
                    """
                )
            )
            : Results.Problem(detail, statusCode: status, title: title);
    }

    /// <summary>Whether the caller is a browser: it names HTML before JSON.</summary>
    public static bool WantsPage(HttpRequest request)
    {
        if (request.HasJsonContentType())
        {
            return false;
        }

        var accepted = MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var parsed) ? parsed : [];
        foreach (var type in accepted.OrderByDescending(type => type.Quality ?? 1))
        {
            if (type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }

            if (type.MediaType.EndsWith("json", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return false;
    }
}
