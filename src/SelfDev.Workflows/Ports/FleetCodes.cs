namespace SelfDev.Workflows.Ports;

/// <summary>Codes in which fleet calls and operations fail, where they are not ARM's own word for word.</summary>
public static class FleetCodes
{
    /// <summary>More vCPUs than the subscription may use; no retry helps before somebody raises the limit.</summary>
    public const string QuotaExceeded = "QuotaExceeded";

    /// <summary>Too many calls; come back after the time that is named.</summary>
    public const string TooManyRequests = "TooManyRequests";

    /// <summary>No answer: it is unknown whether the call was carried out.</summary>
    public const string ConnectionLost = "ConnectionLost";

    /// <summary>No identity, or ARM does not take its token.</summary>
    public const string AuthenticationFailed = "AuthenticationFailed";

    /// <summary>Somebody else answers in ARM's place.</summary>
    public const string CertificateRefused = "CertificateRefused";

    /// <summary>An operation address that is not ARM's: never polled.</summary>
    public const string OperationUriRefused = "OperationUriRefused";

    /// <summary>Not the id of a scale set or instance.</summary>
    public const string ResourceIdRefused = "ResourceIdRefused";

    /// <summary>An instance that was to go is protected from scale-in by now.</summary>
    public const string InstanceProtected = "InstanceProtected";

    /// <summary>ARM gave no ETag, so that no conditional write is possible.</summary>
    public const string ETagMissing = "ETagMissing";

    /// <summary>ARM no longer knows the operation: look at the resource itself.</summary>
    public const string OperationNotFound = "OperationNotFound";

    /// <summary>The write had been made before (its answer was lost, or somebody was faster); nothing was done a second
    /// time.</summary>
    public const string AlreadyDone = "AlreadyDone";

    /// <summary>Whether the data centre, not the subscription, was short: another zone, size or region may have
    /// room.</summary>
    public static bool IsAllocation(string? code) =>
        code
            is "AllocationFailed"
                or "ZonalAllocationFailed"
                or "OverconstrainedAllocationRequest"
                or "OverconstrainedZonalAllocationRequest"
                or "SkuNotAvailable";
}
