using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

public class SignInTests
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_browser_signs_in_with_a_key_and_its_session_ends()
    {
        await using var host = await StartAsync();
        using var page = await host.Client(accept: "text/html").GetAsync("/", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, page.StatusCode);
        Assert.Contains("API key", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync(host, "wrong", null)).StatusCode);

        using var signedIn = await PostAsync(host, AnasKey, null);
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(AnasKey, cookie, StringComparison.Ordinal);

        var session = cookie.Split(';')[0];
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(host, "/", session)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(host, "/", session[..^2] + "AA")).StatusCode);
        host.Clock.Advance(TimeSpan.FromHours(12));
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(host, "/", session)).StatusCode);
    }

    [Fact]
    public async Task A_key_counts_in_its_header_and_nowhere_else()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.Client(AnasKey).GetAsync("/api/approvals", Cancel)).StatusCode);
        var client = host.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AnasKey);
        using var refused = await client.GetAsync("/api/approvals", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("ApiKey header=\"x-selfdev-key\"", refused.Headers.WwwAuthenticate.Single().ToString());
        Assert.DoesNotContain(
            "bearer",
            await refused.Content.ReadAsStringAsync(Cancel),
            StringComparison.OrdinalIgnoreCase
        );
    }

    [Theory]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    [InlineData(true, HttpStatusCode.OK)]
    public async Task Platform_headers_count_only_where_they_are_trusted(bool trusted, HttpStatusCode expected)
    {
        await using var host = await StartAsync(_ => new WebOptions { TrustEasyAuthHeaders = trusted });
        var client = host.Client();
        client.DefaultRequestHeaders.Add("X-MS-CLIENT-PRINCIPAL-NAME", Bo);
        Assert.Equal(expected, (await client.GetAsync("/api/approvals", Cancel)).StatusCode);

        // App Service leaves the token there that it took the principal from.
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer",
            "eyJ0eXAiOiJKV1QifQ.e30.c2ln"
        );
        Assert.Equal(expected, (await client.GetAsync("/api/approvals", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_wrong_key_falls_back_on_nobody()
    {
        await using var host = await StartAsync(_ => new WebOptions
        {
            Principals = [new ApiPrincipal(Ana, AnasKey)],
            TrustEasyAuthHeaders = true,
        });
        var client = host.Client("wrong");
        client.DefaultRequestHeaders.Add("X-MS-CLIENT-PRINCIPAL-NAME", Bo);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/approvals", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/instances?status=running&limit=5")]
    [InlineData("/api/reports/run7/report.html")]
    [InlineData("/api/approvals/%C3%A4%20%22x")]
    public async Task Signing_in_leads_back_to_the_page_that_was_asked_for(string path)
    {
        await using var host = await StartAsync();
        var returnTo = await ReturnToAsync(host, path);
        Assert.Equal(path, returnTo);

        using var wrong = await PostAsync(host, "wrong", returnTo);
        Assert.Equal(path, ReturnTo(await wrong.Content.ReadAsStringAsync(Cancel)));
        using var signedIn = await PostAsync(host, AnasKey, returnTo);
        Assert.Equal((HttpStatusCode.SeeOther, path), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task The_sign_in_page_has_an_address_and_takes_a_path_of_this_host()
    {
        await using var host = await StartAsync();
        foreach (
            var (asked, expected) in new[]
            {
                ("", "/"),
                ("?returnTo=%2Fapi%2Fapprovals", "/api/approvals"),
                ("?returnTo=%2F%2Fevil.example", "/"),
                ("?returnTo=a&returnTo=b", "/"),
            }
        )
        {
            using var page = await host.Client(accept: Browser).GetAsync("/signin" + asked, Cancel);
            Assert.Equal(
                (HttpStatusCode.OK, expected),
                (page.StatusCode, ReturnTo(await page.Content.ReadAsStringAsync(Cancel)))
            );
        }

        await using var platform = await StartAsync(_ => new WebOptions { TrustEasyAuthHeaders = true });
        using var led = await platform.Client(accept: Browser).GetAsync("/signin?returnTo=%2Fapi%2Fapprovals", Cancel);
        Assert.Equal(
            "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fapprovals",
            led.Headers.Location!.OriginalString
        );
    }

    [Theory]
    [InlineData("http", "selfdev.example", true)]
    [InlineData("https", "localhost", true)]
    [InlineData("http", "localhost", false)]
    public async Task Where_the_browser_sees_TLS_the_cookie_stays_with_it(string scheme, string name, bool expected)
    {
        await using var host = await StartAsync(_ => new WebOptions
        {
            Principals = [new ApiPrincipal(Ana, AnasKey)],
            PublicUrl = new Uri("https://selfdev.example/"),
        });
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{scheme}://{name}/signin")
        {
            Content = new FormUrlEncodedContent([new("key", AnasKey)]),
        };
        message.Headers.Add("Sec-Fetch-Site", "same-origin");
        using var response = await host.Client().SendAsync(message, Cancel);
        Assert.Equal(
            expected,
            response.Headers.GetValues("Set-Cookie").Single().Contains("secure", StringComparison.OrdinalIgnoreCase)
        );
    }

    [Fact]
    public async Task What_only_posts_leads_back_to_the_dashboard()
    {
        await using var host = await StartAsync();
        using var message = new HttpRequestMessage(HttpMethod.Post, "/api/killswitch")
        {
            Content = new StringContent("engaged=true"),
        };
        message.Headers.Add("Origin", "http://localhost");
        using var response = await host.Client(accept: Browser).SendAsync(message, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("/", ReturnTo(await response.Content.ReadAsStringAsync(Cancel)));
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("///evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("\\\\evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    [InlineData("\t//evil.example")]
    [InlineData(" //evil.example")]
    [InlineData("/\r\nSet-Cookie: a=b")]
    [InlineData("/\u0000")]
    [InlineData("/\u007F")]
    [InlineData("/ä")]
    [InlineData("/a b")]
    [InlineData("")]
    public async Task Signing_in_leads_nowhere_else(string returnTo)
    {
        await using var host = await StartAsync();
        using var signedIn = await PostAsync(host, AnasKey, returnTo);
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
        using var wrong = await PostAsync(host, "wrong", returnTo);
        Assert.Equal("/", ReturnTo(await wrong.Content.ReadAsStringAsync(Cancel)));
    }

    [Fact]
    public async Task A_path_is_of_this_host_whatever_letters_it_has()
    {
        // As a browser reads it: against every string of a few letters that matter, the address stays on this host.
        var letters = new[] { '/', '\\', ':', '.', '@', '\t', '\n', ' ', '%', '2', 'f', 'x', '?', '#', 'é' };
        var home = new Uri("http://selfdev.example/");
        foreach (var text in Words(letters, 4))
        {
            var path = ReturnPath.Accept(text);
            Assert.True(Uri.TryCreate(home, path, out var address) && address.Host == home.Host, text);
            Assert.True(path == "/" || path == text);
        }

        await using var host = await StartAsync();
        using var longOne = await PostAsync(host, AnasKey, "/" + new string('x', 3000));
        Assert.Equal("/", longOne.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Where_the_platform_signs_in_a_browser_is_led_there_and_back()
    {
        await using var host = await StartAsync(_ => new WebOptions { TrustEasyAuthHeaders = true });
        using var response = await host.Client(accept: Browser)
            .GetAsync("/api/reports/run7/report.html?a=b&c=d", Cancel);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal(
            "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Freports%2Frun7%2Freport.html%3Fa%3Db%26c%3Dd",
            response.Headers.Location!.OriginalString
        );

        using var program = await host.Client().GetAsync("/api/approvals", Cancel);
        Assert.Equal(
            (HttpStatusCode.Unauthorized, "Bearer"),
            (program.StatusCode, program.Headers.WwwAuthenticate.Single().ToString())
        );

        // A form cannot be sent on: its page says where to sign in.
        using var form = new StringContent("engaged=true");
        using var posted = await host.Client(accept: Browser).PostAsync("/api/killswitch", form, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, posted.StatusCode);
        var page = await posted.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("href=\"/.auth/login/aad?post_login_redirect_uri=%2F\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("API key", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_platform_name_that_no_policy_can_have_is_said_and_does_not_go_round()
    {
        await using var host = await StartAsync(_ => new WebOptions { TrustEasyAuthHeaders = true });
        var client = host.Client(accept: Browser);
        client.DefaultRequestHeaders.Add("X-MS-CLIENT-PRINCIPAL-NAME", "ana_mail.com#EXT#@corp.example");
        using var response = await client.GetAsync("/", Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(
            "ana_mail.com#EXT#@corp.example",
            await response.Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("cross-site", true)]
    [InlineData("same-site", true)]
    [InlineData("same-origin", false)]
    [InlineData("none", false)]
    public async Task Who_arrives_from_elsewhere_may_be_signed_in_and_can_go_on(string site, bool offered)
    {
        await using var host = await StartAsync();
        var client = host.Client(accept: Browser);
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", site);
        using var response = await client.GetAsync("/api/reports/run7/report.html", Cancel);
        var page = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(offered, page.Contains("<a href=\"/api/reports/run7/report.html\">", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sign_in_link_opens_one_session_within_ten_minutes()
    {
        await using var host = await StartAsync(more: services => services.AddSingleton<SignInLinks>());
        var links = host.Service<SignInLinks>();
        var ana = new ApiPrincipal(Ana, AnasKey);
        var first = "/" + links.Issue(ana);
        using var opened = await host.Client(accept: Browser).GetAsync(first, Cancel);
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (opened.StatusCode, opened.Headers.Location!.OriginalString));
        Assert.Equal(
            HttpStatusCode.OK,
            (await GetAsync(host, "/", opened.Headers.GetValues("Set-Cookie").Single().Split(';')[0])).StatusCode
        );

        var (inTime, late) = ("/" + links.Issue(ana), "/" + links.Issue(ana));
        host.Clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.Equal(HttpStatusCode.SeeOther, (await host.Client().GetAsync(inTime, Cancel)).StatusCode);
        host.Clock.Advance(TimeSpan.FromTicks(1));
        foreach (var dead in new[] { first, inTime, late, "/signin/x", first[..^1] })
        {
            using var refused = await host.Client(accept: Browser).GetAsync(dead, Cancel);
            Assert.Equal(
                (HttpStatusCode.Unauthorized, false),
                (refused.StatusCode, refused.Headers.Contains("Set-Cookie"))
            );
        }
    }

    [Fact]
    public async Task A_sign_in_link_is_not_used_up_by_looking_and_not_opened_by_another_site()
    {
        await using var host = await StartAsync(more: services => services.AddSingleton<SignInLinks>());
        var link = "/" + host.Service<SignInLinks>().Issue(new ApiPrincipal(Ana, AnasKey));
        using var head = await host.Client().SendAsync(new HttpRequestMessage(HttpMethod.Head, link), Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
        foreach (var site in new[] { "cross-site", "same-site" })
        {
            var client = host.Client(accept: Browser);
            client.DefaultRequestHeaders.Add("Sec-Fetch-Site", site);
            using var refused = await client.GetAsync(link, Cancel);
            Assert.Equal(
                (HttpStatusCode.Forbidden, false),
                (refused.StatusCode, refused.Headers.Contains("Set-Cookie"))
            );
        }

        var typed = host.Client(accept: Browser);
        typed.DefaultRequestHeaders.Add("Sec-Fetch-Site", "none");
        Assert.Equal(HttpStatusCode.SeeOther, (await typed.GetAsync(link, Cancel)).StatusCode);
    }

    [Fact]
    public async Task Of_many_that_open_a_sign_in_link_at_once_one_gets_in()
    {
        await using var host = await StartAsync(more: services => services.AddSingleton<SignInLinks>());
        var link = "/" + host.Service<SignInLinks>().Issue(new ApiPrincipal(Ana, AnasKey));
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => Task.Run(() => host.Client().GetAsync(link, Cancel)))
        );
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.SeeOther);
    }

    [Fact]
    public async Task A_host_without_sign_in_links_has_none()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync("/signin/x", Cancel)).StatusCode);
    }

    private static async Task<string> ReturnToAsync(WebHost host, string path)
    {
        using var response = await host.Client(accept: Browser).GetAsync(path, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        return ReturnTo(await response.Content.ReadAsStringAsync(Cancel));
    }

    private static string ReturnTo(string page) =>
        WebUtility.HtmlDecode(
            Regex.Match(page, "<input type=\"hidden\" name=\"returnTo\" value=\"([^\"]*)\">").Groups[1].Value
        );

    private static async Task<HttpResponseMessage> PostAsync(WebHost host, string key, string? returnTo)
    {
        var fields = new Dictionary<string, string> { ["key"] = key };
        if (returnTo is not null)
        {
            fields["returnTo"] = returnTo;
        }

        using var message = new HttpRequestMessage(HttpMethod.Post, "/signin")
        {
            Content = new FormUrlEncodedContent(fields),
        };
        message.Headers.Add("Origin", "http://localhost");
        return await host.Client(accept: Browser).SendAsync(message, Cancel);
    }

    private static async Task<HttpResponseMessage> GetAsync(WebHost host, string path, string cookie)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        message.Headers.Add("Cookie", cookie);
        return await host.Client().SendAsync(message, Cancel);
    }

    private static IEnumerable<string> Words(char[] letters, int length) =>
        length == 0
            ? [""]
            : Words(letters, length - 1)
                .SelectMany(word => letters.Select(letter => word + letter).Append(word))
                .Distinct();
}
