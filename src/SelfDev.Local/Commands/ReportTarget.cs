using System.CommandLine;
using System.Text;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary>Where a report goes, and as what: the options <c>--format</c> and <c>--out</c> of the verbs that print
/// one.</summary>
/// <param name="File">Absolute path; null: standard output.</param>
internal sealed record ReportTarget(string Format, string? File)
{
    public static Option<string> FormatOption()
    {
        var format = new Option<string>("--format")
        {
            Description = "text, json, html or markdown.",
            DefaultValueFactory = _ => "text",
            HelpName = "format",
        };
        format.AcceptOnlyFromAmong("text", "json", "html", "markdown");
        return format;
    }

    public static Option<string?> OutputOption() =>
        new("--out") { Description = "File to write the report to instead of standard output.", HelpName = "file" };

    /// <summary>Checks the target before the work is done.</summary>
    /// <param name="inputs">Paths that are read; <c>-</c> is none.</param>
    /// <exception cref="BadInputException">It is one of the inputs, a folder, or in no folder.</exception>
    public static ReportTarget Of(string format, string? output, IEnumerable<string> inputs)
    {
        if (output is null)
        {
            return new ReportTarget(format, null);
        }

        var target = Path.GetFullPath(output);
        if (inputs.Any(path => path.Length > 0 && path != "-" && Path.GetFullPath(path) == target))
        {
            throw new BadInputException($"--out '{output}' is one of the inputs: it would be overwritten.");
        }

        return Directory.Exists(target) ? throw new BadInputException($"--out '{output}' is a folder: name a file.")
            : !Directory.Exists(Path.GetDirectoryName(target))
                ? throw new BadInputException($"--out '{output}': its folder does not exist.")
            : new ReportTarget(format, target);
    }

    /// <summary>Writes the report; of one in a file it says where.</summary>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public void Write(Analysis analysis, CommandIo io)
    {
        if (File is null)
        {
            Write(io.Output, analysis, io);
            return;
        }

        try
        {
            using var writer = new StreamWriter(
                File,
                append: false,
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)
            );
            Write(writer, analysis, io);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The report cannot be written to '{File}': {failure.Message}", failure);
        }

        io.Error.WriteLine(
            $"selfdev: {ReportWording.Counts([.. analysis.Findings])}; the report is in {SafeText.SingleLine(File)}"
        );
    }

    private void Write(TextWriter writer, Analysis analysis, CommandIo io)
    {
        switch (Format)
        {
            case "json":
                writer.WriteLine(ReportEnvelope.Of(analysis).ToJsonString(ReportJson.Indented));
                break;
            case "html":
                writer.Write(ReportHtml.Render(ReportContent.From(analysis)));
                break;
            case "markdown":
                writer.Write(ReportMarkdown.Render(ReportContent.From(analysis)));
                break;
            default:
                TerminalReport.Write(
                    Consoles.For(writer, io.IsTerminal && ReferenceEquals(writer, io.Output), io.Width),
                    ReportContent.From(analysis)
                );
                break;
        }
    }
}
