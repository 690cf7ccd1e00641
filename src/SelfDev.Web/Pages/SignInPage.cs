using Microsoft.AspNetCore.Http;
using SelfDev.Core.Reports;

namespace SelfDev.Web.Pages;

internal static class SignInPage
{
    public static IResult Render(HttpRequest request, int status, string? error) => Page.Render(request, status, "SelfDev: sign in", Html.Of($"""
        <p class="eyebrow">SelfDev</p>
        <h1>Sign in</h1>
        {(error is null ? Html.Empty : Html.Of($"<p class=\"banner bad\" role=\"alert\">{Page.Safe(error)}</p>"))}
        <form class="card" method="post" action="/signin">
        <label for="key">API key</label>
        <input id="key" name="key" type="password" autocomplete="current-password" required>
        <div class="buttons"><button type="submit">Sign in</button></div>
        <p class="facts">The key lies in the host's data folder, <code>keys/api.key</code>. Approval links work without it.</p>
        </form>
        """));
}
