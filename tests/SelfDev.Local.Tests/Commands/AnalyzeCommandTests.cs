using System.IO.Compression;
using System.Text.Json;
using SelfDev.Core.Serving;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

public sealed class AnalyzeCommandTests : IDisposable
{
    private const string Log = "steplog\n1 2.5\n2 99\n3 NaN\nnot a row\n4 2.4\n";
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Json_is_the_envelope_of_the_design_name_by_name()
    {
        var run = await CommandRun.OfAsync("analyze", _folder.Write("run.log", Log), "--format", "json");

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        var root = json.RootElement;
        Assert.Equal(["schema", "artifact", "findings", "summary"], Names(root));
        Assert.Equal("selfdev.report/1", root.GetProperty("schema").GetString());
        Assert.Equal(
            ["name", "kind", "format", "bytes", "lines", "rejected", "sha256"],
            Names(root.GetProperty("artifact"))
        );
        var finding = root.GetProperty("findings")[0];
        Assert.Equal(
            ["id", "kind", "severity", "role", "title", "from", "to", "evidence", "metrics", "proposals"],
            Names(finding)
        );
        Assert.Equal(["line", "step", "time"], Names(finding.GetProperty("from")));
        Assert.Equal(["line", "step", "time"], Names(finding.GetProperty("to")));
        Assert.Equal(["line", "offset", "text"], Names(finding.GetProperty("evidence")[0]));
        Assert.Equal(["action", "parameters", "why"], Names(finding.GetProperty("proposals")[0]));
        Assert.Equal(
            ("loss-spike", "warning", "root"),
            (Text(finding, "kind"), Text(finding, "severity"), Text(finding, "role"))
        );
        Assert.Equal(
            (3, 2, JsonValueKind.Null),
            (
                finding.GetProperty("from").GetProperty("line").GetInt32(),
                finding.GetProperty("from").GetProperty("step").GetInt32(),
                finding.GetProperty("from").GetProperty("time").ValueKind
            )
        );
    }

    [Fact]
    public async Task Json_stays_valid_where_a_number_is_none()
    {
        var run = await CommandRun.OfAsync(
            "analyze",
            _folder.Write("run.log", "steplog\n1 NaN\n2 Infinity\n3 -Infinity\n4 NaN\n"),
            "--format",
            "json"
        );

        using var json = JsonDocument.Parse(run.Output);
        var losses = json
            .RootElement.GetProperty("findings")
            .EnumerateArray()
            .Select(finding => Text(finding.GetProperty("metrics"), "loss"));
        Assert.Equal(["NaN", "Infinity", "NaN"], losses);
        Assert.Equal("NaN", Text(json.RootElement.GetProperty("summary"), "last"));
    }

