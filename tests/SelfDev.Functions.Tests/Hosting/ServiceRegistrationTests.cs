using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Azure.Analysts;
using SelfDev.Core.Ledger;
using SelfDev.Functions.Hosting;
using SelfDev.Functions.Tests.Engine;
using SelfDev.Functions.Triggers;
using SelfDev.Web;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Tests.Hosting;

/// <summary>The app finds everything it is made of, and says which setting is wrong.</summary>
public sealed class ServiceRegistrationTests
{
    private static readonly Dictionary<string, string?> Complete = new()
    {
        ["SelfDev:Storage"] = "https://stdata.blob.core.windows.net",
        ["SelfDev:PublicUrl"] = "https://func.azurewebsites.net/",
        ["SelfDev:AppClientId"] = "11111111-1111-1111-1111-111111111111",
        ["SelfDev:AnalystClientId"] = "22222222-2222-2222-2222-222222222222",
        ["SelfDev:FleetClientId"] = "33333333-3333-3333-3333-333333333333",
        ["SelfDev:ModelEndpoint"] = "https://oai.openai.azure.com/openai/v1/",
        ["SelfDev:Model"] = "gpt",
        ["SelfDev:Webhook"] = "",
        ["SelfDev:ApprovalKeys"] =
            $$"""[{"id":"k1","secret":"{{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}}","notBefore":"2026-01-01T00:00:00Z","notAfter":"9999-12-31T23:59:59Z"}]""",
        ["SelfDev:LedgerKey"] = LedgerKey(),
    };

