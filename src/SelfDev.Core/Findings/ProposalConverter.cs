using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>Writes a proposal as <c>{ action, parameters, why, ... }</c>: the shape of the report envelope.</summary>
internal sealed class ProposalConverter : JsonConverter<Proposal>
{
    public override Proposal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var node = JsonNode.Parse(ref reader) as JsonObject ?? throw new JsonException("A proposal is an object.");
        // The discriminator has to come first for the polymorphic reader.
        var action = new JsonObject { ["action"] = node["action"]?.DeepClone() };
        if (node["parameters"] is JsonObject parameters)
        {
            foreach (var (name, value) in parameters)
            {
                action[name] = value?.DeepClone();
            }
        }

        return new Proposal(
            action.Deserialize<ProposedAction>(options) ?? throw new JsonException("A proposal needs an action."),
            (string?)node["why"] ?? ""
        )
        {
            ExpectedOutcome = (string?)node["expectedOutcome"],
            Cost = (string?)node["cost"],
            Risk = (string?)node["risk"],
            FindingIds = node["findingIds"]?.Deserialize<string[]>(options) ?? [],
        };
    }

    public override void Write(Utf8JsonWriter writer, Proposal value, JsonSerializerOptions options)
    {
        var parameters = JsonSerializer.SerializeToNode(value.Action, options)!.AsObject();
        parameters.Remove("action");
        foreach (var (name, _) in parameters.Where(parameter => parameter.Value is null).ToList())
        {
            parameters.Remove(name);
        }

        writer.WriteStartObject();
        writer.WriteString("action", value.Action.Kind);
        writer.WritePropertyName("parameters");
        parameters.WriteTo(writer, options);
        writer.WriteString("why", value.Why);
        WriteOptional(writer, "expectedOutcome", value.ExpectedOutcome);
        WriteOptional(writer, "cost", value.Cost);
        WriteOptional(writer, "risk", value.Risk);
        if (value.FindingIds.Count > 0)
        {
            writer.WritePropertyName("findingIds");
            JsonSerializer.Serialize(writer, value.FindingIds, options);
        }

        writer.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