    [Theory]
    [InlineData("info", 1)]
    [InlineData("warning", 1)]
    [InlineData("error", 1)]
    [InlineData("critical", 0)]
    public async Task Fail_on_turns_findings_into_exit_code_1(string severity, int expected)
    {
        var run = await CommandRun.OfAsync("analyze", _folder.Write("run.log", Log), "--fail-on", severity);

        Assert.Equal(expected, run.ExitCode);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Hash_only_shows_no_text_of_a_request_log()
    {
        var log = System.Text.Encoding.UTF8.GetBytes(
            string.Concat(
                Enumerable
                    .Range(1, 4)
                    .Select(turn =>
                        $$$"""{"model":"llama-3","session_id":"s","messages":[{"role":"system","content":"Zanzibar at 10:4{{{turn}}}. Answer briefly."},{"role":"user","content":"Where?"}],"usage":{"prompt_tokens":900}}"""
                        + "\n"
                    )
            )
        );

        var shown = await CommandRun.InRoomsAsync([new ServingCapability()], log, "analyze", "-", "--format", "json");
        var hidden = await CommandRun.InRoomsAsync(
            [new ServingCapability()],
            log,
            "analyze",
            "-",
            "--format",
            "json",
            "--hash-only"
        );

        Assert.Equal((ExitCodes.Done, ExitCodes.Done), (shown.ExitCode, hidden.ExitCode));
        Assert.Contains("volatile-clock", hidden.Output, StringComparison.Ordinal);
        Assert.Contains("Zanzibar", shown.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Zanzibar", hidden.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_fail_on_findings_are_no_failure() =>
        Assert.Equal(ExitCodes.Done, (await CommandRun.OfAsync("analyze", _folder.Write("run.log", Log))).ExitCode);

    [Fact]
    public async Task Text_shows_verdict_findings_curve_and_evidence()
    {
        var run = await CommandRun.OfAsync("analyze", _folder.Write("run.log", Log));

        Assert.Contains("2 steps are out of bounds.", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 error, 1 warning", run.Output, StringComparison.Ordinal);
        Assert.Contains("█", run.Output, StringComparison.Ordinal);
        Assert.Contains("   3: 2 99", run.Output, StringComparison.Ordinal);
        Assert.Contains("-> roll-back-and-skip checkpointStep=1 skipBatches=1", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Text_shows_control_characters_and_brackets_of_a_log_instead_of_obeying_them()
    {
        var run = await CommandRun.OfAsync(
            "analyze",
            _folder.Write("run.log", "steplog\n2 99 \u001b]0;owned\u0007 [red]x[/] \u202Etxt [unclosed\n")
        );

        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Contains(
            @"1: 2 99 \u001B]0;owned\u0007 [red]x[/] \u202Etxt [unclosed".Replace("1:", "2:", StringComparison.Ordinal),
            run.Output,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Gzip_is_read_as_it_is()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(Log));
        }

        var run = await CommandRun.OfAsync(
            "analyze",
            _folder.Write("run.log.gz", packed.ToArray()),
            "--format",
            "json"
        );

        Assert.Contains("\"lines\": 6", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_an_artifact_too()
    {
        var run = await CommandRun.WithInputAsync(
            System.Text.Encoding.UTF8.GetBytes(Log),
            "analyze",
            "-",
            "--format",
            "json"
        );

        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Contains("\"name\": \"standard input\"", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_files_are_one_analysis_and_evidence_names_its_file()
    {
        var (a, b) = (_folder.Write("a.log", Log), _folder.Write("b.log", Log));

        var run = await CommandRun.OfAsync("analyze", a, b, "--format", "json");

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(2, json.RootElement.GetProperty("summary").GetProperty("files").GetInt32());
        Assert.Equal(b, Text(json.RootElement.GetProperty("findings")[2].GetProperty("evidence")[0], "file"));
    }

    [Fact]
    public async Task A_folder_is_read_and_what_the_room_does_not_read_is_named()
    {
        _folder.Write("run/a.log", Log);
        _folder.Write("run/sub/b.log", Log);
        _folder.Write("run/README", "nothing to see");
        _folder.Write("run/eval.log", "evallog\n");

        var run = await CommandRun.OfAsync(
            "analyze",
            Path.Combine(_folder.Root, "run"),
            "--kind",
            "training",
            "--format",
            "json"
        );

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(2, json.RootElement.GetProperty("summary").GetProperty("files").GetInt32());
        Assert.Contains("left out 'README'", run.Error, StringComparison.Ordinal);
        Assert.Contains("left out 'eval.log'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_and_baseline_reach_the_room()
    {
        var log = _folder.Write("a.log", Log);

        var run = await CommandRun.OfAsync("analyze", log, "--baseline", log, "--set", "limit=100", "--format", "json");

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(1, json.RootElement.GetProperty("summary").GetProperty("baseline").GetInt32());
        Assert.Equal(1, json.RootElement.GetProperty("findings").GetArrayLength());
    }

    [Theory]
    [InlineData("html", "<!DOCTYPE html>")]
    [InlineData("markdown", "# Step log")]
    [InlineData("json", "{")]
    [InlineData("text", "Step log")]
    public async Task Out_writes_the_report_to_a_file_and_nothing_to_standard_output(string format, string start)
    {
        var target = Path.Combine(_folder.Root, "report." + format);

        var run = await CommandRun.OfAsync(
            "analyze",
            _folder.Write("run.log", Log),
            "--format",
            format,
            "--out",
            target
        );

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Output));
        Assert.Contains($"1 error, 1 warning; the report is in {target}", run.Error, StringComparison.Ordinal);
        Assert.StartsWith(
            start,
            await File.ReadAllTextAsync(target, TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    private static IEnumerable<string> Names(JsonElement element) =>
        element.EnumerateObject().Select(property => property.Name);

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
