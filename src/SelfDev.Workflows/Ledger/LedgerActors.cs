namespace SelfDev.Workflows.Ledger;

/// <summary>Actors of ledger entries that are not people.</summary>
public static class LedgerActors
{
    /// <summary>The pipeline itself. It proposes, so it can never approve.</summary>
    public const string SelfDev = "selfdev";
}
