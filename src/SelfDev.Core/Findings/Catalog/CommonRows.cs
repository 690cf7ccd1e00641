namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// What any artifact may hold, and what is found of the storage itself.
/// </summary>
internal static class CommonRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.InsufficientData,
            Title = "Too little data",
            Means = "There is too little in the artifact to judge it; that is not the same as healthy.",
            CheckFirst = "that the file is complete and of the expected kind.",
            DefaultSeverity = Severity.Warning,
            SeverityNote = "info where an evaluation only lacks a baseline",
        },
        new()
        {
            Kind = FindingKinds.InjectionAttempt,
            Title = "Injection attempt",
            Means =
                "Somebody wrote text into the artifact that addresses a model or an approver. It was treated as data: "
                + "it approved nothing and changed no action.",
            CheckFirst = "who can write to this log, and where the cited lines come from.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.StorageTampering,
            Title = "Tampering with the storage",
            Means = "Somebody who is not SelfDev wrote into its storage, or a copy from a backup was put back over it.",
            CheckFirst = "who has write access to the account, and its access log for that blob.",
            DefaultSeverity = Severity.Critical,
        },
    ];
}
