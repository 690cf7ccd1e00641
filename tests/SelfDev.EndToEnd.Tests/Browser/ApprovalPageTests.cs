using Microsoft.Playwright;
using SelfDev.Core.Approvals;
using SelfDev.EndToEnd.Tests.Pipeline;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>What a person does at night: opens the link, reads, decides.</summary>
public sealed class ApprovalPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task The_link_shows_the_exact_change_and_a_click_carries_it_out()
    {
        var page = await chromium.NewPageAsync();
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");

        await page.GotoAsync(link.AbsoluteUri);
        var shown = await page.Locator("body").InnerTextAsync();
        Assert.Contains("capacity", shown, StringComparison.Ordinal);
        Assert.Contains("Xid 79", shown, StringComparison.Ordinal);
        Assert.Contains("1 instance more at 98.32 USD an hour", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(pipeline.Simulator.Requests, request => request.Method == "PATCH");
        if (Environment.GetEnvironmentVariable("SELFDEV_SCREENSHOTS") is { } folder)
        {
            await page.ScreenshotAsync(
                new PageScreenshotOptions { Path = Path.Combine(folder, "approval.png"), FullPage = true }
            );
        }

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Approve" }).ClickAsync();
        var output = await pipeline.FinishAsync(instance);

        Assert.Single(output.Actions, action => action.Outcome == EffectOutcome.Applied);
        await page.GotoAsync(link.AbsoluteUri);
        Assert.Equal(
            0,
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Approve" }).CountAsync()
        );
    }
}
