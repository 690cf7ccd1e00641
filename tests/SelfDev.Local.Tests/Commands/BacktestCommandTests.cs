using System.Globalization;
using System.Text;
using System.Text.Json;
using SelfDev.Local.Terminal;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Commands;

public sealed class BacktestCommandTests : IDisposable
{
    private static readonly string[] Policies =
    [
        "selfdev",
        "hpa",
        "keda",
        "azure-autoscale",
        "kpa",
        "apa",
        "dynamo",
        "sageserve",
        "llm-d-wva",
        "static-peak",
        "static-mean",
        "oracle",
    ];

    private const string Fleet = """
        name: test
        serviceLevel:
          timeToFirstTokenSeconds: 2
          interTokenSeconds: 0.1
        floor: 1
        ceiling: 12
        replica:
          stepSeconds: 0.02
          sequenceSeconds: 1e-4
          prefillTokenSeconds: 2e-4
          gpus: 2
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Json_has_each_policy_with_exactly_the_promised_names()
    {
        var run = await BacktestAsync("--format", "json");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal("selfdev.report/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal("traffic", json.RootElement.GetProperty("artifact").GetProperty("kind").GetString());
        var policies = json.RootElement.GetProperty("summary").GetProperty("policies").EnumerateArray().ToList();
        Assert.Equal(Policies, policies.Select(policy => policy.GetProperty("name").GetString()));
        Assert.All(
            policies,
            policy =>
                Assert.Equal(
                    [
                        "name",
                        "sloAttainment",
                        "ttftP50",
                        "ttftP99",
                        "gpuHours",
                        "overOracle",
                        "scaleActions",
                        "worstQueueSeconds",
                    ],
                    policy.EnumerateObject().Select(property => property.Name)
                )
        );
        Assert.Equal(1, policies[^1].GetProperty("overOracle").GetDouble());
        Assert.True(policies[0].GetProperty("sloAttainment").GetDouble() > 0.9);
    }

    [Fact]
    public async Task The_terminal_gets_a_table_and_who_knows_the_future_is_said()
    {
        var run = await BacktestAsync();

        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.All(Policies, policy => Assert.Contains(policy, run.Output, StringComparison.Ordinal));
        Assert.Contains("know the trace beforehand", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_draws_the_curves()
    {
        var page = Path.Combine(_folder.Root, "backtest.html");
        var run = await BacktestAsync("--format", "html", "--out", page);

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Output));
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Replicas", html, StringComparison.Ordinal);
        Assert.Contains("static-peak", html, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "http://",
            html.Replace("http://www.w3.org/", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Several_traces_are_mixed_and_a_speed_compresses_them()
    {
        var trace = _folder.Write("a.csv", Trace(100));
        var fleet = _folder.Write("fleet.yaml", Fleet);
        var run = await CommandRun.OfAsync(
            "backtest",
            trace,
            trace,
            "--fleet",
            fleet,
            "--speed",
            "2",
            "--format",
            "json"
        );

        using var json = JsonDocument.Parse(run.Output);
        var summary = json.RootElement.GetProperty("summary");
        Assert.Equal(200, summary.GetProperty("requests").GetInt32());
        Assert.Equal(99 * 0.5 / 2, summary.GetProperty("seconds").GetDouble(), 2);
    }

    [Fact]
    public async Task The_sample_fleet_and_trace_are_usable()
    {
        var root = SharedData.RepositoryRoot();
        var run = await CommandRun.OfAsync(
            "backtest",
            _folder.Write("a.csv", Trace(100)),
            "--fleet",
            Path.Combine(root, "samples", "fleet.yaml"),
            "--format",
            "json"
        );

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.True(new FileInfo(Path.Combine(root, "samples", "traffic", "code", "trace.csv")).Length > 100_000);
    }

    [Theory]
    [InlineData("There is no file or folder", "{folder}/none.csv", "--fleet", "{fleet}")]
    [InlineData("cannot be read", "{trace}", "--fleet", "{folder}/none.yaml")]
    [InlineData("'--fleet' is required", "{trace}")]
    [InlineData("is no traffic trace", "{fleet}", "--fleet", "{fleet}")]
    [InlineData("--speed must be from 0.01 to 100", "{trace}", "--fleet", "{fleet}", "--speed", "0")]
    [InlineData("samples of metrics, not requests", "{samples}", "--fleet", "{fleet}")]
    [InlineData("There is no option '--verbos'", "{trace}", "--fleet", "{fleet}", "--verbos")]
    [InlineData("is one of the inputs", "{trace}", "--fleet", "{fleet}", "--out", "{trace}")]
    [InlineData("is a folder", "{folder}", "--fleet", "{fleet}")]
    public async Task Wrong_input_is_refused_in_one_line(string words, params string[] args)
    {
        var values = new Dictionary<string, string>
        {
            ["{trace}"] = _folder.Write("trace.csv", Trace(50)),
            ["{fleet}"] = _folder.Write("fleet.yaml", Fleet),
            ["{samples}"] = _folder.Write("samples.jsonl", "{\"time\": 1, \"seconds\": 15, \"requests\": 3}\n"),
            ["{folder}"] = _folder.Root,
        };
        string Fill(string text) =>
            values.Aggregate(text, (filled, value) => filled.Replace(value.Key, value.Value, StringComparison.Ordinal));

        (await CommandRun.OfAsync(["backtest", .. args.Select(Fill)])).IsRefusedWith(words);
    }

    [Theory]
    [InlineData("flor: 2", "line 10")]
    [InlineData("floor: 20", "floor must be from 0 to ceiling")]
    [InlineData("coldStartSeconds: soon", "line 10")]
    [InlineData("intervalSeconds: 0", "intervalSeconds must be from 1 to 3600")]
    [InlineData("name: &a [*a]", "line 10")]
    public async Task A_wrong_fleet_file_is_refused_with_its_line_or_key(string line, string words)
    {
        var fleet = _folder.Write(
            "fleet.yaml",
            Fleet
                .Replace("floor: 1\n", "", StringComparison.Ordinal)
                .Replace("name: test\n", "", StringComparison.Ordinal)
                + "\n"
                + line
                + "\n"
        );

        (await CommandRun.OfAsync("backtest", _folder.Write("trace.csv", Trace(50)), "--fleet", fleet)).IsRefusedWith(
            words
        );
    }

    private Task<CommandRun> BacktestAsync(params string[] args) =>
        CommandRun.OfAsync([
            "backtest",
            _folder.Write("trace.csv", Trace(150)),
            "--fleet",
            _folder.Write("fleet.yaml", Fleet),
            .. args,
        ]);

    private static string Trace(int requests)
    {
        var text = new StringBuilder("TIMESTAMP,ContextTokens,GeneratedTokens\n");
        for (var i = 0; i < requests; i++)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{new DateTime(2024, 5, 1).AddSeconds(i * 0.5):yyyy-MM-dd HH:mm:ss.fffffff},{500 + (i * 37 % 900)},{40 + (i * 13 % 60)}"
            );
        }

        return text.ToString();
    }
}
