using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

/// <summary>One replica alone, for fitting: latency of whole answers instead of a service level.</summary>
internal static class LatencyReplay
{
    /// <summary>Median seconds to the whole answer, and requests a second from the first arrival to the last
    /// answer.</summary>
    public static (double LatencyP50, double RequestsPerSecond) Run(ReplicaModel model, TrafficTrace trace)
    {
        var requests = trace.Requests;
        var latencies = new List<double>(requests.Length);
        var record = new SimulationRecord(new ServiceLevel(), requests.Length) { Latencies = latencies };
        var replica = new SimulatedReplica(model) { State = ReplicaState.Ready };
        var (arrived, head, now) = (0, 0, 0.0);
        while (latencies.Count < requests.Length)
        {
            if (arrived < requests.Length && requests[arrived].Time <= replica.NextEvent)
            {
                now = requests[arrived].Time;
                if (head == arrived && replica.Takes(requests[arrived].PrefillTokens, requests[arrived].OutputTokens))
                {
                    var idle = replica.IsIdle;
                    replica.Assign(head++, requests[arrived]);
                    if (idle)
                    {
                        replica.StartRun(now, requests, record);
                    }
                    else
                    {
                        replica.Interrupt(now);
                    }
                }

                arrived++;
                continue;
            }

            now = replica.NextEvent;
            replica.FinishRun(now, requests, record);
            while (head < arrived && replica.HasRoom(requests[head].PrefillTokens, requests[head].OutputTokens))
            {
                replica.Assign(head, requests[head]);
                head++;
            }

            replica.StartRun(now, requests, record);
        }

        latencies.Sort();
        return (latencies[latencies.Count / 2], requests.Length / now);
    }
}
