using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using SelfDev.Core.Proposals;

namespace SelfDev.Core.Approvals;

/// <summary>
/// Reads the policy file: JSON with comments and trailing commas, one format for every host. Durations are a number and a unit:
/// <c>90s</c>, <c>30m</c>, <c>4h</c>, <c>2d</c>. Unknown names are errors, so that a misspelt rule cannot silently be none.
/// </summary>
/// <example>
/// <code>
/// {
///   "schema": "selfdev.policy/1",
///   "actionsEnabled": true,
///   "rules": [
///     { "action": "scale-fleet", "maxSize": 2, "approvers": ["ana@example.com", "bo@example.com"], "quorum": 1, "expiresAfter": "4h", "remindEvery": "1h" },
///     { "action": "*", "approvers": ["ana@example.com", "bo@example.com"], "quorum": 2, "expiresAfter": "4h" }
///   ],
///   "fleets": {
///     "gpu-train": {
///       "resourceId": "/subscriptions/.../virtualMachineScaleSets/gpu-train",
///       "minCapacity": 0, "maxCapacity": 16, "subjects": ["training/*"]
///     }
///   }
/// }
/// </code>
/// </example>
public static class ApprovalPolicyFormat
{
    public const string Schema = "selfdev.policy/1";

    /// <summary>Larger files are refused.</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly TimeSpan MaxExpiry = TimeSpan.FromDays(30);

    /// <value>Kinds that a rule may name: those of <see cref="ProposedAction"/>.</value>
    public static IReadOnlyList<string> ActionKinds { get; } = [.. typeof(ProposedAction)
        .GetCustomAttributes<JsonDerivedTypeAttribute>()
        .Select(derived => (string)derived.TypeDiscriminator!)
        .Order(StringComparer.Ordinal)];

