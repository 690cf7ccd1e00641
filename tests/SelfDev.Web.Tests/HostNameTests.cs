using System.Net;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>Under which names the host answers: a page whose own name leads here (DNS rebinding) gets
/// nothing.</summary>
public class HostNameTests
{
    private static readonly WebOptions Options = new()
    {
        Principals = [new ApiPrincipal(Ana, AnasKey)],
        PublicUrl = new Uri("https://selfdev.example/"),
        AllowedHosts = ["ops.corp.example", "10.1.2.3", "fd00::7"],
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Routes => [.. WebRoutes.All.Select(route => route.Name)];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Under_a_foreign_name_nothing_answers_but_the_probe(string name)
    {
        await using var host = await StartAsync(_ => Options);
        var request = await host.AskAsync();
        var route = WebRoutes.Named(name);
        var path = route.Pattern.Contains("{token}", StringComparison.Ordinal)
            ? host.Link(request, Ana)
            : "/"
                + route
                    .Pattern.Replace("{**path}", "training/run7/log.txt", StringComparison.Ordinal)
                    .Replace("{id}", request.PlanHash, StringComparison.Ordinal);
        var before = host.Snapshot();
        using var message = new HttpRequestMessage(new HttpMethod(route.Method), path);
        message.Headers.Host = "evil.example";
        using var response = await host.Client(AnasKey).SendAsync(message, Cancel);
        Assert.Equal(name == "Health" ? HttpStatusCode.OK : HttpStatusCode.MisdirectedRequest, response.StatusCode);
        Assert.Equal(before, host.Snapshot());
        Assert.DoesNotContain(
            "corp.example",
            await response.Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost:8080")]
    [InlineData("127.0.0.1:7071")]
    [InlineData("127.0.0.2")]
    [InlineData("[::1]:7071")]
    [InlineData("selfdev.example")]
    [InlineData("SELFDEV.example:443")]
    [InlineData("ops.corp.example:7071")]
    [InlineData("10.1.2.3:7071")]
    [InlineData("[fd00:0::7]:7071")]
    public async Task Its_own_names_answer(string name) => Assert.Equal(HttpStatusCode.OK, await StatusAsync(name));

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("evil.localhost")]
    [InlineData("selfdev.example.evil.example")]
    [InlineData("xselfdev.example")]
    [InlineData("corp.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("10.1.2.4")]
    [InlineData("0.0.0.0")]
    [InlineData("[::]")]
    [InlineData("localhost.")]
    public async Task Others_do_not(string name) =>
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(name));

    [Fact]
    public async Task The_address_at_which_a_connection_came_in_is_its_own()
    {
        await using var host = await StartAsync(onSocket: true);
        using var own = await host.Client(AnasKey).GetAsync("/api/approvals", Cancel);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var message = new HttpRequestMessage(HttpMethod.Get, "/api/approvals");
        message.Headers.Host = "evil.example";
        using var foreign = await host.Client(AnasKey).SendAsync(message, Cancel);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, foreign.StatusCode);
        Assert.Contains(
            "SELFDEV_ALLOWED_HOSTS",
            await foreign.Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.example.com")]
    [InlineData("https://example.com")]
    [InlineData("example.com:80")]
    [InlineData("example.com/x")]
    public async Task An_allowed_host_that_is_none_is_refused_at_the_start(string name) =>
        Assert.Contains(
            name,
            (
                await Assert.ThrowsAsync<ArgumentException>(() =>
                    StartAsync(_ => new WebOptions { AllowedHosts = [name] })
                )
            ).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_setting_lists_hosts_between_commas_or_blanks() =>
        Assert.Equal(["a.example", "b.example", "10.0.0.1"], WebOptions.ParseHosts(" a.example, b.example 10.0.0.1,"));

    private static async Task<HttpStatusCode> StatusAsync(string name)
    {
        await using var host = await StartAsync(_ => Options);
        using var message = new HttpRequestMessage(HttpMethod.Get, "/api/approvals");
        message.Headers.Host = name;
        using var response = await host.Client(AnasKey).SendAsync(message, Cancel);
        return response.StatusCode;
    }
}
