namespace SelfDev.Local.Terminal;

/// <summary>What the process says to a script. Stable: scripts depend on it.</summary>
public static class ExitCodes
{
    public const int Done = 0;

    /// <summary>There are findings at or above <c>--fail-on</c>, or an audit failed.</summary>
    public const int Findings = 1;

    /// <summary>Bad input or usage; one line on standard error says what and where.</summary>
    public const int BadInput = 2;

    /// <summary>A fault of our own.</summary>
    public const int Internal = 3;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;
}
