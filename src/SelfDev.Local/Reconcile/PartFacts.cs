namespace SelfDev.Local.Reconcile;

/// <summary>The files of a data folder that make sense only together.</summary>
internal static class Parts
{
    public const string Engine = "engine";
    public const string Trust = "trust";
    public const string Ledger = "ledger";
    public const string Artifacts = "artifacts";

    /// <summary>The emulator's folder; there only where the host runs an emulator of its own.</summary>
    public const string Storage = "storage";

    /// <returns>What a person loses with it.</returns>
    public static string Describe(string part) =>
        part switch
        {
            Engine => "the histories of runs",
            Trust => "requests and decisions",
            Ledger => "the ledger",
            Artifacts => "evidence and reports",
            _ => "what was dropped and the commands",
        };
}

/// <summary>What a part says of itself, read from its file before anything opens it.</summary>
/// <param name="Path">Of its file, or folder.</param>
/// <param name="Exists">False also for a file without a byte.</param>
/// <param name="Mark">Null where it was never marked: it is new, was emptied, or an earlier version made it.</param>
/// <param name="HasContent">Whether there is anything in it besides its mark.</param>
internal sealed record PartFacts(string Part, string Path, bool Exists, PartMark? Mark, bool HasContent);

/// <param name="Set">The same in all parts of one data folder; random.</param>
/// <param name="Start">The number of the newest start of the host that the part has seen.</param>
/// <param name="Commits">Changes so far; rises with every one.</param>
internal sealed record PartMark(long Set, long Start, long Commits);
