using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Local.ArmSimulator;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.ArmSimulator;

/// <summary>
/// Holds every body to Microsoft's own examples of the same operation: no property that is not there, none of another
/// type. What the later API version adds is listed by name.
/// </summary>
public sealed class ExampleShapeTests
{
    private static readonly string[] AddedBy20241101 =
    [
        "etag:String",
        "zones[]:String",
        "properties.virtualMachineProfile.priority:String",
        "properties.virtualMachineProfile.evictionPolicy:String",
    ];

    // Times are strings of either form; integers and fractions are one kind of number.
    [Fact]
    public async Task Scale_sets_have_the_shape_of_the_examples()
    {
        var known = Examples("VirtualMachineScaleSet_Get.json", "VirtualMachineScaleSet_Get_WithUserData.json");
        await using var arm = await RawArm.StartAsync(
            new ArmSimulatorOptions { ScaleSets = [new() { Zones = ["1"], Spot = true }] }
        );

        var body = await arm.GetAsync($"{arm.Set}?{RawArm.Version}");

        AssertCovered(body, [.. known, .. AddedBy20241101]);
        // The other direction for what clients read: a shape with nothing in it would pass as well.
        Assert.Superset(
            new HashSet<string>
            {
                "name:String",
                "id:String",
                "type:String",
                "location:String",
                "sku.name:String",
                "sku.capacity:Number",
                "etag:String",
            },
            Shape(body)
        );
    }

    [Fact]
    public async Task An_updated_scale_set_is_answered_whole()
    {
        var known = Examples(
            "VirtualMachineScaleSet_Get.json",
            "VirtualMachineScaleSet_Get_WithUserData.json",
            "VirtualMachineScaleSet_Update_MinimumSet_Gen.json"
        );
        await using var arm = await RawArm.StartAsync();

        using var response = await arm.SendAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(5));

