using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Tests.Findings;
using SelfDev.Core.Traffic;
using SelfDev.Core.Traffic.Formats;
using SelfDev.Core.Traffic.Model;
using SelfDev.Core.Traffic.Report;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Fleets;

/// <summary>Fleets, traces and samples that the tests of this room share.</summary>
internal static class FleetRoom
{
    /// <value>Llama 2 7B on one A100, as fitted to AIBrix's measurements.</value>
    public static ReplicaModel Replica { get; } =
        new()
        {
            StepSeconds = 0.012,
            SequenceSeconds = 1.05e-5,
            ContextTokenSeconds = 2.44e-7,
            PrefillTokenSeconds = 6.05e-5,
            BatchLimit = 256,
            CacheTokens = 55_966,
        };

    public static FleetSpecification Fleet { get; } = new() { Name = "test", Replica = Replica };

    /// <value>A replica that works on one request at a time, for 1 ms a prompt token.</value>
    public static ReplicaModel Server { get; } =
        new()
        {
            StepSeconds = 1e-9,
            SequenceSeconds = 0,
            PrefillTokenSeconds = 1e-3,
            BatchLimit = 1,
            PrefillChunkTokens = int.MaxValue,
        };

    public static Analysis Analyze(string text, params (string Name, string Value)[] options) =>
        Analyze(Encoding.UTF8.GetBytes(text), options);

    public static Analysis Analyze(byte[] content, params (string Name, string Value)[] options) =>
        new TrafficCapability()
            .Analyze(
                new AnalysisRequest([
                    ArtifactContent.File(
                        "traffic/chat/trace.csv",
                        () => new MemoryStream(content, writable: false),
                        content.Length,
                        ReadLimits.Default
                    ),
                ])
                {
                    Subject = "chat",
                    Options = options.ToDictionary(option => option.Name, option => option.Value),
                },
                TestContext.Current.CancellationToken
            )
            .KeepingToTheCatalog();

    public static TrafficReading Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    public static TrafficReading Read(byte[] content) =>
        TrafficFormats.Read(
            ArtifactContent.File(
                "trace",
                () => new MemoryStream(content, writable: false),
                content.Length,
                ReadLimits.Default
            ),
            ReadLimits.Default,
            TestContext.Current.CancellationToken
        );

    public static TrafficTrace Load(string sharedFile)
    {
        using var artifact = LocalArtifact.Open(SharedData.Require(sharedFile), ReadLimits.Default);
        return TrafficFormats
            .Read(artifact.Files[0], ReadLimits.Default, TestContext.Current.CancellationToken)
            .ToTrace()!;
    }

    public static TrafficSummary Summary(this Analysis analysis) => (TrafficSummary)analysis.Summary;

    public static Finding Single(this Analysis analysis, string kind) =>
        Assert.Single(analysis.Findings, finding => finding.Kind == kind);

    /// <summary>Arrivals of independent users.</summary>
    /// <param name="prefill">Prompt tokens of a request.</param>
    public static TrafficTrace Poisson(
        int requests,
        double perSecond,
        Func<Random, int> prefill,
        int output = 1,
        int seed = 1
    )
    {
        var random = new Random(seed);
        var time = 0.0;
        var arrivals = new TrafficRequest[requests];
        for (var i = 0; i < requests; i++)
        {
            arrivals[i] = new TrafficRequest(time, prefill(random), output);
            time += Exponential(random, 1 / perSecond);
        }

        return new TrafficTrace("poisson", arrivals);
    }

    public static double Exponential(Random random, double mean) => -Math.Log(1 - random.NextDouble()) * mean;

    /// <summary>Samples of 15 s under a steady rate of equal requests that all end in time.</summary>
    public static List<DemandSample> Steady(
        int count,
        double perSecond,
        int ready,
        double prefill = 1000,
        double output = 200
    ) => [.. Enumerable.Range(1, count).Select(i => Sample(i * 15, perSecond, ready, prefill, output))];

    public static DemandSample Sample(
        double time,
        double perSecond,
        int ready,
        double prefill = 1000,
        double output = 200
    ) =>
        new()
        {
            Time = time,
            Seconds = 15,
            Requests = perSecond * 15,
            PrefillTokens = perSecond * 15 * prefill,
            PrefillTokensSquared = perSecond * 15 * prefill * prefill * 1.5,
            OutputTokens = perSecond * 15 * output,
            Completions = perSecond * 15,
            Misses = 0,
            Queue = 0,
            QueueAgeSeconds = 0,
            Ready = ready,
        };
}
