using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using SelfDev.Functions.Hosting;
using SelfDev.Functions.Triggers;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Tests.Infra;

/// <summary>What the app reads and what infra/ sets is the same, both ways.</summary>
public sealed class SettingsTests
{
    private static readonly BicepFile Function = BicepFile.Named("app/function.bicep");
    private static readonly string HostJson = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot(), "host.json"));

    [Fact]
    public void Every_setting_of_the_app_is_set_and_no_other()
    {
        var read = typeof(FunctionsSettings)
            .GetProperties()
            .Select(property => property.Name)
            // For a developer's machine: infra/ must never set it.
            .Where(name => name != nameof(FunctionsSettings.DeveloperKey))
            .Select(name => $"{FunctionsSettings.Section}__{name}");

        Assert.Equal(
            read.Order(StringComparer.Ordinal),
            Function.Object("selfDevSettings").Keys.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Every_setting_of_the_host_has_a_reader_and_every_reader_its_setting()
    {
        var set = Function.Object("hostSettings").Keys.ToList();
        using var host = JsonDocument.Parse(HostJson);
        var storage = host
            .RootElement.GetProperty("extensions")
            .GetProperty("durableTask")
            .GetProperty("storageProvider")
            .GetProperty("connectionName")
            .GetString();
        var identity = new[] { "credential", "clientId" };
        var expected = identity
            .Concat(["blobServiceUri", "queueServiceUri", "tableServiceUri"])
            .Select(part => $"{storage}__{part}")
            .Concat(
                identity
                    .Concat(["blobServiceUri", "queueServiceUri"])
                    .Select(part => $"{IntakeFunctions.Connection}__{part}")
            )
            .Concat(Regex.Matches(HostJson, "%(?<name>\\w+)%").Select(match => match.Groups["name"].Value))
            // Read by the platform itself.
            .Concat([
                "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "AzureWebJobsDisableHomepage",
            ]);

        Assert.Equal(expected.Order(StringComparer.Ordinal), set.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Defaults_that_stand_twice_are_equal()
    {
        var settings = Function.Object("selfDevSettings");
        var defaults = new FunctionsSettings
        {
            Storage = "",
            PublicUrl = new Uri("https://x/"),
            ApprovalKeys = "",
            LedgerKey = "",
        };

        Assert.Equal($"'{defaults.HistoryDays}'", settings["SelfDev__HistoryDays"]);
        Assert.Equal($"'{defaults.PolicyFile}'", settings["SelfDev__PolicyFile"]);
    }

    [Fact]
    public void Histories_outlive_the_blobs_of_intake()
    {
        var intakeDays = int.Parse(
            Regex
                .Match(BicepFile.Named("app/storage.bicep").Text, @"param intakeDays int = (?<days>\d+)")
                .Groups["days"]
                .Value,
            System.Globalization.CultureInfo.InvariantCulture
        );
        var defaults = new FunctionsSettings
        {
            Storage = "",
            PublicUrl = new Uri("https://x/"),
            ApprovalKeys = "",
            LedgerKey = "",
        };

        Assert.True(
            defaults.HistoryDays > intakeDays,
            "A blob that is still there when its history is purged would be diagnosed again."
        );
    }

    [Fact]
    public void The_local_sample_has_what_the_app_requires_and_nothing_unknown()
    {
        using var sample = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(SharedData.RepositoryRoot(), "local.settings.sample.json"))
        );
        var given = sample.RootElement.GetProperty("Values").EnumerateObject().Select(value => value.Name).ToList();
        var ours = typeof(FunctionsSettings)
            .GetProperties()
            .Select(property => $"{FunctionsSettings.Section}__{property.Name}")
            .ToList();
        var required = typeof(FunctionsSettings)
            .GetProperties()
            .Where(property =>
                property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null
            )
            .Select(property => $"{FunctionsSettings.Section}__{property.Name}");

        Assert.Empty(required.Except(given));
        Assert.Empty(given.Where(name => name.StartsWith("SelfDev__", StringComparison.Ordinal)).Except(ours));
        Assert.Contains(IntakeFunctions.Connection, given);
        Assert.Contains("TASKHUB_NAME", given);
    }

    [Fact]
    public void The_host_versions_orchestrations_as_the_code_does()
    {
        using var host = JsonDocument.Parse(HostJson);
        var durable = host.RootElement.GetProperty("extensions").GetProperty("durableTask");

        Assert.Equal(WorkflowCatalog.DefaultVersion, durable.GetProperty("defaultVersion").GetString());
        Assert.Equal("CurrentOrOlder", durable.GetProperty("versionMatchStrategy").GetString());
        Assert.Equal("Reject", durable.GetProperty("versionFailureStrategy").GetString());
        Assert.Matches("^[A-Za-z][A-Za-z0-9]{2,44}$", Function.Object("hostSettings")["TASKHUB_NAME"].Trim('\''));
    }

    [Fact]
    public void Routes_are_the_same_in_both_hosts_because_the_prefix_is_empty()
    {
        using var host = JsonDocument.Parse(HostJson);

        Assert.Equal(
            "",
            host.RootElement.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString()
        );
    }

    [Fact]
    public void Blobs_arrive_by_event_through_the_intake_connection()
    {
        var trigger = typeof(IntakeFunctions)
            .GetMethod(nameof(IntakeFunctions.ArtifactDropped))!
            .GetParameters()[0]
            .GetCustomAttribute<BlobTriggerAttribute>()!;

        Assert.Equal(
            ("intake/{name}", BlobTriggerSource.EventGrid, IntakeFunctions.Connection),
            (trigger.BlobPath, trigger.Source, trigger.Connection)
        );
    }
}
