using Microsoft.Extensions.Configuration;
using SelfDev.Azure.Notifications;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Every setting that the app itself reads, each named <c>SelfDev__{property}</c>. What the Functions host reads beside
/// them (<c>AzureWebJobsStorage__*</c>, <c>Intake__*</c>, <c>TASKHUB_NAME</c>...) is in host.json and the triggers. A
/// test compares both with what infra/ sets.
/// </summary>
public sealed record FunctionsSettings
{
    public const string Section = "SelfDev";

    /// <value>Blob service of the artifacts: <c>https://</c> address, or a connection string for Azurite.</value>
    public required string Storage { get; init; }

    /// <value>Client id of the app's identity. Empty: whatever <c>DefaultAzureCredential</c> finds, for a developer's
    /// machine.</value>
    public string AppClientId { get; init; } = "";

    /// <value>Client id of the identity that may call the model and nothing else. Empty: as above.</value>
    public string AnalystClientId { get; init; } = "";

    /// <value>Client id of the identity that may change the named scale sets and nothing else. Empty: as above.</value>
    public string FleetClientId { get; init; } = "";

    /// <value>What approval links start with, e.g. <c>https://func-selfdev.azurewebsites.net/</c>.</value>
    public required Uri PublicUrl { get; init; }

    /// <value>Names under which the app answers beside <see cref="PublicUrl"/>'s and the platform's own, between
    /// commas. Default: none.</value>
    public string AllowedHosts { get; init; } = "";

    /// <value>ARM. Default: the public cloud's.</value>
    public Uri ArmEndpoint { get; init; } = new("https://management.azure.com");

    /// <value>Azure OpenAI's v1 endpoint, or a server like it. Null: findings are explained by rules.</value>
    public Uri? ModelEndpoint { get; init; }

    /// <value>Deployment of the model. Needed with <see cref="ModelEndpoint"/>.</value>
    public string Model { get; init; } = "";

    /// <value>The channel that everybody reads; what goes there gives nobody any authority. Null: only people's own
    /// addresses are used.</value>
    public Uri? Webhook { get; init; }

    /// <value>Which addresses the webhook's host may have. Default: public ones.</value>
    public WebhookNetwork WebhookNetwork { get; init; } = WebhookNetwork.Public;

    /// <value>Approval policy, relative to the app's folder. Default: policy.json.</value>
    public string PolicyFile { get; init; } = "policy.json";

    /// <value>Keys that sign approval links, as the local host's keys file has them. A Key Vault reference in
    /// Azure.</value>
    public required string ApprovalKeys { get; init; }

    /// <value>P-256 private key in PEM that signs the ledger's tree heads. A Key Vault reference in Azure.</value>
    public required string LedgerKey { get; init; }

    /// <value>
    /// A head of the ledger that was noted elsewhere, <c>size:rootHash</c>: a ledger that is shorter, or differs there,
    /// is not appended to. Empty: none.
    /// </value>
    public string LedgerAnchor { get; init; } = "";

    /// <value>Days after its end that an instance's history is kept, 1 to 3650. Default 120: longer than intake keeps
    /// its blobs.</value>
    public int HistoryDays { get; init; } = 120;

    /// <value>API key for a developer's machine, 32 characters or more. Empty, and not set by infra/: in Azure people
    /// sign in.</value>
    public string DeveloperKey { get; init; } = "";

    /// <summary>The shared channel, and how far people's own addresses in the policy file may reach.</summary>
    public WebhookOptions WebhookOptions() => new() { Address = Webhook, Network = WebhookNetwork };

    /// <exception cref="ArgumentException">A setting is missing or wrong; the message names it and says what it may
    /// be.</exception>
    public static FunctionsSettings Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        foreach (var name in new[] { nameof(Storage), nameof(PublicUrl), nameof(ApprovalKeys), nameof(LedgerKey) })
        {
            Require(!string.IsNullOrWhiteSpace(section[name]), name, "it is missing");
        }

        Require(
            !section[nameof(ApprovalKeys)]!.StartsWith("@Microsoft.KeyVault", StringComparison.Ordinal),
            nameof(ApprovalKeys),
            NotResolved
        );
        Require(
            !section[nameof(LedgerKey)]!.StartsWith("@Microsoft.KeyVault", StringComparison.Ordinal),
            nameof(LedgerKey),
            NotResolved
        );
        var settings = section.Get<FunctionsSettings>()!;
        Require(
            settings.PublicUrl.IsAbsoluteUri && settings.PublicUrl.AbsoluteUri.EndsWith('/'),
            nameof(PublicUrl),
            "it must be an absolute address that ends with a slash"
        );
        Require(
            settings.ModelEndpoint is null || settings.Model.Length > 0,
            nameof(Model),
            "the model's endpoint needs the name of a deployment"
        );
        var webhookProblem = WebhookProblem(settings);
        Require(webhookProblem is null, nameof(Webhook), webhookProblem!);
        Require(
            settings.LedgerAnchor.Length == 0 || LoggedHeadWitness.ParseAnchor(settings.LedgerAnchor) is not null,
            nameof(LedgerAnchor),
            "it must be 'size:rootHash', a number above 0 and 64 hex digits, as the log lines 'Ledger head' and "
                + "'ledger verify' give them"
        );
        Require(settings.HistoryDays is >= 1 and <= 3650, nameof(HistoryDays), "it must be 1 to 3650");
        return settings;
    }

    private static string? WebhookProblem(FunctionsSettings settings)
    {
        try
        {
            settings.WebhookOptions().Validate();
            return null;
        }
        catch (ArgumentException wrong)
        {
            return wrong.Message.TrimEnd('.');
        }
    }

    private const string NotResolved =
        "the Key Vault reference was not resolved: does the secret exist, and may the app's identity read it?";

    private static void Require(bool holds, string name, string problem)
    {
        if (!holds)
        {
            throw new ArgumentException($"Setting {Section}__{name}: {problem}.");
        }
    }
}
