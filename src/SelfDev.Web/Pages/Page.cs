using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;

namespace SelfDev.Web.Pages;

/// <summary>The frame of every page: one document without a single outside reference, whose policy allows its own style
/// and script by hash.</summary>
internal static class Page
{
    private static readonly string Style = Read("page.css");
    private static readonly string Script = Read("countdown.js");

    private static readonly string Policy =
        $"default-src 'none'; style-src {HashSource(Style)}; script-src {HashSource(Script)}; img-src data:; "
        + $"form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <param name="isWide">For tables with many columns.</param>
    public static IResult Render(HttpRequest request, int status, string title, Html body, bool isWide = false)
    {
        request.HttpContext.Response.Headers.ContentSecurityPolicy = Policy;
        var html = Html.Of(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="{WebHeaders.ReferrerPolicy}">
            <meta name="color-scheme" content="light dark">
            <title>{Safe(title)}</title>
            <link rel="icon" href="data:,">
            <style>{Html.Trusted(Style)}</style>
            </head>
            <body class="{(isWide ? "wide" : "narrow")}">
            {body}
            <script>{Html.Trusted(Script)}</script>
            </body>
            </html>

            """
        );
        return Results.Content(html.ToString(), "text/html; charset=utf-8", Encoding.UTF8, status);
    }

    /// <summary>Text for one line of a page: what acts or hides is made visible, then encoded.</summary>
    public static Html Safe(string? text) => Html.Text(SafeText.SingleLine(text ?? ""));

    /// <summary>As <see cref="Safe"/>, keeping line breaks.</summary>
    public static Html SafeBlock(string? text) => Html.Text(SafeText.Block(text ?? ""));

    private static string HashSource(string content) =>
        $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}'";

    // A browser hashes the parsed text, whose line ends are LF.
    private static string Read(string name)
    {
        using var stream =
            typeof(Page).Assembly.GetManifestResourceStream($"SelfDev.Web.Assets.{name}")
            ?? throw new InvalidOperationException($"The assembly lacks its embedded resource '{name}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
