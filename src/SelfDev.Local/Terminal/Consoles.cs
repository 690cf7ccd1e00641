using Spectre.Console;

namespace SelfDev.Local.Terminal;

/// <summary>Spectre consoles over our own writers.</summary>
internal static class Consoles
{
    /// <param name="isTerminal">False: no colours, no escape sequences. True: colours unless <c>NO_COLOR</c> is set
    /// (no-color.org).</param>
    public static IAnsiConsole For(TextWriter writer, bool isTerminal, int width)
    {
        var colors = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(writer),
                Ansi = colors ? AnsiSupport.Yes : AnsiSupport.No,
                ColorSystem = colors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
            }
        );
        console.Profile.Width = Math.Max(width, 40);
        return console;
    }
}