        Assert.Equal(200, (int)response.StatusCode);
        AssertCovered(await RawArm.ReadAsync(response), [.. known, .. AddedBy20241101]);
    }

    [Fact]
    public async Task Lists_of_scale_sets_have_the_shape_of_the_examples()
    {
        var known = Examples(
            "VirtualMachineScaleSet_ListBySubscription_ByLocation.json",
            "VirtualMachineScaleSet_List_MinimumSet_Gen.json"
        );
        await using var arm = await RawArm.StartAsync();

        var body = await arm.GetAsync($"{arm.Set[..arm.Set.LastIndexOf('/')]}?{RawArm.Version}");

        AssertCovered(
            body,
            [
                .. known,
                .. AddedBy20241101.Select(path => "value[]." + path),
                .. Examples("VirtualMachineScaleSet_Get.json", "VirtualMachineScaleSet_Get_WithUserData.json")
                    .Select(path => "value[]." + path),
            ]
        );
    }

    [Fact]
    public async Task Instances_have_the_shape_of_the_examples()
    {
        var known = Examples("VirtualMachineScaleSetVM_List_MaximumSet_Gen.json");
        await using var arm = await RawArm.StartAsync(
            new ArmSimulatorOptions { PageSize = 2, ScaleSets = [new() { Zones = ["1"] }] }
        );
        await ProtectAsync(arm, "0");

        var body = await arm.GetAsync($"{arm.Set}/virtualMachines?{RawArm.Version}&$expand=instanceView");

        AssertCovered(body, [.. known, "value[].etag:String"]);
        Assert.Superset(
            new HashSet<string>
            {
                "nextLink:String",
                "value[].instanceId:String",
                "value[].properties.osProfile.computerName:String",
                "value[].properties.vmId:String",
                "value[].properties.instanceView.statuses[].code:String",
                "value[].properties.protectionPolicy.protectFromScaleIn:True",
            },
            Shape(body)
        );
    }

    [Fact]
    public async Task A_single_instance_has_the_shape_of_the_examples()
    {
        var list = Examples("VirtualMachineScaleSetVM_List_MaximumSet_Gen.json")
            .Where(path => path.StartsWith("value[].", StringComparison.Ordinal))
            .Select(path => path["value[].".Length..]);
        await using var arm = await RawArm.StartAsync();

        var body = await arm.GetAsync($"{arm.Set}/virtualMachines/0?{RawArm.Version}");

        AssertCovered(
            body,
            [.. list, .. Examples("VirtualMachineScaleSetVM_Get_WithVMSizeProperties.json"), "etag:String"]
        );
    }

    [Fact]
    public async Task The_instance_view_has_the_shape_of_the_example()
    {
        var known = Examples("VirtualMachineScaleSet_GetInstanceView_MaximumSet_Gen.json");
        await using var arm = await RawArm.StartAsync();

        var body = await arm.GetAsync($"{arm.Set}/instanceView?{RawArm.Version}");

        AssertCovered(body, known);
        Assert.Equal(
            "ProvisioningState/succeeded",
            body["virtualMachine"]!["statusesSummary"]![0]!["code"]!.GetValue<string>()
        );
        Assert.Equal(4, body["virtualMachine"]!["statusesSummary"]![0]!["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Usages_have_the_shape_of_the_example()
    {
        var known = Examples("Usage_List_MaximumSet_Gen.json");
        await using var arm = await RawArm.StartAsync();

        var body = await arm.GetAsync(
            $"{arm.Subscription}/providers/Microsoft.Compute/locations/eastus/usages?{RawArm.Version}"
        );

        AssertCovered(body, known);
        Assert.Superset(
            new HashSet<string> { "value[].currentValue:Number", "value[].limit:Number", "value[].name.value:String" },
            Shape(body)
        );
    }

    [Theory]
    [InlineData("VirtualMachineScaleSetVM_Reimage_MaximumSet_Gen.json", "POST", "/virtualMachines/1/reimage", null)]
    [InlineData("VirtualMachineScaleSetVM_Delete_Force.json", "DELETE", "/virtualMachines/1", null)]
    [InlineData("VirtualMachineScaleSet_DeleteInstances_MaximumSet_Gen.json", "POST", "/delete", "1")]
    [InlineData("VirtualMachineScaleSet_Reimage_MaximumSet_Gen.json", "POST", "/reimage", "1")]
    [InlineData("VirtualMachineScaleSetVM_SimulateEviction.json", "POST", "/virtualMachines/1/simulateEviction", null)]
    public async Task Actions_answer_with_a_status_and_headers_that_the_example_documents(
        string example,
        string method,
        string path,
        string? instanceId
    )
    {
        var responses = Document(example)["responses"]!.AsObject();
        await using var arm = await RawArm.StartAsync(new ArmSimulatorOptions { ScaleSets = [new() { Spot = true }] });
        var body = instanceId is null ? null : new JsonObject { ["instanceIds"] = new JsonArray(instanceId) };

        using var response = await arm.SendAsync(new HttpMethod(method), $"{arm.Set}{path}?{RawArm.Version}", body);

        var documented = responses[
            ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture)
        ];
        Assert.NotNull(documented);
        foreach (var header in documented["headers"]?.AsObject() ?? [])
        {
            Assert.True(response.Headers.Contains(header.Key), $"The example has the header {header.Key}.");
        }

        Assert.Equal("", await response.Content.ReadAsStringAsync(RawArm.Cancellation));
    }

    internal static async Task ProtectAsync(RawArm arm, string instanceId)
    {
        var policy = new JsonObject
        {
            ["properties"] = new JsonObject { ["protectionPolicy"] = new JsonObject { ["protectFromScaleIn"] = true } },
        };
        using var response = await arm.SendAsync(
            HttpMethod.Put,
            $"{arm.Set}/virtualMachines/{instanceId}?{RawArm.Version}",
            policy
        );
        Assert.Equal(200, (int)response.StatusCode);
    }

    private static JsonObject Document(string example) =>
        JsonNode.Parse(File.ReadAllText(SharedData.Require("arm-examples/" + example)))!.AsObject();

    private static HashSet<string> Examples(params string[] examples) =>
        [.. examples.SelectMany(example => Shape(Document(example)["responses"]!["200"]!["body"]!))];

    private static void AssertCovered(JsonObject body, IEnumerable<string> known)
    {
        // True and False are one type in any schema.
        var allowed = known.Select(path => path.Replace(":False", ":True", StringComparison.Ordinal)).ToHashSet();
        allowed.UnionWith(Shape(body).Where(IsTag));
        Assert.Subset(
            allowed,
            Shape(body).Select(path => path.Replace(":False", ":True", StringComparison.Ordinal)).ToHashSet()
        );
    }

    // The names of tags are the user's own.
    private static bool IsTag(string path) => path.Contains("tags.", StringComparison.Ordinal);

    private static HashSet<string> Shape(JsonNode node)
    {
        var paths = new HashSet<string>();
        Walk(node, "");
        return paths;

        void Walk(JsonNode? value, string path)
        {
            switch (value)
            {
                case JsonObject fields:
                    foreach (var field in fields)
                    {
                        Walk(field.Value, path.Length == 0 ? field.Key : path + "." + field.Key);
                    }

                    break;
                case JsonArray items:
                    foreach (var item in items)
                    {
                        Walk(item, path + "[]");
                    }

                    break;
                default:
                    paths.Add(path + ":" + (value?.GetValueKind() ?? JsonValueKind.Null));
                    break;
            }
        }
    }
}
