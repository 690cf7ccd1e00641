using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Demo;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>demo</c>: the main job end to end.</summary>
internal static class DemoCommand
{
    public static Command Create(CommandIo io)
    {
        var yes = new Option<bool>("--yes")
        {
            Description = "Approve everything, by calling the links as a person's browser would.",
        };
        var port = new Option<int>("--port") { Description = "Port of the HTTP API; 0 takes any free one." };
        port.Validators.Add(HostOutput.IsPort);
        var format = HostOutput.FormatOption();
        var data = new Option<string?>("--data")
        {
            Description = "Folder for the demo's data, emptied at the start. Default: .selfdev/demo.",
        };
        var verb = new Verb(
            "demo",
            "Shows the main job on this machine: drops a training log with a lost GPU, waits for your approval, scales "
                + "a simulated fleet, proves the ledger.",
            "selfdev demo",
            "selfdev demo --yes --format json"
        )
        {
            yes,
            port,
            format,
            data,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var isJson = parsed.GetValue(format) == "json";
                // JSON has standard output for itself.
                var progress = isJson ? io.Error : io.Output;
                var folder = new DataDirectory(
                    parsed.GetValue(data) ?? Path.Combine(DataDirectory.DefaultName, "demo")
                );
                Empty(folder);
                var options = LocalHostOptions.FromEnvironment(folder) with
                {
                    Port = parsed.GetValue(port),
                    LogLevel = LogLevel.Error,
                };
                var result = await new DemoRun(options, parsed.GetValue(yes), progress.WriteLine).RunAsync(
                    cancellation
                );
                await io.Output.WriteLineAsync(isJson ? result.ToJson() : Describe(result));
                return result is { Status: "Completed", Ledger.Intact: true } ? ExitCodes.Done : ExitCodes.Findings;
            }
        );
        return verb;
    }

    // Only what a demo made is removed: a folder of somebody's own is refused.
    private static void Empty(DataDirectory data)
    {
        if (!Directory.Exists(data.Root) || !Directory.EnumerateFileSystemEntries(data.Root).Any())
        {
            return;
        }

        if (!File.Exists(data.DemoMark))
        {
            throw new BadInputException(
                $"{data.Root} is not empty and not from an earlier demo: name another folder with --data."
            );
        }

        Directory.Delete(data.Root, recursive: true);
    }

    private static string Describe(DemoResult result)
    {
        var lines = new List<string> { "" };
        lines.AddRange(
            result.Actions.Select(action =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{action.Action ?? $"proposal {action.Proposal}"}: "
                        + $"{JsonNamingPolicy.KebabCaseLower.ConvertName(action.Outcome.ToString())}: "
                        + $"{SafeText.SingleLine(action.Detail)}"
                )
            )
        );
        lines.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"fleet: capacity {result.Fleet.Before} -> {result.Fleet.After}, {result.Fleet.Running} instances "
                    + $"running"
            )
        );
        lines.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"ledger verify: "
                    + $"{(result.Ledger.Intact ? "intact" : "BROKEN: " + string.Join(" ", result.Ledger.Problems))}, "
                    + $"{result.Ledger.Entries} entries, root {result.Ledger.RootHash}"
            )
        );
        lines.AddRange(result.Reports.Select(report => $"report: {report.Value}"));
        lines.Add(
            string.Create(CultureInfo.InvariantCulture, $"{result.Status.ToLowerInvariant()} in {result.Seconds:F1} s")
        );
        return string.Join(Environment.NewLine, lines);
    }
}
