using System.Text.RegularExpressions;
using SelfDev.Testing;

namespace SelfDev.Functions.Tests.Infra;

/// <summary>Who may do what: the Bicep, the table in docs/roles.md and the well-known ids agree.</summary>
public sealed class RolesTests
{
    // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
    private static readonly Dictionary<string, string> BuiltIn = new()
    {
        ["storageBlobDataOwner"] = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        ["storageBlobDataContributor"] = "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        ["storageBlobDataReader"] = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        ["storageQueueDataContributor"] = "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        ["storageTableDataContributor"] = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        ["monitoringMetricsPublisher"] = "3913510d-42f4-4e42-8a64-420c390055eb",
        ["keyVaultSecretsUser"] = "4633458b-17de-408a-b874-0445c86b69e6",
        ["keyVaultSecretsOfficer"] = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        ["cognitiveServicesOpenAIUser"] = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    };

    private static readonly string Document = File.ReadAllText(
        Path.Combine(SharedData.RepositoryRoot(), "docs", "roles.md")
    );

    [Fact]
    public void Ids_of_built_in_roles_are_right()
    {
        var roles = BicepFile.Named("app/roles.bicep").Object("roleIds");

        Assert.Equal(
            BuiltIn.OrderBy(role => role.Key, StringComparer.Ordinal).Select(role => $"{role.Key} '{role.Value}'"),
            roles.OrderBy(role => role.Key, StringComparer.Ordinal).Select(role => $"{role.Key} {role.Value}")
        );
        Assert.Contains("0ad04412-c4d5-4796-b79c-f76d14c8d402", BicepFile.Named("app/scheduler.bicep").Text);
    }

    [Fact]
    public void Every_assignment_stands_in_the_table_and_every_row_is_an_assignment()
    {
        var assigned = BicepFile
            .All.SelectMany(file =>
                file.Resources.Where(resource =>
                    resource.Type.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal)
                )
            )
            .Select(resource => $"{resource.Name} {Role(resource)} {Scope(resource)} {Principal(resource)}")
            .Order(StringComparer.Ordinal);
        var documented = Regex
            .Matches(
                Document,
                @"^\| `(?<name>\w+)` \| (?<who>\w+) \| `(?<role>\w+)` \| `(?<scope>\w+)` \| (?<why>[^|]{20,}) \|",
                RegexOptions.Multiline
            )
            .Select(row =>
                $"{row.Groups["name"].Value} {row.Groups["role"].Value} {row.Groups["scope"].Value} "
                + $"{row.Groups["who"].Value}"
            )
            .Order(StringComparer.Ordinal);

        Assert.Equal(assigned, documented);
    }

    [Fact]
    public void Assignments_have_names_that_follow_from_scope_principal_and_role()
    {
        foreach (
            var resource in BicepFile
                .All.SelectMany(file => file.Resources)
                .Where(resource =>
                    resource.Type.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal)
                )
        )
        {
            Assert.Matches(@"name: guid\([\w\[\]]+(\(\))?\.id, \w+, [\w.]+\)", resource.Body);
        }
    }

    [Fact]
    public void The_operator_changes_named_scale_sets_only()
    {
        var roles = BicepFile.Named("app/fleetRoles.bicep");
        var changing = Actions("operator");
        var reading = Actions("observer");

        Assert.All(
            changing.Where(action => action != "Microsoft.Authorization/permissions/read"),
            action => Assert.StartsWith("Microsoft.Compute/virtualMachineScaleSets/", action)
        );
        Assert.All(reading, action => Assert.EndsWith("/read", action));
        Assert.All(changing.Concat(reading), action => Assert.DoesNotContain("*", action));
        Assert.DoesNotContain(
            roles.Resources,
            resource =>
                resource.Type.Contains("roleAssignments", StringComparison.Ordinal)
                && resource.Body.Contains("operator.id", StringComparison.Ordinal)
        );
        Assert.Contains(
            "scope: scaleSet",
            BicepFile.Named("app/fleetAccess.bicep").Resources.Single(resource => resource.Name == "fleetOperator").Body
        );

        IReadOnlyList<string> Actions(string name) =>
            [
                .. Regex
                    .Matches(
                        Regex
                            .Match(
                                roles.Resources.Single(resource => resource.Name == name).Body,
                                @" actions: \[(?<list>[^\]]*)\]"
                            )
                            .Groups["list"]
                            .Value,
                        "'(?<action>[^']*)'"
                    )
                    .Select(match => match.Groups["action"].Value),
            ];
    }

    [Fact]
    public void Three_identities_are_attached_and_each_has_a_setting_of_its_own()
    {
        var function = BicepFile.Named("app/function.bicep");

        foreach (var identity in new[] { "app", "analyst", "fleet" })
        {
            Assert.Contains($"'${{{identity}IdentityId}}': {{}}", function.Text);
            Assert.Equal(
                $"{identity}ClientId",
                function.Object("selfDevSettings")[
                    $"SelfDev__{char.ToUpperInvariant(identity[0])}{identity[1..]}ClientId"
                ]
            );
        }
    }

    private static string Role(BicepResource resource)
    {
        var id = BicepFile.Properties(
            resource.Body[resource.Body.IndexOf("properties:", StringComparison.Ordinal)..][12..]
        )["roleDefinitionId"];
        var match = Regex.Match(id, @"roleIds\.(?<role>\w+)\)|, (?<role>\w+)\)|^(?<role>\w+)(\.id)?$");
        return match.Groups["role"].Value;
    }

    private static string Scope(BicepResource resource) =>
        Regex.Match(resource.Body, @"^\s*scope: (?<scope>\w+)", RegexOptions.Multiline) is { Success: true } match
            ? match.Groups["scope"].Value
            : "subscription";

    private static string Principal(BicepResource resource) =>
        Regex.Match(resource.Body, @"principalId: (?<who>\w+)PrincipalId").Groups["who"].Value;
}
