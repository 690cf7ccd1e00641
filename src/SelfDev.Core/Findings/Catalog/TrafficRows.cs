namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// What demand does to a fleet, and what size it needs.
/// </summary>
internal static class TrafficRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.Surge,
            Title = "Surge",
            Means =
                "Demand left its level within minutes: a launch, a batch job, clients that retry together, or another "
                + "service that fails over. What rises faster than a replica starts cannot be caught by scaling "
                + "alone.",
            CheckFirst = "which clients or keys the new requests are from, and whether they are retries.",
            DefaultSeverity = Severity.Warning,
            SeverityNote = "info where it rises no faster than a replica starts",
        },
        new()
        {
            Kind = FindingKinds.QueueGrowth,
            Title = "Growing queue",
            Means =
                "More work arrives than the replicas finish: too few of them, longer prompts or answers than before, "
                + "or replicas that became slow.",
            CheckFirst = "whether arrivals rose or completions fell, and how many replicas really serve.",
            DefaultSeverity = Severity.Error,
        },
        new()
        {
            Kind = FindingKinds.MetricsGap,
            Title = "Gap in the metrics",
            Means =
                "The source of metrics was silent: a restarted exporter, a scrape that timed out, or a network fault. "
                + "Load may well have gone on.",
            CheckFirst = "the exporter's own log and the scraper's targets for that time.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.FailedRequests,
            Title = "Failed requests",
            Means =
                "Requests ended without an answer: time-outs in a queue, refused tokens, or replicas that were lost.",
            CheckFirst = "the status codes and whether the failures fall together with a queue or a lost replica.",
            DefaultSeverity = Severity.Warning,
            SeverityNote = "error from 10 % of the requests on",
        },
        new()
        {
            Kind = FindingKinds.SloAtRisk,
            Title = "Service level at risk",
            Means =
                "The demand that is to be expected when a replica that is asked for now would serve is more than the "
                + "present ones hold the service level under.",
            CheckFirst = "whether the forecast agrees with what is known about the coming hours.",
            DefaultSeverity = Severity.Warning,
            Proposals = [ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.Underprovisioned,
            Title = "Too few replicas",
            Means = "The replicas that serve do not hold the service level under the demand that is there.",
            CheckFirst = "quota and allocation errors of the scale set, and its limits.",
            DefaultSeverity = Severity.Error,
            Proposals = [ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.SloInfeasible,
            Title = "Service level out of reach",
            Means =
                "Even an idle replica takes longer for these requests than the service level allows, so that no number "
                + "of replicas holds it.",
            CheckFirst =
                "prompt lengths against the limit for the first token, and chunk size against the limit between "
                + "tokens.",
            DefaultSeverity = Severity.Error,
        },
        new()
        {
            Kind = FindingKinds.FleetSize,
            Title = "Size of a fleet",
            Means =
                "The fleet needs another number of instances than it has, and that number, or the change to it, lies "
                + "outside what the policy lets SelfDev do without asking.",
            CheckFirst = "the forecast and the replay in the report, then the envelope of the fleet in the policy.",
            DefaultSeverity = null,
            SeverityNote = "error where the fleet lacks instances, info where it has more than it needs",
            Proposals = [ScaleFleet.KindName],
        },
    ];
}
