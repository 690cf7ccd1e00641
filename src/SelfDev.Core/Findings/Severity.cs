namespace SelfDev.Core.Findings;

/// <summary>How much a finding matters, in rising order; <c>--fail-on</c> compares with it.</summary>
public enum Severity
{
    /// <summary>Worth knowing, nothing to do.</summary>
    Info,

    /// <summary>Something to look at in working hours.</summary>
    Warning,

    /// <summary>Work is being lost or a result cannot be trusted.</summary>
    Error,

    /// <summary>Wakes somebody up: the run, the service or the data is going down.</summary>
    Critical,
}

/// <summary>Where a finding stands in the chain of causes.</summary>
public enum FindingRole
{
    /// <summary>Nothing else in the artifacts explains it.</summary>
    Root,

    /// <summary>Follows from a root and carries the damage on, e.g. the NCCL time-out after a lost GPU.</summary>
    Cascade,

    /// <summary>What the damage looks like from outside, e.g. a killed process.</summary>
    Symptom,
}
