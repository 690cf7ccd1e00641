using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Approvals;

/// <summary>
/// Reads the policy file: JSON with comments and trailing commas, one format for every host. Durations are a number and
/// a unit:
/// <c>90s</c>, <c>30m</c>, <c>4h</c>, <c>2d</c>. Unknown names are errors, so that a misspelt rule cannot silently be
/// none.
/// </summary>
/// <example>
/// <code>
/// {
///   "schema": "selfdev.policy/1",
///   "actionsEnabled": true,
///   "rules": [
///     { "action": "scale-fleet", "maxSize": 2, "approvers": ["ana@example.com", "bo@example.com"], "quorum": 1,
/// "expiresAfter": "4h", "remindEvery": "1h" },
///     { "action": "*", "approvers": ["ana@example.com", "bo@example.com"], "quorum": 2, "signIn": "required",
/// "expiresAfter": "4h" }
///   ],
///   "people": { "ana@example.com": { "webhook": "https://hooks.example.com/ana" } },
///   "killSwitch": { "release": ["ana@example.com"] },
///   "fleets": {
///     "gpu-train": {
///       "resourceId": "/subscriptions/.../virtualMachineScaleSets/gpu-train",
///       "minCapacity": 0, "maxCapacity": 16, "subjects": ["training/*"]
///     }
///   },
///   "analysts": { "assistant": { "checkpoint": "step-3000", "trainedFrom": ["step-2000", "step-1000"] } }
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
    public static IReadOnlyList<string> ActionKinds { get; } =
    [.. ActionCatalog.Rows.Select(row => row.Kind).Order(StringComparer.Ordinal)];

    /// <summary>Reads and checks everything; all errors are reported at once, each with its place.</summary>
    public static PolicyReading Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            return new PolicyReading(null, [$"The policy file has {utf8.Length} bytes; at most {MaxBytes} are read."]);
        }

        try
        {
            using var document = JsonDocument.Parse(
                utf8,
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }
            );
            var fields = new PolicyFields();
            var policy = Policy(fields, document.RootElement);
            return fields.Errors.Count == 0 ? new PolicyReading(policy, []) : new PolicyReading(null, fields.Errors);
        }
        catch (JsonException exception)
        {
            return new PolicyReading(null, [$"Line {exception.LineNumber + 1}: not JSON: {exception.Message}"]);
        }
    }

    private static ApprovalPolicy Policy(PolicyFields fields, JsonElement root)
    {
        var node = fields.Object(
            root,
            "$",
            "schema",
            "actionsEnabled",
            "rules",
            "people",
            "killSwitch",
            "fleets",
            "analysts"
        );
        if (fields.Text(node, "$", "schema") is { } schema && schema != Schema)
        {
            fields.Error("$.schema", $"'{schema}' is not known; expected '{Schema}'");
        }

        var enabled = !node.TryGetValue("actionsEnabled", out var value) || fields.Boolean(value, "$.actionsEnabled");
        var rules = fields
            .Items(node, "$", "rules")
            .Select((rule, index) => Rule(fields, rule, $"$.rules[{index}]"))
            .ToList();
        var fleets = new Dictionary<string, PolicyFleet>(StringComparer.Ordinal);
        var fleetFormat = new PolicyFleetFormat(fields);
        if (node.TryGetValue("fleets", out var named))
        {
            foreach (var (name, fleet) in fields.Object(named, "$.fleets"))
            {
                fleets[name] = fleetFormat.Read(name, fleet, $"$.fleets.{name}");
            }
        }

        var people = new PolicyPeopleFormat(fields);
        return new ApprovalPolicy(enabled, rules, fleets)
        {
            People = node.TryGetValue("people", out var listed)
                ? people.Read(listed, "$.people")
                : new Dictionary<string, PolicyPerson>(),
            KillSwitchReleasers = node.TryGetValue("killSwitch", out var killSwitch)
                ? people.Releasers(killSwitch, "$.killSwitch")
                : null,
            Analysts = node.TryGetValue("analysts", out var analysts)
                ? new PolicyAnalystFormat(fields).Read(analysts, "$.analysts")
                : ApprovalPolicy.DenyAll.Analysts,
        };
    }

    private static ApprovalRule Rule(PolicyFields fields, JsonElement element, string path)
    {
        var node = fields.Object(
            element,
            path,
            "action",
            "maxSize",
            "approvers",
            "quorum",
            "signIn",
            "expiresAfter",
            "remindEvery"
        );
        var action = fields.Text(node, path, "action") ?? "";
        if (action != ApprovalRule.AnyAction && !ActionKinds.Contains(action))
        {
            fields.Error(
                $"{path}.action",
                $"'{action}' is no action; expected one of {string.Join(", ", ActionKinds)}, or * for all"
            );
        }

        var approvers = fields.Strings(node, path, "approvers");
        for (var index = 0; index < approvers.Count; index++)
        {
            if (!Identity.IsWellFormed(approvers[index]))
            {
                fields.Error(
                    $"{path}.approvers[{index}]",
                    $"'{approvers[index]}' is no identity: use an e-mail address or name of ASCII letters, digits and "
                        + $"._%+@-"
                );
            }
        }

        if (approvers.Distinct(Identity.Comparer).Count() < approvers.Count)
        {
            fields.Error($"{path}.approvers", "the same person stands in it twice");
        }

        var quorum = fields.Number(node, path, "quorum", 1, 1, 20);
        if (quorum > approvers.Count)
        {
            fields.Error($"{path}.quorum", $"{quorum} approvals cannot come from {approvers.Count} approvers");
        }

        var expiresAfter = fields.Duration(node, path, "expiresAfter", isRequired: true) ?? MaxExpiry;
        var remindEvery = fields.Duration(node, path, "remindEvery", isRequired: false);
        if (expiresAfter > MaxExpiry)
        {
            fields.Error($"{path}.expiresAfter", "at most 30d");
        }

        if (remindEvery >= expiresAfter)
        {
            fields.Error($"{path}.remindEvery", "has to be shorter than expiresAfter");
        }

        long? maxSize = node.ContainsKey("maxSize") ? fields.Number(node, path, "maxSize", 0, 0, int.MaxValue) : null;
        return new ApprovalRule(action, maxSize, approvers, quorum, expiresAfter, remindEvery)
        {
            SignIn = SignIn(fields, node, path),
        };
    }

    private static bool SignIn(PolicyFields fields, Dictionary<string, JsonElement> node, string path)
    {
        if (!node.ContainsKey("signIn"))
        {
            return false;
        }

        var text = fields.Text(node, path, "signIn");
        if (text is not (null or "required" or "link"))
        {
            fields.Error(
                $"{path}.signIn",
                $"'{text}' is not known; expected 'required', or 'link' (a link is enough where the quorum is 1)"
            );
        }

        // What cannot be understood counts as the stricter one.
        return text != "link";
    }
}

/// <param name="Policy">Null when there are errors.</param>
/// <param name="Errors">Place and remedy, one sentence each.</param>
public sealed record PolicyReading(ApprovalPolicy? Policy, IReadOnlyList<string> Errors);
