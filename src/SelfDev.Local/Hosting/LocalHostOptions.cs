using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Analysts;
using SelfDev.Azure.Notifications;
using SelfDev.Web;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>How a local host runs. Everything outside it (storage, ARM, model) is embedded unless a setting names
/// another.</summary>
public sealed record LocalHostOptions
{
    public const int DefaultPort = 7071;

    private static readonly TimeSpan DefaultProvisioning = TimeSpan.FromSeconds(4);

    public required DataDirectory Data { get; init; }

    /// <value>Address to listen on. Default: loopback, so that nobody else on the network reaches it.</value>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <value>Default 7071, Azure Functions' own; 0 takes any free one.</value>
    public int Port { get; init; } = DefaultPort;

    /// <value>What links in notifications start with, where the host is behind a proxy; null: its own address.</value>
    public Uri? PublicUrl { get; init; }

    /// <value>Names, without port, under which the host answers beside loopback, <see cref="Address"/> and the host of
    /// <see cref="PublicUrl"/>. Default: none.</value>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <value>Storage account: connection string or <c>https://</c> service address. Null: an Azurite of its
    /// own.</value>
    public string? Storage { get; init; }

    /// <value>ARM endpoint, e.g. <c>https://management.azure.com</c>. Null: the simulator.</value>
    public Uri? ArmEndpoint { get; init; }

    /// <value>Language model of the analyst; without a key it takes an Entra token of whoever runs the host. Null:
    /// rules.</value>
    public LanguageModelOptions? Model { get; init; }

    /// <value>Where notifications are posted, beside the console: the shared channel, and how far people's own
    /// addresses may reach. Null: nowhere.</value>
    public WebhookOptions? Webhook { get; init; }

    /// <value>How long an instance takes to come up in the simulator. Default 4 s: enough to see it happen.</value>
    public TimeSpan SimulatedProvisioning { get; init; } = DefaultProvisioning;

    /// <value>Why a person lets the host go on without what the data folder has lost; it stands in the ledger. Null:
    /// nobody does, and the host does not start then.</value>
    public string? AcceptLoss { get; init; }

    /// <value>Least severe log entries that go to standard error. Default: warnings.</value>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <value>Shows notifications (approval links among them) to the person in front of the host.</value>
    public Action<Notification> ShowNotification { get; init; } = _ => { };

    /// <value>Gets what goes to standard error as well; a test's own. Default: null.</value>
    internal ILoggerProvider? AlsoLogTo { get; init; }

    /// <value>Of everything but the simulator's data centre; a test sets its own.</value>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Reads the settings of the environment; each stands with its meaning in the README.</summary>
    /// <exception cref="LocalHostException">A setting is wrong; the message names it.</exception>
    public static LocalHostOptions FromEnvironment(DataDirectory data) =>
        new()
        {
            Data = data,
            PublicUrl = ReadUri("SELFDEV_PUBLIC_URL"),
            AllowedHosts = WebOptions.ParseHosts(Read("SELFDEV_ALLOWED_HOSTS")),
            Storage = Read("SELFDEV_STORAGE"),
            ArmEndpoint = ReadUri("SELFDEV_ARM_ENDPOINT"),
            SimulatedProvisioning = ReadSeconds("SELFDEV_SIMULATED_PROVISIONING", DefaultProvisioning),
            Webhook = new WebhookOptions
            {
                Address = ReadUri("SELFDEV_WEBHOOK"),
                Network = ReadNetwork("SELFDEV_WEBHOOK_NETWORK"),
            },
            Model = ReadUri("SELFDEV_MODEL_ENDPOINT") is { } endpoint
                ? new LanguageModelOptions
                {
                    Endpoint = endpoint,
                    Model =
                        Read("SELFDEV_MODEL")
                        ?? throw new LocalHostException(
                            "SELFDEV_MODEL_ENDPOINT needs SELFDEV_MODEL: the deployment or model name."
                        ),
                    Key = Read("SELFDEV_MODEL_KEY"),
                }
                : null,
        };

    private static string? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static WebhookNetwork ReadNetwork(string variable) =>
        Read(variable) is not { } value ? WebhookNetwork.Public
        : Enum.GetNames<WebhookNetwork>().FirstOrDefault(name => name.Equals(value, StringComparison.OrdinalIgnoreCase))
            is { } name
            ? Enum.Parse<WebhookNetwork>(name)
        : throw new LocalHostException(
            $"{variable} is '{value}'; it is one of {string.Join(", ", Enum.GetNames<WebhookNetwork>())}."
        );

    private static TimeSpan ReadSeconds(string variable, TimeSpan fallback) =>
        Read(variable) is not { } value ? fallback
        : double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
        && seconds is >= 0 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
        : throw new LocalHostException($"{variable} is no number of seconds from 0 to 3600: '{value}'.");

    private static Uri? ReadUri(string variable) =>
        Read(variable) is not { } value ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var uri) ? uri
        : throw new LocalHostException($"{variable} is not an absolute address: '{value}'.");
}
