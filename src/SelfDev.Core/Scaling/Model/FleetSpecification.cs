namespace SelfDev.Core.Scaling.Model;

/// <summary>A fleet as a backtest or a planner needs to know it: what a fleet file holds.</summary>
public sealed record FleetSpecification
{
    /// <summary>Spin-up that SageServe measured, 155 s.</summary>
    public const double DefaultColdStartSeconds = 155;

    public required string Name { get; init; }

    public required ReplicaModel Replica { get; init; }

    public ServiceLevel ServiceLevel { get; init; } = new();

    /// <value>Seconds from asking for a replica until it serves, 0 to 7200. Default <see
    /// cref="DefaultColdStartSeconds"/>.</value>
    public double ColdStartSeconds { get; init; } = DefaultColdStartSeconds;

    /// <value>Seconds between two decisions, 1 to 3600. Default 15, the control loop of the Kubernetes
    /// autoscaler.</value>
    public double IntervalSeconds { get; init; } = 15;

    /// <value>Replicas that are always kept, 0 to <see cref="Ceiling"/>.</value>
    public int Floor { get; init; } = 1;

    /// <value>Replicas at most, 1 to 10000.</value>
    public int Ceiling { get; init; } = 100;

    /// <value>Replicas that serve when the trace begins; null: as many as <c>static-peak</c> has, the fleet of a team
    /// that has not scaled yet.</value>
    public int? InitialReplicas { get; init; }

    /// <summary>Everything that is out of its range, in words; empty where all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Check(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }

        Check(Replica.StepSeconds >= 0 && double.IsFinite(Replica.StepSeconds), "stepSeconds must be 0 or more.");
        Check(
            Replica.SequenceSeconds >= 0 && double.IsFinite(Replica.SequenceSeconds),
            "sequenceSeconds must be 0 or more."
        );
        Check(
            Replica.ContextTokenSeconds >= 0 && double.IsFinite(Replica.ContextTokenSeconds),
            "contextTokenSeconds must be 0 or more."
        );
        Check(
            Replica.PrefillTokenSeconds >= 0 && double.IsFinite(Replica.PrefillTokenSeconds),
            "prefillTokenSeconds must be 0 or more."
        );
        Check(
            Replica.StepSeconds + Replica.SequenceSeconds + Replica.ContextTokenSeconds > 0,
            "stepSeconds, sequenceSeconds and contextTokenSeconds cannot all be 0: decoding would take no time."
        );
        Check(Replica.BatchLimit is >= 1 and <= 4096, "batchLimit must be from 1 to 4096.");
        Check(Replica.CacheTokens >= 1, "cacheTokens must be at least 1.");
        Check(Replica.PrefillChunkTokens >= 1, "prefillChunkTokens must be at least 1.");
        Check(Replica.Gpus is >= 1 and <= 1024, "gpus must be from 1 to 1024.");
        Check(
            ServiceLevel.TimeToFirstTokenSeconds is >= 0.01 and <= 600,
            "timeToFirstTokenSeconds must be from 0.01 to 600."
        );
        Check(ServiceLevel.InterTokenSeconds is >= 0.001 and <= 60, "interTokenSeconds must be from 0.001 to 60.");
        Check(ServiceLevel.QueueSeconds >= 0.01, "queueSeconds must be at least 0.01.");
        Check(Name.Length is >= 1 and <= 128, "name must have 1 to 128 characters.");
        Check(ServiceLevel.Attainment is >= 0.5 and <= 0.9999, "attainment must be from 0.5 to 0.9999.");
        Check(ColdStartSeconds is >= 0 and <= 7200, "coldStartSeconds must be from 0 to 7200.");
        Check(IntervalSeconds is >= 1 and <= 3600, "intervalSeconds must be from 1 to 3600.");
        Check(Ceiling is >= 1 and <= 10_000, "ceiling must be from 1 to 10000.");
        Check(Floor >= 0 && Floor <= Ceiling, "floor must be from 0 to ceiling.");
        Check(
            InitialReplicas is null || (InitialReplicas >= Floor && InitialReplicas <= Ceiling),
            "initialReplicas must be from floor to ceiling."
        );
        return problems;
    }
}
