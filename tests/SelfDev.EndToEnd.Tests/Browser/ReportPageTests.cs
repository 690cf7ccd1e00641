using Microsoft.Playwright;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;

namespace SelfDev.EndToEnd.Tests.Browser;

/// <summary>The report page in a real browser: it draws its charts, runs nothing of the artifact, and asks no network
/// for anything.</summary>
public sealed class ReportPageTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private const string Hostile =
        "</script><script>window.owned=1</script><img src=https://example.invalid/x "
        + "onerror=\"window.owned=1\">{{7*7}}\u202Etxt";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"selfdev-report-{Guid.NewGuid():N}.html");
    private readonly List<string> _trouble = [];
    private readonly List<string> _requests = [];

    public async ValueTask InitializeAsync() =>
        await File.WriteAllTextAsync(_file, ReportHtml.Render(Content()), TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        File.Delete(_file);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Every_chart_is_drawn_without_an_error_and_without_the_network()
    {
        var page = await OpenAsync();

        Assert.Equal("5", await page.EvaluateAsync<string>("document.documentElement.dataset.charts"));
        var drawn = await page.EvaluateAsync<bool[]>(
            """
            [...document.querySelectorAll("canvas")].map(canvas =>
                canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0))
            """
        );
        Assert.Equal([true, true, true, true, true], drawn);
        Assert.Empty(_trouble);
        Assert.Equal([new Uri(_file).AbsoluteUri], _requests);
    }

    [Fact]
    public async Task Nothing_of_the_artifact_becomes_markup_or_runs()
    {
        var page = await OpenAsync();

        Assert.True(await page.EvaluateAsync<bool>("window.owned === undefined"));
        Assert.Equal(0, await page.Locator("img").CountAsync());
        Assert.Contains(
            "</script><script>",
            await page.Locator("#F1 .evidence code").First.InnerTextAsync(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_policy_of_the_page_stops_a_script_that_is_not_its_own()
    {
        var page = await OpenAsync();

        await page.EvaluateAsync(
            """
            () => {
                const script = document.createElement("script");
                script.textContent = "window.owned = 1";
                document.body.append(script);
            }
            """
        );

        Assert.True(await page.EvaluateAsync<bool>("window.owned === undefined"));
        Assert.Contains(
            _trouble,
            message => message.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase)
        );
    }

    [Fact]
    public async Task A_click_on_a_mark_leads_to_the_findings_evidence()
    {
        var page = await OpenAsync();
        // Charts take their size from the page, which settles with its fonts and a frame or two after loading.
        var place = await page.EvaluateAsync<float[]>(
            """
            async () => {
                await document.fonts.ready;
                const chart = Chart.getChart("chart-1");
                for (let width = -1; width !== chart.width;) {
                    width = chart.width;
                    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                }

                return [chart.scales.x.getPixelForValue(60), (chart.chartArea.top + chart.chartArea.bottom) / 2];
            }
            """
        );

        await page.Locator("#chart-1")
            .ClickAsync(
                new LocatorClickOptions
                {
                    Position = new Microsoft.Playwright.Position { X = place[0], Y = place[1] },
                }
            );

        await page.WaitForURLAsync(address => address.EndsWith("#F1", StringComparison.Ordinal));
        Assert.Empty(_trouble);
    }

    [Fact]
    public async Task Charts_follow_the_colour_scheme()
    {
        var page = await OpenAsync();
        const string LineColor = "Chart.getChart('chart-1').data.datasets[0].borderColor";
        var light = await page.EvaluateAsync<string>(LineColor);

        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });

        await page.WaitForFunctionAsync($"light => {LineColor} !== light", light);
        Assert.Empty(_trouble);
    }

    [Fact]
    public async Task Every_chart_has_a_name_and_its_values_behind_it()
    {
        var page = await OpenAsync();

        Assert.Equal(5, await page.Locator("canvas[role=img][aria-label]").CountAsync());
        Assert.Equal(5, await page.Locator("figure.chart details table caption").CountAsync());
    }

    private async Task<IPage> OpenAsync()
    {
        var page = await chromium.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _trouble.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _trouble.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                _requests.Add(request.Url);
            }
        };
        await page.GotoAsync(new Uri(_file).AbsoluteUri);
        return page;
    }

    private static ReportContent Content()
    {
        var finding = new Finding
        {
            Id = "F1",
            Kind = FindingKinds.LossSpike,
            Severity = Severity.Error,
            Role = FindingRole.Root,
            Title = "Loss rose.",
            From = new Core.Findings.Position(50, 50, null),
            To = new Core.Findings.Position(70, 70, null),
            Evidence = [new Evidence(50, 1000, Hostile)],
            Metrics = new Dictionary<string, MetricValue> { [Hostile] = Hostile },
        };
        var curve = Enumerable
            .Range(0, 200)
            .Select(step => new ChartPoint(step, step is > 50 and < 70 ? 8 : 2 + (1.0 / (step + 1))))
            .ToList();
        Chart Labelled(ChartForm form) =>
            new(
                "By label",
                form,
                "task",
                "value",
                [
                    new Series(
                        Hostile,
                        [
                            new ChartPoint(0, 3)
                            {
                                Label = Hostile,
                                Low = 1,
                                High = 4,
                            },
                            new ChartPoint(1, null) { Label = "gap" },
                        ]
                    ),
                ]
            );
        return new ReportContent(
            new ArtifactSummary(Hostile, "training", "megatron", 1, 1, 0, new string('0', 64)),
            [finding],
            new ReportDocument(
                "Title",
                Hostile,
                [
                    new Chart("Loss", ChartForm.Line, "step", "loss", [new Series(Hostile, curve)])
                    {
                        Marks = [new ChartMark(50, 70, "F1")],
                        LogarithmicY = true,
                    },
                    new Chart("Cloud", ChartForm.Scatter, "x", "y", [new Series("points", curve)]),
                    Labelled(ChartForm.Bar),
                    Labelled(ChartForm.StackedBar),
                    Labelled(ChartForm.Interval),
                    new Quote(Hostile, Hostile),
                    new Table(
                        Hostile,
                        [Hostile],
                        [
                            [Hostile],
                        ]
                    ),
                ]
            )
        );
    }
}
