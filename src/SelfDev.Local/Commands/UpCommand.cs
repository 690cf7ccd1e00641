using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Text;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Commands;

/// <summary><c>up</c>: the local host, until Ctrl-C.</summary>
internal static class UpCommand
{
    public static Command Create(CommandIo io)
    {
        var port = new Option<int>("--port")
        {
            Description = "Port of the HTTP API; 0 takes any free one.",
            DefaultValueFactory = _ => LocalHostOptions.DefaultPort,
        };
        port.Validators.Add(HostOutput.IsPort);
        var bind = new Option<IPAddress>("--bind")
        {
            Description = "Address to listen on. Anything but loopback lets others reach it: put TLS in front.",
            DefaultValueFactory = _ => IPAddress.Loopback,
            CustomParser = result =>
            {
                if (IPAddress.TryParse(result.Tokens.Single().Value, out var address))
                {
                    return address;
                }

                result.AddError($"'{result.Tokens.Single().Value}' is no IP address.");
                return null;
            },
        };
        var verbose = new Option<bool>("--verbose")
        {
            Description = "Log what happens, not only what goes wrong, as JSON lines on standard error.",
        };
        var acceptLoss = new Option<string?>("--accept-loss")
        {
            Description =
                "Go on although the data folder is not as it was left: the ledger will say what was lost, who went on, "
                + "and this reason.",
            HelpName = "why",
        };
        acceptLoss.Validators.Add(result =>
        {
            if (string.IsNullOrWhiteSpace(result.GetValue(acceptLoss)))
            {
                result.AddError("--accept-loss needs the reason, in words: it stands in the ledger.");
            }
        });
        var data = HostClient.DataOption();
        var verb = new Verb(
            "up",
            "Runs the local host until Ctrl-C: storage, engine, intake, HTTP API and dashboard.",
            "selfdev up",
            "selfdev up --port 8080 --data /var/lib/selfdev"
        )
        {
            port,
            bind,
            acceptLoss,
            verbose,
            data,
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var options = LocalHostOptions.FromEnvironment(DataDirectory.Resolve(parsed.GetValue(data))) with
                {
                    Port = parsed.GetValue(port),
                    Address = parsed.GetValue(bind)!,
                    AcceptLoss = parsed.GetValue(acceptLoss)?.Trim(),
                    LogLevel = parsed.GetValue(verbose) ? LogLevel.Information : LogLevel.Warning,
                    ShowNotification = notification => Show(io, notification),
                };
                await using var host = await LocalHost.StartAsync(
                    options,
                    line => io.Output.WriteLine(line),
                    cancellation
                );
                await io.Output.WriteLineAsync(
                    $"listening on {host.Address.Url}  (data in {options.Data.Root}; policy in {options.Data.Policy})"
                );
                // Never a key itself: what a terminal shows stays in its scroll-back, and what a service prints in its
                // log.
                await io.Output.WriteLineAsync(
                    $"dashboard: {host.Address.Url}  (sign in with a key of {options.Data.ApiKeys})"
                );
                if (io.IsTerminal)
                {
                    await io.Output.WriteLineAsync(
                        $"sign in without one, once and within ten minutes: {host.SignInAddress()}"
                    );
                }

                await io.Output.WriteLineAsync(
                    "drop something: selfdev drop <file> --as training/<run>; end with Ctrl-C"
                );
                if (await EndAsync(host, cancellation) is { } lost)
                {
                    await io.Error.WriteLineAsync("selfdev: " + SafeText.SingleLine(lost));
                    return ExitCodes.Internal;
                }

                await io.Output.WriteLineAsync("stopping; what is under way goes on at the next start");
                return ExitCodes.Done;
            }
        );
        return verb;
    }

    private static void Show(CommandIo io, Notification notification)
    {
        // One write: notifications come from several threads.
        var link = notification.Link is null ? "" : $"{Environment.NewLine}  {notification.Link}";
        io.Output.WriteLine(
            $"{notification.Topic}: {notification.Title} ({notification.Recipient}). {notification.Text}{link}"
        );
    }

    /// <returns>Null when Ctrl-C ended it, else what was lost.</returns>
    private static async Task<string?> EndAsync(LocalHost host, CancellationToken cancellation)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellation.Register(ended.SetResult))
        {
            return await Task.WhenAny(ended.Task, host.Lost) == host.Lost ? await host.Lost : null;
        }
    }
}
