using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using SelfDev.Core.Reports;

namespace SelfDev.Web.Pages;

/// <summary>Errors: a problem document (RFC 9457) for machines, a page with the same status and words for people.</summary>
internal static class WebErrors
{
    public static IResult Unauthorized(HttpRequest request, string detail, bool offerSignIn = false)
    {
        if (offerSignIn)
        {
            request.HttpContext.Response.Headers.WWWAuthenticate = "Bearer";
        }

        return offerSignIn && WantsPage(request)
            ? SignInPage.Render(request, StatusCodes.Status401Unauthorized, null)
            : Problem(request, StatusCodes.Status401Unauthorized, detail);
    }

    public static IResult Problem(HttpRequest request, int status, string detail)
    {
        var title = ReasonPhrases.GetReasonPhrase(status);
        return WantsPage(request)
            ? Page.Render(request, status, title, Html.Of($"""
                <p class="eyebrow">SelfDev</p>
                <h1>{Page.Safe(title)}</h1>
                <p class="banner bad" role="alert">{Page.Safe(detail)}</p>
                """))
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
