using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Workflows.Approval;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>Pages of another origin, opened in the browser of somebody who is signed in, that try to do what our own
/// pages do.</summary>
public sealed class ForeignPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="attacker">127.0.0.1 is the host's own site (the browser sends the strict cookie along), localhost
    /// is another.</param>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Nothing_of_ours_can_be_done_from_there(string attacker)
    {
        await using var browser = await chromium.NewContextAsync();
        await using var site = await AttackersSite.StartAsync();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");
        var (home, services) = (pipeline.Host.Address.Url, pipeline.Host.Services);
        var page = await browser.NewPageAsync();
        await page.GotoAsync(pipeline.Host.SignInAddress().AbsoluteUri);
        await page.GetByText("signed in as operator@localhost").WaitForAsync();
        var session = Assert.Single(await browser.CookiesAsync()).Value;

        // Whose token it is matters not: even an approver's own link is not decided from a page of somebody else.
        var stop = Form($"{home}api/killswitch", "engaged=true");
        var approve = Form(link.AbsoluteUri, "decision=approve");
        var signIn = Form($"{home}signin", $"key={pipeline.Host.Address.Approvers![0].Key}");
        var stopAsText = Form($"{home}api/killswitch", "{\"engaged\":true,\"reason\":\"=\"}", "text/plain");
        foreach (var form in new[] { stop, approve, signIn, stopAsText })
        {
            foreach (
                var body in new[]
                {
                    form,
                    Framed(form, ""),
                    Framed(form, "allow-same-origin"),
                    Referring(form, "no-referrer"),
                }
            )
            {
                Refused(await StatusOfPostAsync(browser, $"http://{attacker}:{site.Port}{site.Add(body)}"), form, body);
            }
        }

        foreach (
            var (path, options) in new[]
            {
                (
                    "api/killswitch",
                    "{ method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': "
                        + "'text/plain' }, body: '{\"engaged\":true}' }"
                ),
                (
                    "api/killswitch",
                    "{ method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ engaged: "
                        + "'true' }) }"
                ),
                (
                    "signin",
                    $"{{ method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({{ key: "
                        + $"'{pipeline.Host.Address.Approvers[0].Key}' }}) }}"
                ),
            }
        )
        {
            var body = $"<script>fetch('{home}{path}', {options}).catch(() => {{}});</script>";
            var failure = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
            void OnFailed(object? sender, IRequest request) =>
                failure.TrySetResult(request.Method == "POST" ? request.Failure : "not the POST");
            page.RequestFailed += OnFailed;
            await page.GotoAsync($"http://{attacker}:{site.Port}{site.Add(body)}");
            // The host has answered, and the browser keeps the answer from the page.
            Assert.Contains(
                "ERR_BLOCKED_BY_RESPONSE",
                await failure.Task.WaitAsync(Cancellation),
                StringComparison.Ordinal
            );
            page.RequestFailed -= OnFailed;
        }

        // A link that signs in does so from where it was shown, and from no page of somebody else.
        var oneTime = pipeline.Host.SignInAddress().AbsoluteUri;
        await page.GotoAsync($"http://{attacker}:{site.Port}{site.Add($"<a href=\"{oneTime}\">click</a>")}");
        var opened = await page.RunAndWaitForResponseAsync(
            () => page.GetByText("click").ClickAsync(),
            response => response.Url == oneTime
        );
        Assert.Equal(HttpStatusCode.Forbidden, (HttpStatusCode)opened.Status);

        // From another site, and from a frame that is nobody's, the browser keeps the strict cookie back: then the
        // sender is a stranger.
        void Refused(HttpStatusCode status, string what, string body) =>
            Assert.True(
                status == HttpStatusCode.Forbidden
                    || (
                        status == HttpStatusCode.Unauthorized
                        && what.Contains("killswitch", StringComparison.Ordinal)
                        && (attacker == "localhost" || body.Contains("<iframe", StringComparison.Ordinal))
                    ),
                $"{status} for {body}"
            );

        // What is written may not be read either.
        var reading = site.Add(
            $"<p id=out></p><script>fetch('{home}api/approvals', {{ credentials: 'include' }}).then(answer => "
                + $"answer.text()).catch(() => 'closed').then(text => out.textContent = text);</script>"
        );
        await page.GotoAsync($"http://{attacker}:{site.Port}{reading}");
        await page.WaitForFunctionAsync("out.textContent !== ''");
        Assert.Equal("closed", await page.Locator("#out").InnerTextAsync());

        Assert.False((await services.GetRequiredService<KillSwitch>().ReadAsync(Cancellation)).Engaged);
        Assert.Equal(session, Assert.Single(await browser.CookiesAsync([home])).Value);
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(link, "reject"));
    }

    [Fact]
    public async Task A_strangers_name_that_leads_here_gets_no_page()
    {
        // The attacker's page was there before its name led here, so none of our policies holds it back.
        var page = await chromium.NewPageAsync(new BrowserNewPageOptions { BypassCSP = true });
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var port = new Uri(pipeline.Host.Address.Url).Port;

        var rebound = await page.GotoAsync($"http://{Chromium.ReboundName}:{port}/");

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (HttpStatusCode)rebound!.Status);
        Assert.Equal(0, await page.Locator("form").CountAsync());
        // The page is of that origin, so it may read what it gets: nothing.
        Assert.Equal(421, await page.EvaluateAsync<int>("fetch('/api/approvals').then(answer => answer.status)"));
        Assert.Equal(
            421,
            await page.EvaluateAsync<int>(
                "fetch('/api/killswitch', { method: 'POST', body: new URLSearchParams({ engaged: 'true' }) "
                    + "}).then(answer => answer.status)"
            )
        );
    }

    // The page may be gone, posting its form, before it is all there.
    private static async Task OpenAsync(IPage page, string address)
    {
        try
        {
            await page.GotoAsync(address);
        }
        catch (PlaywrightException gone)
            when (gone.Message.Contains("interrupted by another navigation", StringComparison.Ordinal)) { }
    }

    private static string Form(string action, string body, string type = "application/x-www-form-urlencoded")
    {
        var (name, value) = (
            body[..body.IndexOf('=', StringComparison.Ordinal)],
            body[(body.IndexOf('=', StringComparison.Ordinal) + 1)..]
        );
        return $"<form method=post target=_top action=\"{action}\" enctype=\"{type}\"><input "
            + $"name=\"{WebUtility.HtmlEncode(name)}\" "
            + $"value=\"{WebUtility.HtmlEncode(value)}\"></form><script>document.forms[0].submit();</script>";
    }

    // Without allow-same-origin the frame's origin is nobody's: it sends Origin: null. Our pages refuse frames, so it
    // posts to the whole window.
    private static string Framed(string body, string sandbox) =>
        $"<iframe sandbox=\"allow-forms allow-scripts allow-top-navigation {sandbox}\" "
        + $"srcdoc=\"{WebUtility.HtmlEncode(body)}\"></iframe>";

    private static string Referring(string body, string policy) => $"<meta name=referrer content={policy}>{body}";

    private static async Task<HttpStatusCode> StatusOfPostAsync(IBrowserContext browser, string address)
    {
        var page = await browser.NewPageAsync();
        try
        {
            var answer = await page.RunAndWaitForResponseAsync(
                () => OpenAsync(page, address),
                response => response.Request.Method == "POST"
            );
            return (HttpStatusCode)answer.Status;
        }
        catch (TimeoutException late)
        {
            throw new InvalidOperationException($"Nothing was posted from {await page.ContentAsync()}", late);
        }
        finally
        {
            await page.CloseAsync();
        }
    }
}
