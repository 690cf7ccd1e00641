using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Ledger;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>Metrics of a fleet over HTTP: the planner sizes it, the workflow scales the simulated scale set, or
/// asks.</summary>
public class FleetScalingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Inside_the_envelope_a_surge_is_answered_at_once_and_recorded()
    {
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Scaled("""{ "minCapacity": 1, "maxCapacity": 12, "expiresAt": "2100-01-01T00:00:00Z" }""")
        );

        await PostSurgeAsync(pipeline);
        var size = await GrowAsync(pipeline, from: 4);

        Assert.InRange(size, 5, 12);
        var types = await LedgerOfFleetAsync(pipeline, untilType: LedgerEntryTypes.Effect);
        Assert.Equal(
            [LedgerEntryTypes.Proposal, LedgerEntryTypes.Decision, LedgerEntryTypes.Effect],
            types.Select(entry => (string)entry["type"]!).Take(3)
        );
        Assert.Equal("within-policy", (string?)types[1]["body"]!["kind"]);
        Assert.Equal("applied", (string?)types[2]["body"]!["outcome"]);
        Assert.True((await pipeline.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task Without_an_envelope_people_are_asked_with_the_last_hours_replayed()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.Scaled(envelope: null));

        await PostSurgeAsync(pipeline);
        var link = await pipeline.NextLinkAsync("scale-fleet");
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        var page = await client.GetStringAsync(link, Cancellation);
        Assert.Contains("Replayed over the last", page, StringComparison.Ordinal);
        Assert.Contains("4 instances hold the service level for", page, StringComparison.Ordinal);
        Assert.Equal(4, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);

        await pipeline.DecideAsync(link, "approve");
        Assert.InRange(await GrowAsync(pipeline, from: 4), 5, 16);
    }

    [Fact]
    public async Task The_kill_switch_holds_a_fleet_whatever_its_envelope_allows()
    {
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Scaled("""{ "minCapacity": 1, "maxCapacity": 12, "expiresAt": "2100-01-01T00:00:00Z" }""")
        );
        await pipeline.EngageKillSwitchAsync();

        await PostSurgeAsync(pipeline);
        var state = await pipeline.ReachAsync("fleet-trainvm", instance => instance.CustomStatus is not null);

        Assert.Equal("The kill switch is on.", Payload.Deserialize<FleetStatus>(state.CustomStatus)!.Reason);
        Assert.Equal(4, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
    }

    [Fact]
    public async Task An_instance_drains_before_it_goes_and_is_protected_while_it_is_busy()
    {
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.Scaled("""{ "minCapacity": 1, "maxCapacity": 12, "expiresAt": "2100-01-01T00:00:00Z" }""")
        );
        var names = (await pipeline.Fleet.ListInstancesAsync(pipeline.FleetId, Cancellation))
            .Select(instance => instance.ComputerName)
            .ToList();
        var start = DateTimeOffset.UtcNow;
        var load = names.ToDictionary(name => name, _ => 2);

        await PostAsync(
            pipeline,
            [.. Enumerable.Range(0, 160).Select(index => Quiet(start.AddSeconds(-15 * (159 - index)), load))]
        );
        var draining = await DrainingAsync(pipeline);
        Assert.NotEmpty(draining);
        Assert.True(draining.Count < names.Count);
        while (
            !(await pipeline.Fleet.ListInstancesAsync(pipeline.FleetId, Cancellation))
                .Where(instance => draining.Contains(instance.ComputerName))
                .All(instance => instance.IsProtected)
        ) { }

        // The router heeds what it is told.
        draining.ForEach(name => load[name] = 0);
        await PostAsync(pipeline, [Quiet(start.AddSeconds(20), load), Quiet(start.AddSeconds(40), load)]);
        IReadOnlyList<FleetInstance> left;
        do
        {
            left = await pipeline.Fleet.ListInstancesAsync(pipeline.FleetId, Cancellation);
        } while (left.Count > names.Count - draining.Count);

        Assert.Equal(names.Except(draining).Order(), left.Select(instance => instance.ComputerName).Order());
        Assert.All(left, instance => Assert.False(instance.IsProtected));
    }

    // Forty requests a second of which each takes a fifth of a second of a replica, for half an hour.
    private static async Task PostSurgeAsync(RunningPipeline pipeline)
    {
        var now = DateTimeOffset.UtcNow;
        var samples = Enumerable
            .Range(0, 120)
            .Select(index => new
            {
                time = now.AddSeconds(-15 * (119 - index)),
                seconds = 15,
                requests = 600,
                prefillTokens = 600_000,
                completions = 600,
                outputTokens = 60_000,
                queue = index == 119 ? 40 : 0,
                queueAgeSeconds = index == 119 ? 5 : 0,
            });
        await PostAsync(pipeline, [.. samples]);
    }

    // So little that one instance would do.
    private static object Quiet(DateTimeOffset time, IReadOnlyDictionary<string, int> load) =>
        new
        {
            time,
            seconds = 15,
            requests = 6,
            prefillTokens = 6_000,
            completions = 6,
            outputTokens = 600,
            queue = 0,
            runningByInstance = load,
        };

    private static async Task<List<string>> DrainingAsync(RunningPipeline pipeline)
    {
        using var client = Client(pipeline);
        while (true)
        {
            using var response = await client.GetAsync("api/fleets/trainvm", Cancellation);
            if (
                response.IsSuccessStatusCode
                && (await response.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["draining"]!.AsArray()
                    is { Count: > 0 } draining
            )
            {
                return [.. draining.Select(name => (string)name!)];
            }
        }
    }

    private static async Task PostAsync(RunningPipeline pipeline, IReadOnlyList<object> samples)
    {
        using var client = Client(pipeline);
        using var response = await client.PostAsJsonAsync("api/fleets/trainvm/samples", samples, Cancellation);
        Assert.True(
            response.StatusCode == HttpStatusCode.Accepted,
            await response.Content.ReadAsStringAsync(Cancellation)
        );
    }

    private static HttpClient Client(RunningPipeline pipeline)
    {
        var address = new DataDirectory(pipeline.Folder).ReadHost()!;
        var client = new HttpClient { BaseAddress = new Uri(address.Url) };
        client.DefaultRequestHeaders.Add(HostClient.KeyHeader, address.Key);
        return client;
    }

    private static async Task<int> GrowAsync(RunningPipeline pipeline, int from)
    {
        while (true)
        {
            var state = await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation);
            if (state.RunningInstances > from && state.RunningInstances == state.Capacity)
            {
                return state.Capacity;
            }
        }
    }

    private static async Task<List<JsonNode>> LedgerOfFleetAsync(RunningPipeline pipeline, string untilType)
    {
        while (true)
        {
            var entries = new List<JsonNode>();
            await foreach (
                var line in pipeline.Host.Services.GetRequiredService<ILedgerStore>().ReadAsync(0, Cancellation)
            )
            {
                entries.Add(JsonNode.Parse(line.Span)!);
            }

            if (entries.Any(entry => (string?)entry["type"] == untilType))
            {
                return entries;
            }
        }
    }
}
