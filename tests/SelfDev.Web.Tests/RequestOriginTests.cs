using System.Net;
using System.Net.Http.Headers;
using System.Text;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>Whose page may change something here, for every kind of authority. What browsers do send is tested with one
/// in SelfDev.EndToEnd.Tests.</summary>
public class RequestOriginTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Marks of a browser (Origin, Sec-Fetch-Site; empty: not sent) and whether they name this host's own
    /// page.</summary>
    public static TheoryData<string, string, string> Marks
    {
        get
        {
            var marks = new (string Origin, string Site, bool IsOwn)[]
            {
                ("http://localhost", "", true),
                ("http://localhost:80", "", true),
                ("HTTP://LOCALHOST", "same-origin", true),
                ("", "same-origin", true),
                ("https://evil.example", "", false),
                ("http://localhost:81", "same-site", false),
                ("http://localhost:81", "", false),
                ("http://localhost.evil.example", "", false),
                ("http://evil.example?http://localhost", "", false),
                ("http://127.0.0.1", "", false),
                ("file://localhost", "", false),
                ("localhost", "", false),
                ("null", "", false),
                ("null", "cross-site", false),
                // From a page under no-referrer: its site is ours, yet whose it is nobody says.
                ("null", "same-origin", false),
                ("http://localhost", "cross-site", false),
                ("http://localhost", "same-site", false),
                ("https://evil.example", "same-origin", false),
                ("", "cross-site", false),
                ("", "same-site", false),
                ("", "none", false),
                ("", "same-origin, cross-site", false),
            };
            var data = new TheoryData<string, string, string>();
            foreach (var authority in new[] { "key", "session", "platform", "bearer", "link", "sign-in" })
            {
                foreach (var (origin, site, isOwn) in marks)
                {
                    data.Add(authority, $"{origin}|{site}", isOwn || authority == "key" ? "answered" : "refused");
                }

                data.Add(authority, "|", authority is "key" or "bearer" or "link" ? "answered" : "refused");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Marks))]
    public async Task What_changes_something_proves_whose_page_it_comes_from(
        string authority,
        string marks,
        string expected
    )
    {
        await using var host = await StartAsync(_ => Options(authority is "platform" or "bearer"));
        using var message = await MessageAsync(host, authority);
        Mark(message, marks);
        var before = host.Snapshot();

        using var response = await host.Client().SendAsync(message, Cancel);

        var answer = response.StatusCode switch
        {
            HttpStatusCode.OK or HttpStatusCode.SeeOther => "answered",
            HttpStatusCode.Forbidden => "refused",
            var other => $"{other}",
        };
        Assert.Equal(expected, answer);
        Assert.Equal(expected == "answered" && authority != "sign-in", host.Snapshot().Except(before).Any());
        Assert.Equal(expected == "answered" && authority == "sign-in", response.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.OK)]
    [InlineData("application/json; charset=utf-8", HttpStatusCode.OK)]
    [InlineData("text/plain", HttpStatusCode.Forbidden)]
    [InlineData("TEXT/plain; charset=utf-8", HttpStatusCode.Forbidden)]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.Forbidden)]
    [InlineData("multipart/form-data; boundary=x", HttpStatusCode.Forbidden)]
    public async Task A_bearer_call_without_marks_has_a_body_that_no_form_can_send(string type, HttpStatusCode expected)
    {
        await using var host = await StartAsync(_ => Options(isPlatform: true));
        using var message = Platform(withBearer: true, type);
        using var response = await host.Client().SendAsync(message, Cancel);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(expected == HttpStatusCode.OK, host.Snapshot().Count > 0);
    }

    [Fact]
    public async Task A_bearer_token_that_nobody_checked_does_not_prove_a_session()
    {
        await using var host = await StartAsync(_ => Options(isPlatform: false));
        using var message = Platform(withBearer: true, "application/json");
        message.Headers.Add("Cookie", await host.SignInAsync(AnasKey));
        using var response = await host.Client().SendAsync(message, Cancel);
        Assert.Equal((HttpStatusCode.Forbidden, 0), (response.StatusCode, host.Store.Snapshot().Count));
    }

    [Fact]
    public async Task A_password_that_a_browser_keeps_is_no_bearer_token()
    {
        await using var host = await StartAsync(_ => Options(isPlatform: true));
        using var message = Platform(withBearer: false, "application/json");
        message.Headers.Authorization = new AuthenticationHeaderValue("Basic", "YW5hOmFuYQ==");
        using var response = await host.Client().SendAsync(message, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("session")]
    [InlineData("platform")]
    public async Task Looking_asks_for_no_proof(string authority)
    {
        await using var host = await StartAsync(_ => Options(authority == "platform"));
        foreach (var marks in new[] { "|", "https://evil.example|cross-site", "null|" })
        {
            using var message = await MessageAsync(host, authority);
            (message.Method, message.Content) = (HttpMethod.Get, null);
            Mark(message, marks);
            using var response = await host.Client().SendAsync(message, Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Theory]
    // A proxy that ends TLS, with and without the host that it was asked for; and a page over plain HTTP, where anybody
    // may be in between.
    [InlineData("selfdev.example", "https://selfdev.example", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:7071", "https://selfdev.example", HttpStatusCode.OK)]
    [InlineData("selfdev.example", "http://selfdev.example", HttpStatusCode.Forbidden)]
    [InlineData("selfdev.example", "http://selfdev.example:443", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1:7071", "https://selfdev.example:444", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1:7071", "http://127.0.0.1:7071", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:7071", "http://127.0.0.1:7072", HttpStatusCode.Forbidden)]
    public async Task Behind_a_proxy_the_public_address_is_the_own_one(
        string asked,
        string origin,
        HttpStatusCode expected
    )
    {
        await using var host = await StartAsync(_ => Options(isPlatform: false, new Uri("https://selfdev.example/")));
        using var message = await MessageAsync(host, "session");
        message.Headers.Host = asked;
        Mark(message, $"{origin}|");
        using var response = await host.Client().SendAsync(message, Cancel);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Over_TLS_a_page_over_plain_HTTP_is_a_strangers()
    {
        await using var host = await StartAsync(_ => Options(isPlatform: false));
        foreach (var (scheme, expected) in new[] { ("https", HttpStatusCode.OK), ("http", HttpStatusCode.Forbidden) })
        {
            using var message = await MessageAsync(host, "session");
            message.RequestUri = new Uri("https://localhost/api/killswitch");
            Mark(message, $"{scheme}://localhost|");
            using var response = await host.Client().SendAsync(message, Cancel);
            Assert.Equal(expected, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_refusal_says_what_to_do()
    {
        await using var host = await StartAsync(_ => Options(isPlatform: false));
        foreach (
            var (marks, words) in new[]
            {
                ("|cross-site", "a page of another site"),
                ("null|", "a page of another origin"),
                ("|", "x-selfdev-key"),
            }
        )
        {
            using var message = await MessageAsync(host, "session");
            Mark(message, marks);
            using var response = await host.Client().SendAsync(message, Cancel);
            Assert.Contains(words, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    private static WebOptions Options(bool isPlatform, Uri? publicUrl = null) =>
        new()
        {
            Principals = [new ApiPrincipal(Ana, AnasKey)],
            TrustEasyAuthHeaders = isPlatform,
            PublicUrl = publicUrl,
        };

    private static async Task<HttpRequestMessage> MessageAsync(WebHost host, string authority)
    {
        switch (authority)
        {
            case "key":
                var keyed = Post("/api/killswitch", "engaged=true");
                keyed.Headers.Add("x-selfdev-key", AnasKey);
                return keyed;
            case "session":
                var session = Post("/api/killswitch", "engaged=true");
                session.Headers.Add("Cookie", await host.SignInAsync(AnasKey));
                return session;
            case "platform":
                return Platform(withBearer: false, "application/json");
            case "bearer":
                return Platform(withBearer: true, "application/json");
            case "link":
                return Post(host.Link(await host.AskAsync(), Ana), "decision=approve");
            default:
                return Post("/signin", $"key={AnasKey}");
        }
    }

    private static HttpRequestMessage Post(string path, string form) =>
        new(HttpMethod.Post, path)
        {
            Content = new StringContent(form, Encoding.ASCII, "application/x-www-form-urlencoded"),
        };

    // As App Service hands a request on: the token that it took, and who that is.
    private static HttpRequestMessage Platform(bool withBearer, string type)
    {
        var content = new StringContent( /*lang=json*/
            "{\"engaged\":true}"
        );
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var message = new HttpRequestMessage(HttpMethod.Post, "/api/killswitch") { Content = content };
        message.Headers.Add("X-MS-CLIENT-PRINCIPAL-NAME", Bo);
        if (withBearer)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue(
                "Bearer",
                "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJhcGk6Ly94In0.c2ln"
            );
        }

        return message;
    }

    private static void Mark(HttpRequestMessage message, string marks)
    {
        var parts = marks.Split('|');
        foreach (var (name, value) in new[] { ("Origin", parts[0]), ("Sec-Fetch-Site", parts[1]) })
        {
            if (value.Length > 0)
            {
                Assert.True(message.Headers.TryAddWithoutValidation(name, value));
            }
        }
    }
}