    [Fact]
    public void Every_service_trigger_and_activity_can_be_made()
    {
        var services = new ServiceCollection().AddLogging().AddSelfDev(Read(Complete));
        using var provider = services.BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }
        );
        var activities = typeof(SelfDevCatalog)
            .Assembly.GetTypes()
            .Where(type =>
                !type.IsAbstract
                && type.GetInterfaces()
                    .Any(contract =>
                        contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IActivity<,>)
                    )
            );
        var triggers = typeof(IntakeFunctions)
            .Assembly.GetTypes()
            .Where(type =>
                type.Namespace == typeof(IntakeFunctions).Namespace
                && type.Name.EndsWith("Functions", StringComparison.Ordinal)
            );

        Assert.All(
            activities.Concat(triggers),
            type => Assert.NotNull(ActivatorUtilities.GetServiceOrCreateInstance(provider, type))
        );
        Assert.All(
            services.Where(service =>
                !service.ServiceType.IsGenericTypeDefinition
                && service.ServiceType.Namespace!.StartsWith("SelfDev", StringComparison.Ordinal)
            ),
            service => Assert.NotNull(provider.GetRequiredService(service.ServiceType))
        );
    }

    [Theory]
    [InlineData("https://oai.openai.azure.com/openai/v1/", typeof(LanguageModelAnalyst))]
    [InlineData("", typeof(RulesAnalyst))]
    public void The_analyst_is_the_model_where_one_is_named(string endpoint, Type expected)
    {
        using var provider = new ServiceCollection()
            .AddLogging()
            .AddSelfDev(Read(new Dictionary<string, string?>(Complete) { ["SelfDev:ModelEndpoint"] = endpoint }))
            .BuildServiceProvider();

        Assert.IsType(expected, provider.GetRequiredService<IAnalyst>());
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("https://127.0.0.1:1/", null, "no address that may be reached")]
    [InlineData("https://127.0.0.1:1/", "Private", "no address that may be reached")]
    [InlineData("https://127.0.0.1:1/", "Loopback", "could not be reached: ConnectionError")]
    public async Task Notifications_go_to_the_webhook_within_its_network(
        string address,
        string? network,
        string? problem
    )
    {
        using var provider = new ServiceCollection()
            .AddLogging()
            .AddSelfDev(
                Read(
                    new Dictionary<string, string?>(Complete)
                    {
                        ["SelfDev:Webhook"] = address,
                        ["SelfDev:WebhookNetwork"] = network,
                    }
                )
            )
            .BuildServiceProvider();

        var told = await provider
            .GetRequiredService<INotifier>()
            .NotifyAsync(
                new Notification("k", "approval-requested", "ana@example.com", "Scale?", "", null),
                TestContext.Current.CancellationToken
            );

        Assert.Equal(problem is null, told is null);
        Assert.Contains(problem ?? "", told ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_app_answers_under_its_public_name_the_platforms_and_those_that_are_set()
    {
        const string Variable = "WEBSITE_HOSTNAME";
        var before = Environment.GetEnvironmentVariable(Variable);
        try
        {
            Environment.SetEnvironmentVariable(Variable, "func-slot.azurewebsites.net:443");
            using var provider = new ServiceCollection()
                .AddLogging()
                .AddSelfDev(
                    Read(
                        new Dictionary<string, string?>(Complete)
                        {
                            ["SelfDev:AllowedHosts"] = "selfdev.corp.example, ops.example",
                        }
                    )
                )
                .BuildServiceProvider();
            var options = provider.GetRequiredService<WebOptions>();

            Assert.Equal("func.azurewebsites.net", options.PublicUrl?.Host);
            Assert.Equal(["selfdev.corp.example", "ops.example", "func-slot.azurewebsites.net"], options.AllowedHosts);
            Assert.Null(provider.GetService<SignInLinks>());
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }
    }

    [Fact]
    public void Addresses_of_requests_which_may_hold_tokens_are_not_logged()
    {
        using var provider = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new EagerLogger()))
            .AddSelfDev(Read(Complete))
            .BuildServiceProvider();
        var loggers = provider.GetRequiredService<ILoggerFactory>();

        // ASP.NET Core puts the path of a request around every line as soon as this category may log anything.
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Critical));
        Assert.False(
            loggers.CreateLogger("Microsoft.AspNetCore.Routing.EndpointMiddleware").IsEnabled(LogLevel.Information)
        );
        Assert.True(loggers.CreateLogger("SelfDev.Web").IsEnabled(LogLevel.Trace));
    }

    [Theory]
    [InlineData("SelfDev:Storage", null, "SelfDev__Storage")]
    [InlineData("SelfDev:PublicUrl", "https://proxy/selfdev", "ends with a slash")]
    [InlineData("SelfDev:Model", "", "SelfDev__Model:")]
    [InlineData(
        "SelfDev:Webhook",
        "http://chat.example.com/hook",
        "SelfDev__Webhook: The webhook's address must be an https:// address"
    )]
    [InlineData("SelfDev:Webhook", "http://localhost/hook", "SelfDev__Webhook")]
    [InlineData("SelfDev:HistoryDays", "0", "1 to 3650")]
    [InlineData("SelfDev:LedgerAnchor", "12", "SelfDev__LedgerAnchor")]
    [InlineData(
        "SelfDev:LedgerAnchor",
        "0:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "size:rootHash"
    )]
    [InlineData(
        "SelfDev:LedgerAnchor",
        "12:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        "size:rootHash"
    )]
    [InlineData(
        "SelfDev:LedgerKey",
        "@Microsoft.KeyVault(SecretUri=https://kv/secrets/ledger-key/)",
        "Key Vault reference was not resolved"
    )]
    public void A_wrong_setting_is_named(string name, string? value, string expected)
    {
        var refused = Assert.Throws<ArgumentException>(() =>
            Read(new Dictionary<string, string?>(Complete) { [name] = value })
        );

        Assert.Contains(expected, refused.Message);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData(
        """[{"id":"k1","secret":"dG9vIHNob3J0","notBefore":"2026-01-01T00:00:00Z","notAfter":"9999-12-31T23:59:59Z"}]"""
    )]
    public void Keys_that_cannot_be_used_are_refused_without_showing_them(string keys)
    {
        var refused = Assert.Throws<ArgumentException>(() => ApprovalKeys.Parse(keys));

        Assert.Contains("SelfDev__ApprovalKeys", refused.Message);
        Assert.DoesNotContain("dG9vIHNob3J0", refused.ToString());
    }

    [Fact]
    public void The_ledger_is_held_to_the_anchor_that_the_settings_name_and_its_heads_are_logged()
    {
        var lines = new List<string>();
        const string Root = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        using var provider = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(new Lines(lines)))
            .AddSelfDev(Read(new Dictionary<string, string?>(Complete) { ["SelfDev:LedgerAnchor"] = $"12:{Root}" }))
            .BuildServiceProvider();
        var witness = provider.GetRequiredService<IHeadWitness>();
        Assert.Equal((12, Root.ToLowerInvariant()), (witness.LastSeen()!.TreeSize, witness.LastSeen()!.RootHash));

        witness.Note(new SignedTreeHead(13, "ab", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "k1", "sig"));
        Assert.Equal("Ledger head 13:ab, signed 2026-01-01T00:00:00.0000000+00:00 by key k1.", Assert.Single(lines));
        using var plain = new ServiceCollection().AddLogging().AddSelfDev(Read(Complete)).BuildServiceProvider();
        Assert.Null(plain.GetRequiredService<IHeadWitness>().LastSeen());
    }

    [Fact]
    public async Task The_workflow_client_works_for_the_length_of_a_loan_only()
    {
        var ambient = new AmbientWorkflowClient();
        await using var durable = new Engine.FakeDurableTaskClient();

        async Task<WorkflowInstance?> AskAsync()
        {
            ambient.Lend(durable);
            return await ambient.GetAsync("nobody", TestContext.Current.CancellationToken);
        }

        Assert.Null(await AskAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ambient.GetAsync("nobody", TestContext.Current.CancellationToken)
        );
    }

    private sealed class EagerLogger : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) { }

        public void Dispose() { }
    }

    /// <summary>Complete settings, with keys made for this process.</summary>
    internal static FunctionsSettings Settings() => Read(Complete);

    private static FunctionsSettings Read(Dictionary<string, string?> values) =>
        FunctionsSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build());

    private sealed class Lines(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => lines.Add(formatter(state, exception));

        public void Dispose() { }
    }

    private static string LedgerKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }
}