    /// <summary>Reads and checks everything; all errors are reported at once, each with its place.</summary>
    public static PolicyReading Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            return new PolicyReading(null, [$"The policy file has {utf8.Length} bytes; at most {MaxBytes} are read."]);
        }

        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            var reader = new Reader();
            var policy = reader.Policy(document.RootElement);
            return reader.Errors.Count == 0 ? new PolicyReading(policy, []) : new PolicyReading(null, reader.Errors);
        }
        catch (JsonException exception)
        {
            return new PolicyReading(null, [$"Line {exception.LineNumber + 1}: not JSON: {exception.Message}"]);
        }
    }

    private sealed class Reader
    {
        public List<string> Errors { get; } = [];

        public ApprovalPolicy Policy(JsonElement root)
        {
            var node = Object(root, "$", "schema", "actionsEnabled", "rules", "fleets");
            if (Text(node, "$", "schema") is { } schema && schema != Schema)
            {
                Error("$.schema", $"'{schema}' is not known; expected '{Schema}'");
            }

            var enabled = !node.TryGetValue("actionsEnabled", out var value) || Boolean(value, "$.actionsEnabled");
            var rules = Items(node, "$", "rules").Select((rule, index) => Rule(rule, $"$.rules[{index}]")).ToList();
            var fleets = new Dictionary<string, PolicyFleet>(StringComparer.Ordinal);
            if (node.TryGetValue("fleets", out var named))
            {
                foreach (var (name, fleet) in Object(named, "$.fleets"))
                {
                    fleets[name] = Fleet(name, fleet, $"$.fleets.{name}");
                }
            }

            return new ApprovalPolicy(enabled, rules, fleets);
        }

        private ApprovalRule Rule(JsonElement element, string path)
        {
            var node = Object(element, path, "action", "maxSize", "approvers", "quorum", "expiresAfter", "remindEvery");
            var action = Text(node, path, "action") ?? "";
            if (action != ApprovalRule.AnyAction && !ActionKinds.Contains(action))
            {
                Error($"{path}.action", $"'{action}' is no action; expected one of {string.Join(", ", ActionKinds)}, or * for all");
            }

            var approvers = Strings(node, path, "approvers");
            for (var index = 0; index < approvers.Count; index++)
            {
                if (!Identity.IsWellFormed(approvers[index]))
                {
                    Error($"{path}.approvers[{index}]", $"'{approvers[index]}' is no identity: use an e-mail address or name of ASCII letters, digits and ._%+@-");
                }
            }

            if (approvers.Distinct(Identity.Comparer).Count() < approvers.Count)
            {
                Error($"{path}.approvers", "the same person stands in it twice");
            }

            var quorum = Number(node, path, "quorum", 1, 1, 20);
            if (quorum > approvers.Count)
            {
                Error($"{path}.quorum", $"{quorum} approvals cannot come from {approvers.Count} approvers");
            }

            var expiresAfter = Duration(node, path, "expiresAfter", isRequired: true) ?? MaxExpiry;
            var remindEvery = Duration(node, path, "remindEvery", isRequired: false);
            if (expiresAfter > MaxExpiry)
            {
                Error($"{path}.expiresAfter", "at most 30d");
            }

            if (remindEvery >= expiresAfter)
            {
                Error($"{path}.remindEvery", "has to be shorter than expiresAfter");
            }

            long? maxSize = node.ContainsKey("maxSize") ? Number(node, path, "maxSize", 0, 0, int.MaxValue) : null;
            return new ApprovalRule(action, maxSize, approvers, quorum, expiresAfter, remindEvery);
        }

        private PolicyFleet Fleet(string name, JsonElement element, string path)
        {
            var node = Object(element, path, "resourceId", "minCapacity", "maxCapacity", "instanceHourUsd", "subjects");
            var resourceId = Text(node, path, "resourceId") ?? "";
            if (!resourceId.StartsWith("/subscriptions/", StringComparison.OrdinalIgnoreCase)
                || !resourceId.Contains("/providers/Microsoft.Compute/virtualMachineScaleSets/", StringComparison.OrdinalIgnoreCase))
            {
                Error($"{path}.resourceId", "expected /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.Compute/virtualMachineScaleSets/<name>");
            }

            var min = Number(node, path, "minCapacity", 0, 0, 1000);
            if (!node.ContainsKey("maxCapacity"))
            {
                Error(path, "'maxCapacity' is missing: say how large the fleet may become");
            }

            // 1000 instances is Azure's own limit of a scale set (learn.microsoft.com, "Virtual Machine Scale Sets FAQ").
            var max = Number(node, path, "maxCapacity", 0, 0, 1000);
            if (max < min)
            {
                Error($"{path}.maxCapacity", $"{max} is below minCapacity {min}");
            }

            return new PolicyFleet(name, resourceId.TrimEnd('/'), min, max, node.ContainsKey("subjects") ? Strings(node, path, "subjects") : [])
            {
                HourlyPrice = Price(node, path),
            };
        }

        private decimal? Price(Dictionary<string, JsonElement> node, string path)
        {
            const string Name = "instanceHourUsd";
            if (!node.TryGetValue(Name, out var value))
            {
                return null;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var price) && price is >= 0 and <= 100_000)
            {
                return price;
            }

            Error($"{path}.{Name}", "expected a number from 0 to 100000");
            return null;
        }

        private Dictionary<string, JsonElement> Object(JsonElement element, string path, params string[] known)
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

        private IReadOnlyList<JsonElement> Items(Dictionary<string, JsonElement> node, string path, string name)
        {
            if (node.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            {
                return [.. value.EnumerateArray()];
            }

            Error($"{path}.{name}", "expected a list of at least one");
            return [];
        }

        private IReadOnlyList<string> Strings(Dictionary<string, JsonElement> node, string path, string name)
        {
            var items = Items(node, path, name);
            if (items.All(item => item.ValueKind == JsonValueKind.String))
            {
                return [.. items.Select(item => item.GetString()!)];
            }

            Error($"{path}.{name}", "expected texts only");
            return [];
        }

        private string? Text(Dictionary<string, JsonElement> node, string path, string name)
        {
            if (node.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String)
            {
                return value.GetString();
            }

            Error(path, $"'{name}' is missing or not a text");
            return null;
        }

        private bool Boolean(JsonElement value, string path)
        {
            if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            {
                return value.GetBoolean();
            }

            Error(path, $"expected true or false, found {Kind(value)}");
            return false;
        }

        private int Number(Dictionary<string, JsonElement> node, string path, string name, int missing, int min, int max)
        {
            if (!node.TryGetValue(name, out var value))
            {
                return missing;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
            {
                return number;
            }

            Error($"{path}.{name}", $"expected a whole number from {min} to {max}");
            return missing;
        }

        private TimeSpan? Duration(Dictionary<string, JsonElement> node, string path, string name, bool isRequired)
        {
            if (!isRequired && !node.ContainsKey(name))
            {
                return null;
            }

            if (Text(node, path, name) is not { } text)
            {
                return null;
            }

            if (text.Length is > 1 and < 8 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
            {
                switch (text[^1])
                {
                    case 's': return TimeSpan.FromSeconds(count);
                    case 'm': return TimeSpan.FromMinutes(count);
                    case 'h': return TimeSpan.FromHours(count);
                    case 'd': return TimeSpan.FromDays(count);
                }
            }

            Error($"{path}.{name}", $"'{text}' is no duration; expected a number and s, m, h or d, e.g. 4h");
            return null;
        }

        private void Error(string path, string what) => Errors.Add($"{path}: {what}.");

        private static string Kind(JsonElement element) => element.ValueKind.ToString().ToLowerInvariant();
    }
}

/// <param name="Policy">Null when there are errors.</param>
/// <param name="Errors">Place and remedy, one sentence each.</param>
public sealed record PolicyReading(ApprovalPolicy? Policy, IReadOnlyList<string> Errors);
