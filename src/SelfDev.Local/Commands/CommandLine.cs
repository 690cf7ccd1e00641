using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary>The command line: every verb, and how what goes wrong is told.</summary>
public static partial class CommandLine
{
    private const string About =
        "Helps a model build its successor: diagnoses training runs, evaluations and serving, and carries out on a GPU "
        + "fleet what people approve.";

    /// <summary>Runs one command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CommandIo io, CancellationToken cancellation)
    {
        var root = new RootCommand(About);
        foreach (var verb in Verbs(io))
        {
            root.Add(verb);
        }

        foreach (var help in root.Options.OfType<HelpOption>().ToList())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }

        if (args.Count == 0)
        {
            return Refuse(
                io,
                $"Name a verb: {string.Join(", ", root.Subcommands.Select(verb => verb.Name))}. 'selfdev --help' says "
                    + $"what they do."
            );
        }

        // A response file would let a file name that begins with @ read other files.
        var parsed = root.Parse([.. args], new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction or null)
        {
            var asked = parsed.CommandResult.Command;
            var help = asked is RootCommand ? "selfdev --help" : $"selfdev {asked.Name} --help";
            // The parser lists a missing verb before the wrong one that stands in its place.
            var wrong =
                parsed.UnmatchedTokens.Count > 0 ? $"There is no verb or option '{parsed.UnmatchedTokens[0]}'."
                : parsed.Errors.Count > 0 ? parsed.Errors[0].Message
                : "A verb is missing.";
            return Refuse(io, $"{Sentence(wrong)} See '{help}'.");
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = io.Output,
                    Error = io.Error,
                    EnableDefaultExceptionHandler = false,
                },
                cancellation
            );
        }
        catch (Exception refused)
            when (refused is BadInputException or ArtifactUnreadableException or LocalHostException)
        {
            return Refuse(io, refused.Message);
        }
        catch (Exception unreadable)
            when (unreadable is IOException or HttpRequestException or UnauthorizedAccessException)
        {
            // A disk, a pipe, a connection or a permission that fails midway; the system's message names it.
            return Refuse(io, unreadable.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
#pragma warning disable CA1031 // The outermost frame: whatever it is, the user gets a line and a script its exit code.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            await io.Error.WriteLineAsync(
                $"selfdev: internal fault, please report it: {SafeText.SingleLine(fault.Message)}"
            );
            await io.Error.WriteLineAsync(SafeText.Block(fault.ToString()));
            return ExitCodes.Internal;
        }
    }

    private static IEnumerable<Command> Verbs(CommandIo io) =>
        [
            DemoCommand.Create(io),
            UpCommand.Create(io),
            AnalyzeCommand.Create(io),
            BacktestCommand.Create(io),
            DropCommand.Create(io),
            StatusCommand.Create(io),
            ApprovalsCommand.Create(io),
            DecideCommand.CreateApprove(io),
            DecideCommand.CreateReject(io),
            LedgerCommand.Create(io),
        ];

    private static int Refuse(CommandIo io, string message)
    {
        io.Error.WriteLine($"selfdev: {SafeText.SingleLine(WhiteSpace().Replace(message, " ").Trim())}");
        return ExitCodes.BadInput;
    }

    private static string Sentence(string message) =>
        message.TrimEnd().EndsWith('.') ? message : message.TrimEnd() + ".";

    // The parser's own messages may run over several lines.
    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
