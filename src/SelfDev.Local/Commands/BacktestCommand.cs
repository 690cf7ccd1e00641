using System.CommandLine;
using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Scaling.Backtesting;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic;
using SelfDev.Core.Traffic.Formats;
using SelfDev.Core.Traffic.Model;
using SelfDev.Core.Traffic.Report;
using SelfDev.Local.Client;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Commands;

/// <summary><c>backtest</c>: a traffic trace through a simulated fleet, under our policy and under what a team would
/// use instead.</summary>
internal static class BacktestCommand
{
    public static Command Create(CommandIo io)
    {
        var trace = PathArgument.Of(
            "trace",
            "Traffic trace: Azure LLM trace, BurstGPT, Mooncake or a request log with usage; gzip is read as it is. "
                + "Several are mixed, each from its own beginning."
        );
        var fleet = new Option<string>("--fleet")
        {
            Description =
                "YAML file with the fleet: service level, cold start, limits, what one replica can do. See "
                + "samples/fleet.yaml.",
            Required = true,
            HelpName = "file",
        };
        var speed = new Option<double>("--speed")
        {
            Description = "How many times as fast the requests come, 0.01 to 100. Default 1.",
            DefaultValueFactory = _ => 1,
            HelpName = "factor",
        };
        speed.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<double>() is not (>= 0.01 and <= 100))
            {
                result.AddError("--speed must be from 0.01 to 100.");
            }
        });
        var format = ReportTarget.FormatOption();
        var output = ReportTarget.OutputOption();
        var verb = new Verb(
            "backtest",
            "Replays traffic through a simulated fleet under our scaling policy and under HPA, KEDA, Azure autoscale, "
                + "KPA, APA, Dynamo, llm-d, fixed sizes and an oracle.",
            "selfdev backtest traffic.csv --fleet samples/fleet.yaml",
            "selfdev backtest traffic.csv --fleet fleet.yaml --format html --out backtest.html",
            "selfdev backtest conv.csv code.csv --fleet fleet.yaml --speed 2 --format json"
        )
        {
            trace,
            fleet,
            speed,
            format,
            output,
        };
        verb.SetAction(
            (parsed, cancellation) =>
                Task.FromResult(
                    Run(
                        io,
                        parsed.GetRequiredValue(trace),
                        parsed.GetRequiredValue(fleet),
                        parsed.GetValue(speed),
                        parsed.GetRequiredValue(format),
                        parsed.GetValue(output),
                        cancellation
                    )
                )
        );
        return verb;
    }

    private static int Run(
        CommandIo io,
        string[] paths,
        string fleetPath,
        double speed,
        string format,
        string? output,
        CancellationToken cancellation
    )
    {
        var target = ReportTarget.Of(format, output, paths.Append(fleetPath));
        var (fleet, fit) = FleetFile.Read(fleetPath);
        if (fit is not null)
        {
            io.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"selfdev: fitted the replica to {fit.Points} measurements: median error {fit.MedianError:P1} "
                        + $"({fit.HeldOutMedianError:P1} on rows held out), R2 {fit.RSquared:0.000}; "
                        + $"{fit.ColdStartRows} rows show a cold start"
                )
            );
        }

        var readings = paths.Select(path => Read(path, cancellation)).ToList();
        var traces = readings
            .Select(reading =>
                reading.ToTrace()
                ?? throw new BadInputException(
                    reading.Samples.Count > 0
                        ? $"'{reading.Name}' holds samples of metrics, not requests: a backtest takes a trace with one "
                            + $"line a request."
                        : $"'{reading.Name}' holds no request that can be used."
                )
            )
            .ToList();
        var trace = traces.Count == 1 ? traces[0] : TrafficTrace.Mix(traces);
        trace = speed == 1 ? trace : trace.TimeScaled(speed);
        var result = Backtest.Run(fleet, trace, cancellation: cancellation);
        var analysis = BacktestReport.Of(result, readings[0], TrafficCapability.KindName);
        target.Write(analysis, io);
        return ExitCodes.Done;
    }

    private static TrafficReading Read(string path, CancellationToken cancellation)
    {
        using var artifact = LocalArtifact.Open(path, ReadLimits.Default);
        return artifact.Files.Count == 1
            ? TrafficFormats.Read(artifact.Files[0], ReadLimits.Default, cancellation)
            : throw new BadInputException($"'{path}' is a folder: name the trace's file.");
    }
}
