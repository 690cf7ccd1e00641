using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

public class FleetSamplesTests
{
    private const string Path = "/api/fleets/chat/samples";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_sample_starts_the_fleets_workflow_and_one_with_a_queue_wakes_it()
    {
        await using var host = await StartAsync();
        var client = host.Client(AnasKey);
        foreach (var queue in new[] { 0, 0, 3 })
        {
            using var response = await client.PostAsJsonAsync(Path, Sample(host, queue), Cancel);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            Assert.Equal(
                "fleet-chat",
                (string?)(await response.Content.ReadFromJsonAsync<JsonObject>(Cancel))!["instance"]
            );
            host.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(["fleet-chat"], host.Workflows.Started);
        Assert.Equal(["fleet-chat urgent"], host.Workflows.Raised);
        Assert.Equal(3, (await new FleetSamples(host.Store).ReadAsync("chat", host.Clock.GetUtcNow(), Cancel)).Count);
    }

    [Fact]
    public async Task Sent_again_a_sample_counts_once()
    {
        await using var host = await StartAsync();
        var sample = Sample(host, 0);
        using var one = await host.Client(AnasKey).PostAsJsonAsync(Path, new[] { sample, sample }, Cancel);
        using var again = await host.Client(AnasKey).PostAsJsonAsync(Path, sample, Cancel);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (one.StatusCode, again.StatusCode));
        Assert.Single(await new FleetSamples(host.Store).ReadAsync("chat", host.Clock.GetUtcNow(), Cancel));
    }

    [Fact]
    public async Task Routers_are_told_which_instances_drain()
    {
        await using var host = await StartAsync();
        using var early = await host.Client(AnasKey).GetAsync("/api/fleets/chat", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, early.StatusCode);
        Assert.Contains(
            "its first sample starts that",
            await early.Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal
        );

        var status = new FleetStatus(
            "holding",
            4,
            3,
            "Smaller would do: 1 draining.",
            new PlanScores(2, 0),
            ["chat000003"]
        );
        host.Workflows.Add(
            "fleet-chat",
            "FleetScaling",
            WorkflowStatus.Running,
            host.Clock.GetUtcNow(),
            Payload.Serialize(status)
        );
        var shown = (await host.Client(AnasKey).GetFromJsonAsync<JsonObject>("/api/fleets/chat", Cancel))!;

        Assert.Equal("chat000003", (string?)Assert.Single(shown["draining"]!.AsArray()));
        Assert.Equal((4, 3, "holding"), ((int)shown["capacity"]!, (int)shown["wanted"]!, (string)shown["phase"]!));
        using var stranger = await host.Client(null).GetAsync("/api/fleets/chat", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Theory]
    [InlineData("/api/fleets/none/samples", HttpStatusCode.NotFound, "has no fleet 'none'")]
    [InlineData("/api/fleets/plain/samples", HttpStatusCode.Conflict, "add 'scaling' to the fleet")]
    public async Task A_fleet_that_the_policy_does_not_scale_is_named(string path, HttpStatusCode status, string detail)
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey).PostAsJsonAsync(path, Sample(host, 0), Cancel);

        Assert.Equal(status, response.StatusCode);
        Assert.Contains(detail, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Empty(host.Workflows.Started);
    }

    [Theory]
    [InlineData("queue", "-1", "queue must be from 0")]
    [InlineData("requests", "-5", "requests must be from 0")]
    [InlineData("seconds", "0", "seconds must be from 1 to 3600")]
    [InlineData("time", "\"2031-01-01T00:00:00Z\"", "time must lie within the last day")]
    [InlineData("queu", "1", "queu")]
    [InlineData("requests", "1e99", "Not a sample")]
    [InlineData("queue", "null", "Not a sample")]
    [InlineData("runningByInstance", "{\"gpu-1\": -1}", "runningByInstance must hold")]
    public async Task One_wrong_sample_and_none_is_taken(string field, string value, string detail)
    {
        await using var host = await StartAsync();
        var wrong = Sample(host, 0);
        wrong[field] = JsonNode.Parse(value);
        using var response = await host.Client(AnasKey).PostAsJsonAsync(Path, new[] { Sample(host, 0), wrong }, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(detail, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Empty(await new FleetSamples(host.Store).ReadAsync("chat", host.Clock.GetUtcNow(), Cancel));
        Assert.Empty(host.Workflows.Started);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("{")]
    public async Task What_is_no_sample_is_refused(string body)
    {
        await using var host = await StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Client(AnasKey).PostAsync(Path, content, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Of_a_list_one_sample_with_a_queue_is_enough_to_wake_the_fleet()
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey)
            .PostAsJsonAsync(Path, new[] { Sample(host, 0), Sample(host, 3), Sample(host, 0) }, Cancel);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(3, (int)(await response.Content.ReadFromJsonAsync<JsonObject>(Cancel))!["accepted"]!);
        Assert.Equal(["fleet-chat urgent"], host.Workflows.Raised);
    }

    [Theory]
    [InlineData(1_000, HttpStatusCode.Accepted)]
    [InlineData(1_001, HttpStatusCode.BadRequest)]
    public async Task A_thousand_samples_are_taken_at_once(int count, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey)
            .PostAsJsonAsync(Path, Enumerable.Repeat(Sample(host, 0), count), Cancel);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Of_many_wrong_samples_twenty_problems_are_told_each_with_its_place()
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey)
            .PostAsJsonAsync(Path, Enumerable.Range(0, 30).Select(_ => Sample(host, -1)), Cancel);
        var told = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("[0] queue must be", told, StringComparison.Ordinal);
        Assert.Contains("[19] queue must be", told, StringComparison.Ordinal);
        Assert.DoesNotContain("[20]", told, StringComparison.Ordinal);
        using var one = await host.Client(AnasKey).PostAsJsonAsync(Path, Sample(host, -1), Cancel);
        Assert.DoesNotContain("[0]", await one.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private static JsonObject Sample(WebHost host, int queue) =>
        new()
        {
            ["time"] = host.Clock.GetUtcNow().ToString("O"),
            ["seconds"] = 60,
            ["requests"] = 120,
            ["prefillTokens"] = 120_000,
            ["completions"] = 118,
            ["outputTokens"] = 12_000,
            ["queue"] = queue,
        };
}
