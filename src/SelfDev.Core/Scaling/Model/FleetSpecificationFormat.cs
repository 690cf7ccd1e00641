using System.Text.Json;
using System.Text.Json.Serialization;
using SelfDev.Core.Text;

namespace SelfDev.Core.Scaling.Model;

/// <summary>
/// A fleet as JSON, names in camelCase as the properties of <see cref="FleetSpecification"/>:
/// <c>{"name": "chat", "serviceLevel": {"timeToFirstTokenSeconds": 2}, "coldStartSeconds": 155, "floor": 2, "ceiling":
/// 20, "replica": {"stepSeconds": 0.012, "sequenceSeconds": 1e-5, "prefillTokenSeconds": 6e-5, "batchLimit": 256}}</c>.
/// Unknown and doubled names are refused, so that a misspelt limit is never silently the default.
/// </summary>
public static class FleetSpecificationFormat
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        NumberHandling = JsonNumberHandling.Strict,
        MaxDepth = 8,
    };

    /// <summary>Reads and checks a fleet.</summary>
    /// <param name="problem">What is wrong with it, fit to be shown; empty where nothing is.</param>
    /// <returns>Null where it cannot be used.</returns>
    public static FleetSpecification? Parse(string json, out string problem)
    {
        try
        {
            var fleet = JsonSerializer.Deserialize<FleetSpecification>(json, Options);
            problem = fleet is null ? "The fleet is null." : string.Join(" ", fleet.Problems());
            return problem.Length == 0 ? fleet : null;
        }
        catch (JsonException wrong)
        {
            problem = $"The fleet is no JSON that can be used: {SafeText.SingleLine(wrong.Message)}";
            return null;
        }
    }

    /// <summary>The fleet as <see cref="Parse"/> reads it.</summary>
    public static string Write(FleetSpecification fleet) => JsonSerializer.Serialize(fleet, WriteOptions);

    // What is not limited has no number in JSON, and is the default when it is left out.
    private static readonly JsonSerializerOptions WriteOptions = new(Options)
    {
        Converters = { new UnlimitedConverter() },
    };

    private sealed class UnlimitedConverter : JsonConverter<ServiceLevel>
    {
        public override ServiceLevel Read(
            ref Utf8JsonReader reader,
            Type typeToConvert,
            JsonSerializerOptions options
        ) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, ServiceLevel value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteNumber("timeToFirstTokenSeconds", value.TimeToFirstTokenSeconds);
            writer.WriteNumber("interTokenSeconds", value.InterTokenSeconds);
            if (double.IsFinite(value.QueueSeconds))
            {
                writer.WriteNumber("queueSeconds", value.QueueSeconds);
            }

            writer.WriteNumber("attainment", value.Attainment);
            writer.WriteEndObject();
        }
    }
}
