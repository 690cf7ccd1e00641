using System.Text.Json;
using System.Text.RegularExpressions;
using SelfDev.Functions.Hosting;
using SelfDev.Testing;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Tests.Infra;

/// <summary>The modules fit together, and what they name is what the code names.</summary>
public sealed class ModuleTests
{
    private static readonly BicepFile Main = BicepFile.Named("main.bicep");

    [Fact]
    public void Every_module_gets_exactly_the_parameters_it_declares()
    {
        foreach (var module in Main.Modules)
        {
            var file = BicepFile.Named(module.Path);
            var body = module.Body[module.Body.IndexOf("params:", StringComparison.Ordinal)..];
            var given = BicepFile.Properties(body[body.IndexOf('{', StringComparison.Ordinal)..]).Keys.ToList();

            Assert.True(
                !given.Except(file.Parameters.Select(parameter => parameter.Name)).Any(),
                $"{module.Name}: {string.Join(", ", given.Except(file.Parameters.Select(p => p.Name)))} unknown to "
                    + $"{module.Path}"
            );
            var missing = file
                .Parameters.Where(parameter => !parameter.HasDefault && !given.Contains(parameter.Name))
                .Select(parameter => parameter.Name);
            Assert.True(!missing.Any(), $"{module.Name}: {module.Path} needs {string.Join(", ", missing)}");
        }

        Assert.Equal(
            BicepFile.All.Select(file => file.RelativePath).Where(path => path != "main.bicep"),
            Main.Modules.Select(module => module.Path).Distinct().Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Outputs_that_are_used_exist()
    {
        foreach (Match use in Regex.Matches(Main.Text, @"(?<module>\w+)\.\??outputs\.(?<output>\w+)"))
        {
            var module = Main.Modules.Single(candidate => candidate.Name == use.Groups["module"].Value);
            Assert.Contains(use.Groups["output"].Value, BicepFile.Named(module.Path).Outputs);
        }
    }

    [Fact]
    public void Resource_types_and_versions_are_the_approved_ones()
    {
        var declared = BicepFile
            .All.SelectMany(file =>
                file.Resources.Select(resource =>
                    $"{file.RelativePath}: {resource.Name} {resource.Type}{(resource.IsExisting ? " (existing)" : "")}"
                )
            )
            .Order(StringComparer.Ordinal);
        var approved = File.ReadAllLines(
            Path.Combine(
                SharedData.RepositoryRoot(),
                "tests",
                "SelfDev.Functions.Tests",
                "Infra",
                "resources.approved.txt"
            )
        );

        Assert.Equal(approved, declared);
    }

    [Fact]
    public void The_parameters_file_and_main_agree()
    {
        using var document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(BicepFile.Folder, "main.parameters.json"))
        );
        var given = document
            .RootElement.GetProperty("parameters")
            .EnumerateObject()
            .Select(parameter => parameter.Name)
            .ToList();

        Assert.Empty(given.Except(Main.Parameters.Select(parameter => parameter.Name)));
        Assert.Empty(
            Main.Parameters.Where(parameter => !parameter.HasDefault).Select(parameter => parameter.Name).Except(given)
        );
    }

    [Fact]
    public void Containers_are_those_of_the_code()
    {
        var roles = BicepFile.Named("app/roles.bicep");

        Assert.Equal(Containers.All, BicepFile.Named("app/storage.bicep").Strings("containers"));
        Assert.Equal(
            Containers.All.Where(container => container != Containers.Intake),
            roles.Strings("writtenContainers")
        );
        Assert.Contains(
            $"name: '{Containers.Intake}'",
            roles.Resources.Single(resource => resource.Name == "intake").Body
        );
    }

    [Fact]
    public void The_ledger_can_be_appended_to_and_not_rewritten()
    {
        var policy = BicepFile
            .Named("app/storage.bicep")
            .Resources.Single(resource => resource.Name == "ledgerImmutability");

        Assert.Contains($"indexOf(containers, '{Containers.Ledger}')", policy.Body);
        Assert.Contains("allowProtectedAppendWrites: true", policy.Body);
    }

    [Fact]
    public void Trust_records_can_be_added_and_neither_changed_nor_appended_to()
    {
        var policy = BicepFile
            .Named("app/storage.bicep")
            .Resources.Single(resource => resource.Name == "trustImmutability");

        Assert.Contains($"indexOf(containers, '{Containers.Trust}')", policy.Body);
        Assert.Contains("allowProtectedAppendWrites: false", policy.Body);
    }

