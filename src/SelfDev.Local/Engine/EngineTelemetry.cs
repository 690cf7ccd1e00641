using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SelfDev.Local.Engine;

/// <summary>Traces and metrics named <c>SelfDev.Engine</c>.</summary>
internal static class EngineTelemetry
{
    public const string Name = "SelfDev.Engine";

    public static readonly ActivitySource Source = new(Name);

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Turns = Meter.CreateCounter<long>(
        "selfdev.engine.turns",
        "{turn}",
        "Inbound events given to workflow code"
    );

    private static readonly Counter<long> Replays = Meter.CreateCounter<long>(
        "selfdev.engine.replays",
        "{replay}",
        "Instances brought back to memory from their history"
    );

    private static readonly Histogram<int> CommitSize = Meter.CreateHistogram<int>(
        "selfdev.engine.commit.instances",
        "{instance}",
        "Instances that one commit serves"
    );

    private static readonly Histogram<double> CommitTime = Meter.CreateHistogram<double>(
        "selfdev.engine.commit.duration",
        "s",
        "Time of one commit, fsync included"
    );

    private static readonly Histogram<double> ActivityTime = Meter.CreateHistogram<double>(
        "selfdev.engine.activity.duration",
        "s",
        "Run time of one activity"
    );

    private static readonly Counter<long> Finished = Meter.CreateCounter<long>(
        "selfdev.engine.finished",
        "{instance}",
        "Instances that ended, by status"
    );

    public static void Turned(int count) => Turns.Add(count);

    public static void Replayed() => Replays.Add(1);

    public static void Committed(int instances, TimeSpan took)
    {
        CommitSize.Record(instances);
        CommitTime.Record(took.TotalSeconds);
    }

    public static void ActivityRan(string name, TimeSpan took, bool failed) =>
        ActivityTime.Record(
            took.TotalSeconds,
            new KeyValuePair<string, object?>("activity", name),
            new KeyValuePair<string, object?>("failed", failed)
        );

    public static void Ended(string workflow, string status) =>
        Finished.Add(
            1,
            new KeyValuePair<string, object?>("workflow", workflow),
            new KeyValuePair<string, object?>("status", status)
        );

    /// <summary>Watches the depth of a running engine's queues until disposed.</summary>
    public static IDisposable Watch(Func<int> queuedMessages, Func<int> queuedActivities)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge(
            "selfdev.engine.queue.messages",
            queuedMessages,
            "{message}",
            "Messages that wait for the engine's thread"
        );
        meter.CreateObservableGauge(
            "selfdev.engine.queue.activities",
            queuedActivities,
            "{call}",
            "Activities that wait for a free place"
        );
        return meter;
    }
}
