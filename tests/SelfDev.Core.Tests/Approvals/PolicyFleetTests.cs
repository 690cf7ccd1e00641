using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class PolicyFleetTests
{
    private const string ScaleSets =
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/";

    private const string Sample = $$"""
        {
          "schema": "selfdev.policy/1",
          "rules": [ { "action": "scale-fleet", "approvers": ["ana@example.com"], "quorum": 1, "expiresAfter": "4h" } ],
          "fleets": {
            "chat": {
              "resourceId": "{{ScaleSets}}chat", "minCapacity": 2, "maxCapacity": 8, "instanceHourUsd": 10, "subjects": ["serving/chat"],
              "alternatives": [ { "resourceId": "{{ScaleSets}}chat-spot", "maxCapacity": 6, "instanceHourUsd": 4 } ],
              "scaling": {
                "interval": "30s", "usdPerDay": 900, "drainTimeout": "20m",
                "envelope": { "minCapacity": 2, "maxCapacity": 12, "expiresAt": "2027-01-01T00:00:00Z" },
                "specification": { "replica": { "stepSeconds": 0.02, "sequenceSeconds": 0.001, "prefillTokenSeconds": 0.0001, "batchLimit": 64 } }
              }
            }
          }
        }
        """;

    [Fact]
    public void A_fleet_of_several_scale_sets_and_its_envelope_are_read()
    {
        var fleet = Read(Sample).Policy!.Fleets["chat"];

        Assert.Equal(
            [(ScaleSets + "chat", 2, 8, 10m), (ScaleSets + "chat-spot", 0, 6, 4m)],
            fleet.ScaleSets.Select(set => (set.ResourceId, set.MinCapacity, set.MaxCapacity, set.HourlyPrice!.Value))
        );
        Assert.Equal(
            (14, TimeSpan.FromSeconds(30), 900m),
            (fleet.TotalMaxCapacity, fleet.Scaling!.Interval, fleet.Scaling.UsdPerDay!.Value)
        );
        Assert.Equal(TimeSpan.FromMinutes(20), fleet.Scaling.DrainTimeout);
        Assert.Equal(
            new EmergencyEnvelope(2, 12, new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero)),
            fleet.Scaling.Envelope
        );
        Assert.NotNull(fleet.Scaling.Specification!["replica"]);
    }

    [Theory]
    [InlineData(
        "\"specification\": {",
        "\"specification\": 5, \"x\": {",
        "$.fleets.chat.scaling.specification: expected an object, found number"
    )]
    [InlineData("\"chat\": {", "\"\": {", "$.fleets.: the name of a fleet has")]
    [InlineData(
        "\"chat\": {",
        "\"chat-of-a-name-that-goes-on-and-on-until-it-has-more-than-63-letters\": {",
        "$.fleets.chat-of-a-name-that-goes-on-and-on-until-it-has-more-than-63-letters: the name of a fleet has"
    )]
    [InlineData("virtualMachineScaleSets/chat\"", "disks/chat\"", "$.fleets.chat.resourceId: expected /subscriptions/")]
    [InlineData("\"chat\": {", "\"chat/../x\": {", "$.fleets.chat/../x: the name of a fleet has")]
    [InlineData(
        "chat-spot\", \"maxCapacity\": 6, ",
        "chat-spot\", ",
        "$.fleets.chat.alternatives[0]: 'maxCapacity' is missing"
    )]
    [InlineData("chat-spot\"", "chat-spot\", \"minCapacity\": 1", "$.fleets.chat.alternatives[0].minCapacity: unknown")]
    [InlineData(
        "virtualMachineScaleSets/chat-spot",
        "virtualMachineScaleSets/CHAT",
        "$.fleets.chat.alternatives: the same scale set"
    )]
    [InlineData(
        ", \"instanceHourUsd\": 4",
        "",
        "$.fleets.chat.scaling.usdPerDay: a budget needs 'instanceHourUsd' of every scale set"
    )]
    [InlineData(
        "\"usdPerDay\": 900",
        "\"usdPerDay\": 479",
        "$.fleets.chat.scaling.usdPerDay: it does not even pay for minCapacity"
    )]
    [InlineData("\"interval\": \"30s\"", "\"interval\": \"2s\"", "$.fleets.chat.scaling.interval: at least 5s")]
    [InlineData("\"interval\": \"30s\"", "\"interval\": \"61m\"", "$.fleets.chat.scaling.interval: at least 5s")]
    [InlineData(
        "\"drainTimeout\": \"20m\"",
        "\"drainTimeout\": \"59s\"",
        "$.fleets.chat.scaling.drainTimeout: at least 1m and at most 2h"
    )]
    [InlineData(
        "\"instanceHourUsd\": 10,",
        "\"instanceHourUsd\": -1,",
        "$.fleets.chat.instanceHourUsd: expected a number from 0"
    )]
    [InlineData(
        "\"instanceHourUsd\": 10,",
        "\"instanceHourUsd\": 10000001,",
        "$.fleets.chat.instanceHourUsd: expected a number from 0"
    )]
    [InlineData(
        "\"instanceHourUsd\": 10,",
        "\"instanceHourUsd\": \"10\",",
        "$.fleets.chat.instanceHourUsd: expected a number from 0"
    )]
    [InlineData(
        "\"drainTimeout\": \"20m\"",
        "\"drainTimeout\": \"3h\"",
        "$.fleets.chat.scaling.drainTimeout: at least 1m and at most 2h"
    )]
    [InlineData(
        "\"maxCapacity\": 12",
        "\"maxCapacity\": 15",
        "$.fleets.chat.scaling.envelope.maxCapacity: expected a whole number from 2 to 14"
    )]
    [InlineData(
        "\"minCapacity\": 2, \"maxCapacity\": 12",
        "\"minCapacity\": 1, \"maxCapacity\": 12",
        "$.fleets.chat.scaling.envelope.minCapacity: expected a whole number from 2"
    )]
    [InlineData(
        "\"resourceId\": "
            + "\"/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/chat\", ",
        "",
        "$.fleets.chat: 'resourceId' is missing"
    )]
    [InlineData(
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/chat\"",
        "/x/providers/Microsoft.Compute/virtualMachineScaleSets/chat\"",
        "$.fleets.chat.resourceId: expected /subscriptions/"
    )]
    [InlineData(
        "\"minCapacity\": 2, \"maxCapacity\": 12",
        "\"minCapacity\": 5, \"maxCapacity\": 4",
        "$.fleets.chat.scaling.envelope.maxCapacity: expected a whole number from 5 to 14"
    )]
    [InlineData(
        "\"minCapacity\": 2, \"maxCapacity\": 8",
        "\"minCapacity\": 2, \"maxCapacity\": 1001",
        "$.fleets.chat.maxCapacity: expected a whole number from 0 to 1000"
    )]
    [InlineData(
        "2027-01-01T00:00:00Z",
        "next year",
        "$.fleets.chat.scaling.envelope.expiresAt: 'next year' is no time"
    )]
    public void A_mistake_is_named_with_its_place(string find, string replace, string expected)
    {
        Assert.Contains(find, Sample, StringComparison.Ordinal);
        Assert.Contains(
            Read(Sample.Replace(find, replace, StringComparison.Ordinal)).Errors,
            error => error.StartsWith(expected, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("\"chat\": {", "\"c\": {")]
    [InlineData("\"chat\": {", "\"Chat-1_2.3\": {")]
    [InlineData("\"interval\": \"30s\"", "\"interval\": \"5s\"")]
    [InlineData("\"interval\": \"30s\"", "\"interval\": \"1h\"")]
    [InlineData("\"drainTimeout\": \"20m\"", "\"drainTimeout\": \"1m\"")]
    [InlineData("\"drainTimeout\": \"20m\"", "\"drainTimeout\": \"2h\"")]
    [InlineData("\"instanceHourUsd\": 4", "\"instanceHourUsd\": 0")]
    [InlineData("\"instanceHourUsd\": 10, \"subjects\"", "\"instanceHourUsd\": 18.75, \"subjects\"")]
    [InlineData("\"usdPerDay\": 900", "\"usdPerDay\": 480")]
    [InlineData("\"usdPerDay\": 900", "\"usdPerDay\": 10000000")]
    [InlineData("\"maxCapacity\": 12", "\"maxCapacity\": 14")]
    [InlineData("\"minCapacity\": 2, \"maxCapacity\": 8", "\"minCapacity\": 2, \"maxCapacity\": 2")]
    public void What_is_just_allowed_is_read(string find, string replace)
    {
        Assert.Contains(find, Sample, StringComparison.Ordinal);
        var text = Sample.Replace(find, replace, StringComparison.Ordinal);
        // Two at most leave six instances less for the envelope.
        text = replace.EndsWith("\"maxCapacity\": 2", StringComparison.Ordinal)
            ? text.Replace("\"maxCapacity\": 12", "\"maxCapacity\": 8", StringComparison.Ordinal)
            : text;
        Assert.Empty(Read(text).Errors);
    }

    // What the file leaves out is as documented: a look every 15 s, 10 min to drain, no budget and nothing without
    // being asked.
    [Fact]
    public void A_fleet_that_is_scaled_needs_no_more_than_an_empty_part()
    {
        var from = Sample.IndexOf("\"scaling\"", StringComparison.Ordinal);
        var text =
            Sample[..from]
                .Replace(", \"instanceHourUsd\": 10", "", StringComparison.Ordinal)
                .Replace("\"minCapacity\": 2, ", "", StringComparison.Ordinal) + "\"scaling\": {} } } }";
        var fleet = Read(text).Policy!.Fleets["chat"];
        var rules = fleet.Scaling!;
        Assert.Equal((TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(10)), (rules.Interval, rules.DrainTimeout));
        Assert.Equal(
            (null, null, null, null),
            (rules.UsdPerDay, rules.Envelope, rules.Specification, fleet.HourlyPrice)
        );
        Assert.Equal(0, fleet.MinCapacity);
    }

    // Whatever the time zone of the host is.
    [Theory]
    [InlineData("2027-01-01T02:00:00+02:00")]
    [InlineData("2027-01-01T00:00:00")]
    [InlineData("2027-01-01")]
    public void An_envelope_ends_at_a_time_in_UTC(string text)
    {
        var ends = Read(Sample.Replace("2027-01-01T00:00:00Z", text, StringComparison.Ordinal))
            .Policy!.Fleets["chat"]
            .Scaling!.Envelope!.ExpiresAt;
        Assert.Equal((new DateTime(2027, 1, 1, 0, 0, 0), TimeSpan.Zero), (ends.DateTime, ends.Offset));
    }

    [Fact]
    public void An_envelope_without_bounds_has_those_of_the_fleet()
    {
        var text = Sample.Replace("\"minCapacity\": 2, \"maxCapacity\": 12, ", "", StringComparison.Ordinal);
        Assert.Equal(
            (2, 14),
            (
                Read(text).Policy!.Fleets["chat"].Scaling!.Envelope!.MinCapacity,
                Read(text).Policy!.Fleets["chat"].Scaling!.Envelope!.MaxCapacity
            )
        );
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void A_fleet_has_at_most_sixteen_others_beside_its_first_scale_set(int count, bool expected)
    {
        var others = string.Join(
            ", ",
            Enumerable
                .Range(0, count)
                .Select(number =>
                    $$"""{ "resourceId": "{{ScaleSets}}spot-{{number}}", "maxCapacity": 0, "instanceHourUsd": 4 }"""
                )
        );
        var from = Sample.IndexOf(
            "[ {",
            Sample.IndexOf("\"alternatives\"", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        var to = Sample.IndexOf("} ]", from, StringComparison.Ordinal) + 3;
        var text = (Sample[..from] + $"[ {others} ]" + Sample[to..]).Replace(
            "\"maxCapacity\": 12",
            "\"maxCapacity\": 8",
            StringComparison.Ordinal
        );
        Assert.Equal(expected ? [] : ["$.fleets.chat.alternatives: at most 16."], Read(text).Errors);
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_fleet_has_a_name_of_at_most_63_characters(int length, bool expected) =>
        Assert.Equal(
            expected,
            Read(
                Sample.Replace("\"chat\": {", $"\"{new string('a', length)}\": {{", StringComparison.Ordinal)
            ).Errors.Count == 0
        );

    [Fact]
    public void A_scale_set_is_found_in_its_fleet_in_any_case()
    {
        var fleet = Read(Sample).Policy!.Fleets["chat"];
        Assert.Equal(4m, fleet.FindScaleSet((ScaleSets + "chat-spot").ToUpperInvariant())!.HourlyPrice);
        Assert.Equal(10m, fleet.FindScaleSet(ScaleSets + "chat")!.HourlyPrice);
        Assert.Null(fleet.FindScaleSet(ScaleSets + "chat-spot-2"));
        var twice = fleet with { Alternatives = [new PolicyScaleSet(ScaleSets + "chat", 0, 1, 1m)] };
        Assert.Equal(10m, twice.FindScaleSet(ScaleSets + "chat")!.HourlyPrice);
    }

    [Theory]
    [InlineData("chat", "9", "Capacity 9 is outside the 2 to 8")]
    [InlineData("chat", "1", "Capacity 1 is outside the 2 to 8")]
    [InlineData("CHAT-SPOT", "7", "Capacity 7 is outside the 0 to 6")]
    [InlineData("chat-spot", "0", null)]
    [InlineData("chat-spot-2", "1", "belongs to no fleet")]
    public void Each_scale_set_has_its_own_limits(string set, string to, string? refusal)
    {
        var answer = Read(Sample).Policy!.Require(Plans.Scale("3", to) with { Resource = ScaleSets + set });

        Assert.Equal(refusal is null, answer.Refusal is null);
        Assert.Contains(refusal ?? "", answer.Refusal ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Each_scale_set_has_its_own_price() =>
        Assert.StartsWith(
            "2 instances more at 4.00 USD an hour",
            Read(Sample).Policy!.PriceOf(Plans.Scale("3", "5") with { Resource = ScaleSets + "chat-spot" }),
            StringComparison.Ordinal
        );

    private static PolicyReading Read(string text) => ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(text));
}
