using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Tests.FleetScaling;

public class PlannedFleetSizingTests
{
    private static readonly PlannedFleetSizing Sizing = new();

    // A request takes 1000 x 0.1 ms of prefill and 100 x 1 ms of decoding: at 20 a second, 4 replicas' time beside the
    // steps themselves.
    private const string Replica =
        """{ "replica": { "stepSeconds": 0.02, "sequenceSeconds": 0.001, "prefillTokenSeconds": 0.0001, "batchLimit": 64 } }""";

    [Fact]
    public void More_demand_than_the_fleet_carries_takes_more_replicas_and_the_reason_is_said()
    {
        var size = Sizing.Size(Fleet(Replica), Samples(requests: 20 * 60), new FleetServing(2, 2));

        Assert.Null(size.Problem);
        Assert.InRange(size.Replicas, 5, 12);
        Assert.InRange(size.NeededNow, 5, size.Replicas);
        Assert.NotEmpty(size.Reason);
    }

    [Fact]
    public void The_policys_floor_and_ceiling_hold_whatever_the_specification_says()
    {
        var greedy = Replica.Insert(1, "\"floor\": 0, \"ceiling\": 1000, \"name\": \"other\", ");

        Assert.Equal(14, Sizing.Size(Fleet(greedy), Samples(requests: 500 * 60), new FleetServing(2, 2)).Replicas);
        Assert.Equal(2, Sizing.Size(Fleet(greedy), Samples(requests: 0), new FleetServing(2, 2)).Replicas);
    }

    [Theory]
    [InlineData(null, "says nothing of what a replica of 'chat' can do: add 'specification'")]
    [InlineData("{}", "'specification' of 'chat' cannot be used")]
    [InlineData(
        """{ "replica": { "stepSeconds": -1, "sequenceSeconds": 0.001, "prefillTokenSeconds": 0.0001, "batchLimit": 64 } }""",
        "stepSeconds must be 0 or more"
    )]
    public void A_specification_that_cannot_be_used_is_a_problem_and_no_size(string? specification, string problem) =>
        Assert.Contains(
            problem,
            Sizing.Size(Fleet(specification), Samples(requests: 60), new FleetServing(2, 2)).Problem,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_replay_shows_what_more_replicas_would_have_done()
    {
        var replay = Sizing.Replay(Fleet(Replica), Samples(requests: 20 * 60), 2, 8)!;

        Assert.Equal((2, 8, 20 * 60 * 30), (replay.Present.Replicas, replay.Proposed.Replicas, (int)replay.Requests));
        Assert.True(replay.Present.Attainment < 0.5, $"{replay.Present}");
        Assert.True(replay.Proposed.Attainment > 0.99, $"{replay.Proposed}");
        Assert.InRange(replay.Duration.TotalMinutes, 29, 31);
    }

    [Fact]
    public void Without_requests_there_is_nothing_to_replay() =>
        Assert.Null(Sizing.Replay(Fleet(Replica), Samples(requests: 0), 2, 8));

    private static PolicyFleet Fleet(string? specification) =>
        new("chat", "/x", 2, 8, [])
        {
            Alternatives = [new PolicyScaleSet("/y", 0, 6, 4)],
            Scaling = new FleetScalingRules
            {
                Specification = specification is null ? null : (JsonObject)JsonNode.Parse(specification)!,
            },
        };

    private static List<FleetSample> Samples(long requests) =>
        [
            .. Enumerable
                .Range(1, 30)
                .Select(minute => new FleetSample
                {
                    Time = new DateTimeOffset(2026, 3, 1, 12, minute, 0, TimeSpan.Zero),
                    Seconds = 60,
                    Requests = requests,
                    PrefillTokens = requests * 1000,
                    Completions = requests,
                    OutputTokens = requests * 100,
                    Queue = 0,
                }),
        ];
}
