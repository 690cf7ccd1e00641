using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Web.Pages;

/// <summary>Asks a person who they are, and leads on to the page that they wanted.</summary>
internal static class SignInPage
{
    // Where App Service signs people in (Microsoft Learn: "Customize sign-ins and sign-outs in Azure App Service
    // authentication").
    private const string PlatformSignIn = "/.auth/login/aad?post_login_redirect_uri=";

    /// <param name="path">Where to go afterwards: a path of <see cref="ReturnPath"/>.</param>
    public static IResult Render(HttpRequest request, int status, string? error, string path) =>
        Page.Render(
            request,
            status,
            "SelfDev: sign in",
            Html.Of(
                $"""
                <p class="eyebrow">SelfDev</p>
                <h1>Sign in</h1>
                {(
                    error is null
                        ? Html.Empty
                        : Html.Of($"<p class=\"banner bad\" role=\"alert\">{Page.Safe(error)}</p>")
                )}
                {Offer(request, path)}
                {(
                    RequestOrigin.IsArrival(request)
                        ? Html.Of(
                            $"<p>If you are signed in here already: <a href=\"{path}\">go on to the page</a>. Browsers keep that to themselves when a link of another site leads here.</p>"
                        )
                        : Html.Empty
                )}
                """
            )
        );

    /// <summary>The sign-in itself, for any page that can do more for people whom it knows.</summary>
    /// <param name="path">As for <see cref="Render"/>.</param>
    public static Html Offer(HttpRequest request, string path) =>
        IsPlatforms(request)
            ? Html.Of(
                $"""
                <p class="card"><a href="{PlatformAddress(path)}">Sign in with your organisation</a></p>
                """
            )
            : Html.Of(
                $"""
                <form class="card" method="post" action="/signin">
                <input type="hidden" name="{ReturnPath.Field}" value="{path}">
                <label for="key">API key</label>
                <input id="key" name="key" type="password" autocomplete="current-password" required>
                <div class="buttons"><button type="submit">Sign in</button></div>
                <p class="facts">The keys lie in the host's data folder, <code>keys/api.json</code>, one a person.</p>
                </form>
                """
            );

    /// <summary>Whether the platform signs people in here, and no key need be asked for.</summary>
    public static bool IsPlatforms(HttpRequest request) =>
        request.HttpContext.RequestServices.GetRequiredService<WebOptions>().TrustEasyAuthHeaders;

    /// <summary>
    /// Where the platform signs people in and sends them back to that path. The path travels to the identity provider
    /// and back in a parameter: where it holds the token of an approval link, the provider sees it, which could sign in
    /// as anybody anyway.
    /// </summary>
    public static string PlatformAddress(string path) => PlatformSignIn + Uri.EscapeDataString(path);
}
