using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using SelfDev.Core.Approvals;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Workflows.Approval;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>
/// Every form of every page, used as a person does at night on a phone. What a browser sends with a form (Origin,
/// cookies, Referer) is its own affair: a test that sets such headers by hand proves nothing about it.
/// </summary>
public sealed class FormsTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signing_in_stopping_and_releasing()
    {
        var page = await PhoneAsync();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Nothing());
        var (home, killSwitch) = (pipeline.Host.Address.Url, pipeline.Host.Services.GetRequiredService<KillSwitch>());

        await page.GotoAsync(home);
        await LookAsync(page, "sign-in");
        await page.GetByLabel("API key").FillAsync("not the key");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        Assert.Equal("This is not the key.", await page.GetByRole(AriaRole.Alert).InnerTextAsync());
        await LookAsync(page, "sign-in-refused");

        await page.GetByLabel("API key").FillAsync(pipeline.Host.Address.Key);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await page.GetByText("signed in as operator@localhost").WaitForAsync();
        Assert.Equal(home, page.Url);
        await LookAsync(page, "dashboard");

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Stop all actions" }).ClickAsync();
        await page.GetByText("The kill switch is on").WaitForAsync();
        var state = await killSwitch.ReadAsync(Cancellation);
        Assert.Equal((true, "operator@localhost", home), (state.Engaged, state.By, page.Url));
        await LookAsync(page, "dashboard-stopped");

        // The operator may stop and not release: that is for those whom the policy names.
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Release it" }).ClickAsync();
        await page.GetByText("operator@localhost may not release the kill switch").WaitForAsync();
        await LookAsync(page, "release-refused");
        Assert.True((await killSwitch.ReadAsync(Cancellation)).Engaged);

        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(home);
        await page.GetByLabel("API key").FillAsync(pipeline.Host.Address.Approvers![0].Key);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Release it" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Stop all actions" }).WaitForAsync();
        Assert.False((await killSwitch.ReadAsync(Cancellation)).Engaged);

        // A session ends with its cookie; a host that was started shows a link that opens another, once.
        await page.Context.ClearCookiesAsync();
        var link = pipeline.Host.SignInAddress().AbsoluteUri;
        await page.GotoAsync(link);
        await page.GetByText("signed in as operator@localhost").WaitForAsync();
        Assert.Equal(home, page.Url);
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(link);
        Assert.Contains(
            "used already",
            await page.GetByRole(AriaRole.Alert).InnerTextAsync(),
            StringComparison.Ordinal
        );
        await LookAsync(page, "sign-in-link-used");
    }

    [Theory]
    [InlineData("Approve", EffectOutcome.Applied)]
    [InlineData("Reject", EffectOutcome.NotApproved)]
    public async Task Deciding_by_link(string button, EffectOutcome expected)
    {
        var page = await PhoneAsync();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");

        await page.GotoAsync(link.AbsoluteUri);
        await LookAsync(page, "approval");
        await page.GetByLabel("Reason").FillAsync("seen on my phone, \U0001F44D");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = button }).ClickAsync();
        await page.GetByText("seen on my phone, \U0001F44D").WaitForAsync();
        await LookAsync(page, $"approval-{button}");

        Assert.Equal(0, await page.Locator("form").CountAsync());
        Assert.Equal(link.AbsoluteUri, page.Url);
        var output = await pipeline.FinishAsync(instance);
        Assert.Contains(output.Actions, action => action.Outcome == expected);
    }

    [Fact]
    public async Task The_way_to_the_report_leads_through_the_sign_in_and_takes_no_token_along()
    {
        var page = await PhoneAsync();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");
        var home = pipeline.Host.Address.Url;
        var sent = new List<(string Url, Dictionary<string, string> Headers)>();
        page.Context.RequestFinished += async (_, request) =>
        {
            var headers = await request.AllHeadersAsync();
            lock (sent)
            {
                sent.Add((request.Url, headers));
            }
        };

        await page.GotoAsync(link.AbsoluteUri);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "The whole report" }).ClickAsync();
        await page.GetByLabel("API key").FillAsync(pipeline.Host.Address.Approvers![0].Key);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await page.WaitForURLAsync(address => address.EndsWith("/report.html", StringComparison.Ordinal));
        await page.Locator("#F1").WaitForAsync();
        Assert.Equal(home, await page.EvaluateAsync<string>("document.referrer"));

        // Back on the page, and with a decision: whatever a browser tells of where it came from is the origin.
        await page.GotoAsync(link.AbsoluteUri);
        var posted = await page.RunAndWaitForRequestFinishedAsync(
            () => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Reject" }).ClickAsync(),
            new PageRunAndWaitForRequestFinishedOptions { Predicate = request => request.Method == "POST" }
        );
        var headers = await posted.AllHeadersAsync();
        Assert.Equal(home.TrimEnd('/'), headers["origin"]);
        Assert.Equal(home, headers["referer"]);
        lock (sent)
        {
            Assert.Contains(sent, request => request.Url.EndsWith("/report.html", StringComparison.Ordinal));
            Assert.All(
                sent,
                request =>
                    Assert.DoesNotContain(
                        request.Headers,
                        header =>
                            header.Key != ":path" && header.Value.Contains(link.Segments[^1], StringComparison.Ordinal)
                    )
            );
        }
    }

    private async Task<IPage> PhoneAsync()
    {
        var page = await chromium.NewPageAsync();
        await page.SetViewportSizeAsync(390, 844);
        return page;
    }

    // Nothing to be pushed sideways but what scrolls by itself. SELFDEV_SCREENSHOTS names a folder for pictures to look
    // at.
    private static async Task LookAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SELFDEV_SCREENSHOTS") is { } folder)
        {
            await page.ScreenshotAsync(
                new PageScreenshotOptions { Path = Path.Combine(folder, $"phone-{name}.png"), FullPage = true }
            );
        }

        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"),
            $"{name} is wider than the screen."
        );
    }
}