    [Fact]
    public void The_life_cycle_spares_all_but_the_evidence_of_diagnoses()
    {
        var storage = BicepFile.Named("app/storage.bicep");
        var deleting = Regex
            .Matches(
                storage.Text,
                @"prefixMatch: \[(?<prefixes>[^\]]*)\]\s*\}\s*actions: \{\s*baseBlob: \{(?<actions>[^\]]*?)\n            \}"
            )
            .Where(rule => rule.Groups["actions"].Value.Contains("delete:", StringComparison.Ordinal))
            .SelectMany(rule =>
                Regex
                    .Matches(rule.Groups["prefixes"].Value, "'(?<prefix>[^']*)'")
                    .Select(prefix => prefix.Groups["prefix"].Value)
            );

        Assert.Equal(["intake/", "rejected/", $"{Containers.Evidence}/{ArtifactInstanceId.Prefix}"], deleting);
    }

    [Fact]
    public void Nothing_in_it_needs_or_hands_out_a_key()
    {
        foreach (var file in BicepFile.All)
        {
            Assert.DoesNotMatch(
                @"(?i)listKeys|listAccountSas|AccountKey=|allowSharedKeyAccess: true|disableLocalAuth: false|@secure\(\)",
                file.Text
            );
        }

        foreach (
            var (file, switchedOff) in new[]
            {
                ("app/storage.bicep", "allowSharedKeyAccess: false"),
                ("app/monitoring.bicep", "DisableLocalAuth: true"),
                ("app/model.bicep", "disableLocalAuth: true"),
            }
        )
        {
            Assert.Contains(switchedOff, BicepFile.Named(file).Text);
        }
    }

    [Fact]
    public void The_hooks_use_outputs_functions_and_containers_that_exist()
    {
        foreach (var hook in Directory.EnumerateFiles(Path.Combine(BicepFile.Folder, "hooks")))
        {
            var text = File.ReadAllText(hook);
            foreach (Match variable in Regex.Matches(text, @"\b(?:AZURE|RESOURCE|EVENT|SERVICE)_[A-Z_]+[A-Z]"))
            {
                Assert.Contains(variable.Value, Main.Outputs);
            }

            foreach (Match function in Regex.Matches(text, @"Host\.Functions\.(?<name>\w+)"))
            {
                Assert.Equal(nameof(Triggers.IntakeFunctions.ArtifactDropped), function.Groups["name"].Value);
            }

            foreach (Match container in Regex.Matches(text, @"containers/(?<name>\w+)/"))
            {
                Assert.Equal(Containers.Intake, container.Groups["name"].Value);
            }

            foreach (Match secret in Regex.Matches(text, @"(?:store|Set-Secret) '?(?<name>(?:approval|ledger)-\w+)"))
            {
                Assert.Contains($"secrets/{secret.Groups["name"].Value}/", BicepFile.Named("app/function.bicep").Text);
            }
        }
    }

    [Fact]
    public void Alerts_look_for_lines_that_the_app_writes()
    {
        var alerts = BicepFile.Named("app/alerts.bicep").Text;

        Assert.Contains("Notification approval-reminder", alerts);
        Assert.Contains(
            "\"Notification {Topic}: ",
            File.ReadAllText(Path.Combine(SharedData.RepositoryRoot(), "src", "SelfDev.Functions", "Logs.cs"))
        );
        Assert.Contains(
            "\"approval-reminder\"",
            File.ReadAllText(
                Path.Combine(SharedData.RepositoryRoot(), "src", "SelfDev.Workflows", "Approval", "RequestApproval.cs")
            )
        );
        foreach (Match name in Regex.Matches(alerts, "operation_Name in \\((?<names>[^)]*)\\)"))
        {
            foreach (Match function in Regex.Matches(name.Groups["names"].Value, "\"(?<name>\\w+)\""))
            {
                Assert.Contains(
                    function.Groups["name"].Value,
                    StartupCheck
                        .FunctionsOf(typeof(Triggers.IntakeFunctions))
                        .Concat(StartupCheck.FunctionsOf(typeof(Triggers.MaintenanceFunctions)))
                );
            }
        }
    }
}
