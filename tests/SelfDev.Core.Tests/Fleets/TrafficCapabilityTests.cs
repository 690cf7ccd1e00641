using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic;
using SelfDev.Core.Traffic.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Fleets;

public sealed class TrafficCapabilityTests
{
    [Fact]
    public void A_surge_is_found_with_the_lines_where_it_begins_and_peaks()
    {
        // Two a second for ten minutes, then ten a second for two.
        var analysis = FleetRoom.Analyze(Trace((600, 2), (120, 10), (300, 2)));
        var surge = analysis.Single(FindingKinds.Surge);

        Assert.Equal(Severity.Warning, surge.Severity);
        Assert.InRange(surge.From.Line, 1202 - 60, 1202 + 60);
        Assert.InRange(surge.Metrics["requestsPerSecond"].Number, 9, 10.5);
        Assert.Equal(2, surge.Metrics["levelRequestsPerSecond"].Number, 0.3);
        Assert.StartsWith("2023-11-16", surge.Evidence[0].Text, StringComparison.Ordinal);
        Assert.Equal("F1", surge.Id);
    }

    [Fact]
    public void Steady_traffic_has_no_findings()
    {
        var analysis = FleetRoom.Analyze(Trace((1200, 3)));

        Assert.Empty(analysis.Findings);
        Assert.Equal(3600, analysis.Summary().Requests);
        Assert.Equal(3, analysis.Summary().PeakRequestsPerSecond, 0.1);
    }

    [Fact]
    public void The_code_trace_has_surges_that_no_replica_starts_fast_enough_for()
    {
        var analysis = new TrafficCapability().Analyze(
            new AnalysisRequest(
                LocalArtifact
                    .Open(SharedData.Require("azure-llm-inference/code-first-half.csv"), ReadLimits.Default)
                    .Files
            ),
            TestContext.Current.CancellationToken
        );

        Assert.True(
            analysis.Findings.Count(finding => finding is { Kind: FindingKinds.Surge, Severity: Severity.Warning }) >= 2
        );
        Assert.Equal(TrafficClass.OnOff, analysis.Summary().TrafficClass);
    }

    [Fact]
    public void Silent_metrics_and_a_growing_queue_are_findings()
    {
        var text = new StringBuilder();
        for (var i = 1; i <= 60; i++)
        {
            var time = 1_700_000_000 + (i * 15) + (i > 30 ? 600 : 0);
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{{\"time\": {time}, \"seconds\": 15, \"requests\": 30, \"queue\": {(i > 50 ? (i - 50) * 8 : 0)}}}"
            );
        }

        var analysis = FleetRoom.Analyze(text.ToString());

        Assert.Equal(615, analysis.Single(FindingKinds.MetricsGap).Metrics["seconds"].Number);
        Assert.Equal(
            (30, 31),
            (analysis.Single(FindingKinds.MetricsGap).From.Line, analysis.Single(FindingKinds.MetricsGap).To.Line)
        );
        Assert.Equal(80, analysis.Single(FindingKinds.QueueGrowth).Metrics["queue"].Number);
    }

    [Fact]
    public void Failed_requests_are_a_finding()
    {
        var text =
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
            + string.Concat(
                Enumerable
                    .Range(0, 100)
                    .Select(i =>
                        string.Create(CultureInfo.InvariantCulture, $"{i},m,10,{(i % 4 == 3 ? 0 : 5)},15,log\n")
                    )
            );
        var failed = FleetRoom.Analyze(text).Single(FindingKinds.FailedRequests);

        Assert.Equal((Severity.Error, 25.0), (failed.Severity, failed.Metrics["failures"].Number));
        Assert.Equal(5, failed.From.Line);
    }

    [Fact]
    public void A_known_fleet_that_is_too_small_gets_a_proposal_with_an_absolute_number()
    {
        var finding = FleetRoom
            .Analyze(Trace((1200, 12)), ("fleet", FleetSpecificationFormat.Write(FleetRoom.Fleet)), ("replicas", "1"))
            .Findings.First(finding => finding.Kind is FindingKinds.SloAtRisk or FindingKinds.Underprovisioned);
        var action = Assert.IsType<ScaleFleet>(Assert.Single(finding.Proposals).Action);

        Assert.Equal("chat", action.Fleet);
        Assert.InRange(action.Capacity!.Value, 2, 10);
        Assert.Null(action.RestoreNodes);
    }

    [Fact]
    public void A_service_level_that_no_fleet_holds_is_said_plainly()
    {
        var fleet = FleetRoom.Fleet with { ServiceLevel = new ServiceLevel { TimeToFirstTokenSeconds = 0.02 } };

        Assert.Contains(
            "No number of replicas",
            FleetRoom
                .Analyze(Trace((1200, 3)), ("fleet", FleetSpecificationFormat.Write(fleet)), ("replicas", "2"))
                .Single(FindingKinds.SloInfeasible)
                .Title,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void One_interval_is_too_little_to_call_it_well() =>
        FleetRoom.Analyze(Trace((10, 1))).Single(FindingKinds.InsufficientData);

    [Theory]
    [InlineData("speed", "1", "Known: interval-seconds")]
    [InlineData("interval-seconds", "0", "from 1 to 3600")]
    [InlineData("replicas", "NaN", "from 0 to 10000")]
    [InlineData("fleet", "{}", "replica")]
    public void Wrong_options_are_refused_with_what_is_right(string name, string value, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<ArtifactUnreadableException>(() => FleetRoom.Analyze(Trace((60, 1)), (name, value))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_file_without_a_usable_line_is_refused_with_the_reason() =>
        Assert.Contains(
            "no time",
            Assert
                .Throws<ArtifactUnreadableException>(() =>
                    FleetRoom.Analyze("TIMESTAMP,ContextTokens,GeneratedTokens\nx,1,1\ny,2,2\n")
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_trace_over_years_keeps_its_timeline_small()
    {
        var text = new StringBuilder("Timestamp,Model,Request tokens,Response tokens\n");
        for (var i = 0; i < 50_000; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{i * 3600L},m,10,5");
        }

        var reading = FleetRoom.Read(text.ToString());

        Assert.True(reading.Timeline.Intervals().Count <= 3 * DemandTimeline.MaxIntervals);
        Assert.Equal(50_000, reading.Timeline.Intervals().Sum(interval => interval.Sample.Requests));
    }

    /// <summary>Requests at equal distances.</summary>
    private static string Trace(params (int Seconds, int PerSecond)[] parts)
    {
        var text = new StringBuilder("TIMESTAMP,ContextTokens,GeneratedTokens\n");
        var time = new DateTime(2023, 11, 16, 18, 0, 0, DateTimeKind.Utc);
        foreach (var (seconds, perSecond) in parts)
        {
            for (var i = 0; i < seconds * perSecond; i++)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd HH:mm:ss.fffffff},1000,200");
                time = time.AddSeconds(1.0 / perSecond);
            }
        }

        return text.ToString();
    }
}
