using System.CommandLine;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>drop</c>: puts a file into the running host's intake, which starts its diagnosis.</summary>
internal static class DropCommand
{
    public static Command Create(CommandIo io)
    {
        var file = new Argument<string>("file") { Description = "The file, or - for standard input." };
        var target = new Option<string>("--as")
        {
            Description =
                "Where in the intake: training/<run>, evals/<checkpoint>, serving/<service>, traffic/<fleet>, "
                + "rollouts/<service>; "
                + "the file's own name is added unless a name is given.",
            HelpName = "kind/subject[/name]",
            Required = true,
        };
        var data = HostClient.DataOption();
        var format = HostOutput.FormatOption();
        var verb = new Verb(
            "drop",
            "Uploads an artifact to the running host's intake.",
            "selfdev drop train.log --as training/run-7",
            "tail -n 20000 train.log | selfdev drop - --as training/run-7/train.log"
        )
        {
            file,
            target,
            data,
            format,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var source = parsed.GetRequiredValue(file);
                var name = TargetName(source, parsed.GetRequiredValue(target));
                using var host = HostClient.Open(io, parsed.GetValue(data));
                await using var content = OpenSource(io, source);
                var path = string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
                var answer = await host.PutAsync($"api/intake/{path}", content, cancellation);
                if (parsed.GetValue(format) == "json")
                {
                    HostOutput.WriteJson(io, answer);
                }
                else
                {
                    var size = content.CanSeek ? $" ({ReportWording.Bytes(content.Length)})" : "";
                    await io.Output.WriteLineAsync(
                        $"Dropped {SafeText.SingleLine(name)}{size}. 'selfdev status' shows what becomes of it."
                    );
                }

                return ExitCodes.Done;
            }
        );
        return verb;
    }

    private static string TargetName(string source, string target)
    {
        var parts = target.Trim('/').Split('/');
        if (parts.Length < 2)
        {
            throw new BadInputException($"--as '{target}' names no run: write for example training/run-7.");
        }

        if (parts.Length == 2 && source == "-")
        {
            throw new BadInputException($"Standard input has no name: write --as {target.Trim('/')}/<name>.");
        }

        var name =
            parts.Length == 2 ? $"{string.Join('/', parts)}/{Path.GetFileName(source)}" : string.Join('/', parts);
        var checkedName = ArtifactName.Parse(name, out var reason);
        return checkedName is null ? throw new BadInputException($"--as: {reason}")
            : checkedName.KindHint is null
                ? throw new BadInputException(
                    $"--as '{target}': the first part is no kind of artifact. See 'selfdev drop --help'."
                )
            : name;
    }

    private static Stream OpenSource(CommandIo io, string source)
    {
        if (source == "-")
        {
            return io.Input();
        }

        try
        {
            return Directory.Exists(source)
                ? throw new BadInputException($"'{source}' is a folder: drop its files one by one.")
                : new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no file '{source}'.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"'{source}' cannot be opened: {failure.Message}", failure);
        }
    }
}
