using System.Globalization;
using System.Text.Json;

namespace SelfDev.Core.Approvals;

/// <summary>Reads fields of the policy file and gathers what is wrong with them, each with its place.</summary>
internal sealed class PolicyFields
{
    public List<string> Errors { get; } = [];

    public decimal? Price(Dictionary<string, JsonElement> node, string path, string name)
    {
        if (!node.TryGetValue(name, out var value))
        {
            return null;
        }

        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetDecimal(out var price)
            && price is >= 0 and <= 10_000_000
        )
        {
            return price;
        }

        Error($"{path}.{name}", "expected a number from 0 to 10000000");
        return null;
    }

    public Dictionary<string, JsonElement> Object(JsonElement element, string path, params string[] known)
    {
        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (element.ValueKind != JsonValueKind.Object)
        {
            Error(path, $"expected an object, found {Kind(element)}");
            return properties;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (known.Length > 0 && !known.Contains(property.Name))
            {
                Error($"{path}.{property.Name}", $"unknown; expected one of {string.Join(", ", known)}");
            }
            else if (!properties.TryAdd(property.Name, property.Value))
            {
                Error($"{path}.{property.Name}", "stands there twice");
            }
        }

        return properties;
    }

    public IReadOnlyList<JsonElement> Items(Dictionary<string, JsonElement> node, string path, string name)
    {
        if (
            node.TryGetValue(name, out var value)
            && value.ValueKind == JsonValueKind.Array
            && value.GetArrayLength() > 0
        )
        {
            return [.. value.EnumerateArray()];
        }

        Error($"{path}.{name}", "expected a list of at least one");
        return [];
    }

    public IReadOnlyList<string> Strings(Dictionary<string, JsonElement> node, string path, string name)
    {
        var items = Items(node, path, name);
        if (items.All(item => item.ValueKind == JsonValueKind.String))
        {
            return [.. items.Select(item => item.GetString()!)];
        }

        Error($"{path}.{name}", "expected texts only");
        return [];
    }

    public string? Text(Dictionary<string, JsonElement> node, string path, string name)
    {
        if (node.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Error(path, $"'{name}' is missing or not a text");
        return null;
    }

    public bool Boolean(JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Error(path, $"expected true or false, found {Kind(value)}");
        return false;
    }

    public int Number(Dictionary<string, JsonElement> node, string path, string name, int missing, int min, int max)
    {
        if (!node.TryGetValue(name, out var value))
        {
            return missing;
        }

        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number)
            && number >= min
            && number <= max
        )
        {
            return number;
        }

        Error($"{path}.{name}", $"expected a whole number from {min} to {max}");
        return missing;
    }

    public TimeSpan? Duration(Dictionary<string, JsonElement> node, string path, string name, bool isRequired)
    {
        if (!isRequired && !node.ContainsKey(name))
        {
            return null;
        }

        if (Text(node, path, name) is not { } text)
        {
            return null;
        }

        if (
            text.Length is > 1 and < 8
            && int.TryParse(
                text.AsSpan(0, text.Length - 1),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var count
            )
            && count > 0
        )
        {
            switch (text[^1])
            {
                case 's':
                    return TimeSpan.FromSeconds(count);
                case 'm':
                    return TimeSpan.FromMinutes(count);
                case 'h':
                    return TimeSpan.FromHours(count);
                case 'd':
                    return TimeSpan.FromDays(count);
            }
        }

        Error($"{path}.{name}", $"'{text}' is no duration; expected a number and s, m, h or d, e.g. 4h");
        return null;
    }

    public void Error(string path, string what) => Errors.Add($"{path}: {what}.");

    private static string Kind(JsonElement element) => element.ValueKind.ToString().ToLowerInvariant();
}
