using SelfDev.Core.Capabilities;
using SelfDev.Workflows.Diagnosis;

namespace SelfDev.Local.Client;

/// <summary>What a verb has of the world: its streams, its folder and the rooms it can ask. Tests give it
/// others.</summary>
public sealed record CommandIo
{
    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    /// <value>Opens standard input, once.</value>
    public required Func<Stream> Input { get; init; }

    public IReadOnlyList<ICapability> Rooms { get; init; } = Capabilities.All.Rooms;

    /// <value>Whether <see cref="Output"/> is a terminal: colours, and lines cut to its width.</value>
    public bool IsTerminal { get; init; }

    /// <value>Whether <see cref="Error"/> is a terminal: progress that overwrites itself.</value>
    public bool ShowsProgress { get; init; }

    /// <value>Columns. Default 120 where the output is no terminal.</value>
    public int Width { get; init; } = 120;

    /// <value>How long one request to the host may take. Default 100 s.</value>
    public TimeSpan HostTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <value>Folder of what audits remember for this user; null: they remember nothing.</value>
    public string? StateFolder { get; init; }

    public static CommandIo OfProcess()
    {
        var terminal = !Console.IsOutputRedirected;
        return new CommandIo
        {
            Output = Console.Out,
            Error = Console.Error,
            Input = Console.OpenStandardInput,
            IsTerminal = terminal,
            ShowsProgress = !Console.IsErrorRedirected,
            StateFolder = SeenHeads.DefaultFolder(),
            Width = terminal && Console.WindowWidth > 0 ? Console.WindowWidth : 120,
        };
    }
}
