using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class ApprovalPolicyTests
{
    private const string Sample = """
        {
          "schema": "selfdev.policy/1",
          // Small changes need one person, others two.
          "rules": [
            { "action": "scale-fleet", "maxSize": 2, "approvers": ["ana@example.com", "bo@example.com"], "expiresAfter": "4h", "remindEvery": "30m" },
            { "action": "*", "approvers": ["ana@example.com", "bo@example.com"], "quorum": 2, "expiresAfter": "2d" },
          ],
          "fleets": {
            "gpu-train": {
              "resourceId": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train",
              "minCapacity": 2, "maxCapacity": 16, "subjects": ["training/*", "training/run7"]
            },
            "gpu-chat": {
              "resourceId": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-chat",
              "maxCapacity": 8, "subjects": ["training/chat-*", "serving/chat"]
            }
          }
        }
        """;

    private static ApprovalPolicy Policy => Parse(Sample);

    private static string With(string section) =>
        Sample.Replace("// Small changes", section + "// Small changes", StringComparison.Ordinal);

    [Theory]
    [InlineData("3", "4", 1)]
    [InlineData("5", "3", 1)]
    [InlineData("3", "6", 2)]
    public void Size_decides_how_many_have_to_agree(string from, string to, int quorum) =>
        Assert.Equal(quorum, Policy.Require(Plans.Scale(from, to)).Requirement!.Quorum);

    [Theory]
    [InlineData("1000000")]
    [InlineData("17")]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("1e3")]
    [InlineData("")]
    [InlineData("99999999999999999999")]
    public void No_capacity_outside_the_fleets_limits_can_be_proposed(string to)
    {
        var answer = Policy.Require(Plans.Scale("3", to));
        Assert.Null(answer.Requirement);
        Assert.NotNull(answer.Refusal);
    }

    [Theory]
    [InlineData("restart", true)]
    [InlineData("scale-fleet", false)]
    [InlineData("replace-node", false)]
    public void Only_what_changes_a_fleet_has_to_belong_to_one(string action, bool may)
    {
        var plan = Plans.Scale("3", "4") with
        {
            Action = action,
            Resource = "commands/training/run7",
            To = new Dictionary<string, string> { ["step"] = "7" },
        };
        Assert.Equal(may, Policy.Require(plan).Refusal is null);
    }

    [Theory]
    [InlineData("2")]
    [InlineData("16")]
    public void The_fleets_limits_themselves_can_be_proposed(string to) =>
        Assert.NotNull(Policy.Require(Plans.Scale("3", to)).Requirement);

    [Theory]
    [InlineData("\"signIn\": \"required\", ", true)]
    [InlineData("\"signIn\": \"link\", ", false)]
    [InlineData("", false)]
    public void A_rule_may_ask_for_a_sign_in(string text, bool expected)
    {
        var policy = Parse(Sample.Replace("\"maxSize\": 2, ", "\"maxSize\": 2, " + text, StringComparison.Ordinal));
        var requirement = policy.Require(Plans.Scale("3", "4")).Requirement!;
        Assert.Equal((expected, expected), (requirement.SignIn, requirement.NeedsSignIn));
        Assert.True(policy.Require(Plans.Scale("3", "6")).Requirement!.NeedsSignIn);
    }

    [Fact]
    public void People_have_addresses_of_their_own_and_some_may_release_the_kill_switch()
    {
        var policy = Parse(
            With(
                """
                "people": { "ana@example.com": { "webhook": "https://hooks.example.com/ana" } }, "killSwitch": { "release": ["bo@example.com"] },
                """
            )
        );
        Assert.Equal("https://hooks.example.com/ana", policy.AddressOf("ANA@example.com")!.ToString());
        Assert.Null(policy.AddressOf("bo@example.com"));
        Assert.True(policy.MayReleaseKillSwitch("BO@example.com"));
        Assert.False(policy.MayReleaseKillSwitch("ana@example.com"));
        Assert.True(Policy.MayReleaseKillSwitch("ana@example.com"));
        Assert.False(Policy.MayReleaseKillSwitch("eve@example.com"));
        Assert.False(ApprovalPolicy.DenyAll.MayReleaseKillSwitch("ana@example.com"));
    }

    [Theory]
    [InlineData("\"people\": { \"ana@example.com\": { \"webhook\": \"ftp://x/y\" } },", "is no http or https address")]
    [InlineData("\"people\": { \"ana@example.com\": { \"webhook\": \"/x\" } },", "is no http or https address")]
    [InlineData("\"people\": { \"ana <x>\": { \"webhook\": \"https://x/y\" } },", "is no identity")]
    [InlineData(
        "\"people\": { \"ana@e\": { \"webhook\": \"https://x/y\" }, \"ANA@e\": { \"webhook\": \"https://x/z\" } },",
        "stands in it twice"
    )]
    [InlineData(
        "\"people\": { \"ana@e\": { \"webhook\": \"https://x/y\" }, \"bo@e\": { \"webhook\": \"https://x/y\" } },",
        "have one address"
    )]
    [InlineData("\"killSwitch\": { \"release\": [] },", "expected a list of at least one")]
    [InlineData("\"killSwitch\": { \"release\": [\"a b\"] },", "is no identity")]
    [InlineData("\"killSwitch\": { \"relase\": [\"a\"] },", "unknown")]
    public void What_cannot_be_meant_is_named(string text, string problem)
    {
        var reading = ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(With(text)));
        Assert.Null(reading.Policy);
        Assert.Contains(reading.Errors, error => error.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_resource_outside_the_policy_cannot_be_touched()
    {
        Assert.Contains(
            "no fleet",
            Policy.Require(Plans.Scale() with { Resource = Plans.FleetId + "-2" }).Refusal,
            StringComparison.Ordinal
        );
        Assert.NotNull(
            Policy
                .Require(
                    Plans.Scale() with
                    {
                        Action = "replace-node",
                        Resource = Plans.FleetId.ToUpperInvariant() + "/virtualMachines/3",
                    }
                )
                .Requirement
        );
    }

    [Fact]
    public void An_action_without_a_rule_is_refused()
    {
        var policy = Policy with { Rules = [Policy.Rules[0]] };
        Assert.Contains("No rule", policy.Require(Plans.Scale("3", "9")).Refusal, StringComparison.Ordinal);
        Assert.NotNull(ApprovalPolicy.DenyAll.Require(Plans.Scale()).Refusal);
    }

    [Fact]
    public void The_proposer_is_not_asked_and_an_unreachable_quorum_is_said_at_once()
    {
        Assert.Equal(
            ["bo@example.com"],
            Policy.Require(Plans.Scale() with { Proposer = "ANA@example.com" }).Requirement!.Approvers
        );
        Assert.Contains(
            "without the proposer",
            Policy.Require(Plans.Scale("3", "9") with { Proposer = "ana@example.com" }).Refusal,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_price_says_what_a_change_of_capacity_costs_and_no_price_says_nothing()
    {
        Assert.Null(Policy.PriceOf(Plans.Scale("3", "5")));
        var priced = Policy with
        {
            Fleets = Policy.Fleets.ToDictionary(fleet => fleet.Key, fleet => fleet.Value with { HourlyPrice = 98.32m }),
        };
        Assert.Equal(
            "2 instances more at 98.32 USD an hour: 196.64 USD an hour more, 491.60 USD in all.",
            priced.PriceOf(Plans.Scale("3", "5"))
        );
        Assert.Equal(
            "1 instance fewer at 98.32 USD an hour: 98.32 USD an hour less, 196.64 USD in all.",
            priced.PriceOf(Plans.Scale("3", "2"))
        );
    }

    [Fact]
    public void What_changes_no_capacity_or_belongs_to_no_fleet_has_no_price()
    {
        var priced = Policy with
        {
            Fleets = Policy.Fleets.ToDictionary(fleet => fleet.Key, fleet => fleet.Value with { HourlyPrice = 98.32m }),
        };
        Assert.Null(priced.PriceOf(Plans.Scale("3", "3")));
        Assert.Null(priced.PriceOf(Plans.Scale("3", "5") with { Resource = "/subscriptions/0/elsewhere" }));
        Assert.Null(priced.PriceOf(Plans.Scale("3", "x")));
        Assert.Null(priced.PriceOf(Plans.Scale("x", "3")));
        Assert.Null(priced.PriceOf(Plans.Scale() with { To = new Dictionary<string, string>() }));
        Assert.Null(priced.PriceOf(Plans.Scale() with { From = new Dictionary<string, string>() }));
    }

    // What sets no capacity counts as one change, and has no limits to keep to.
    [Fact]
    public void A_plan_without_a_capacity_is_of_size_one()
    {
        var node = Plans.Scale() with
        {
            Action = "replace-node",
            Resource = Plans.FleetId + "/virtualMachines/3",
            From = new Dictionary<string, string> { ["state"] = "failed" },
            To = new Dictionary<string, string> { ["state"] = "running" },
        };
        Assert.Equal(1, ApprovalPolicy.SizeOf(node));
        Assert.Equal(2, Policy.Require(node).Requirement!.Quorum);
        Assert.Equal(
            1,
            (Policy with { Rules = [Policy.Rules[0] with { Action = "replace-node", MaxSize = 1 }] })
                .Require(node)
                .Requirement!.Quorum
        );
    }

    [Theory]
    [InlineData("3", "many")]
    [InlineData("many", "4")]
    [InlineData("-3", "4")]
    [InlineData(null, "4")]
    public void A_capacity_that_is_no_number_is_refused_before_and_after(string? from, string to)
    {
        var plan = Plans.Scale("3", to);
        var before = from is null ? [] : new Dictionary<string, string> { ["capacity"] = from };
        Assert.Contains(
            "is not a capacity",
            Policy.Require(plan with { From = before }).Refusal,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_rule_is_for_its_action_alone()
    {
        var policy = Policy with { Rules = [Policy.Rules[0] with { Action = "replace-node" }, Policy.Rules[1]] };
        Assert.Equal(2, policy.Require(Plans.Scale("3", "4")).Requirement!.Quorum);
    }

    [Theory]
    [InlineData("scale-fleet", 2, 4)]
    [InlineData("scale-fleet", 3, 48)]
    [InlineData("replace-node", 1, 48)]
    public void The_first_rule_that_covers_an_action_says_how_long_it_waits(string action, long size, int hours)
    {
        Assert.Equal(TimeSpan.FromHours(hours), Policy.ExpiryOf(action, size));
        Assert.Null((Policy with { Rules = [Policy.Rules[0]] }).ExpiryOf("replace-node", size));
    }

    [Fact]
    public void Of_fleets_with_one_pattern_or_one_resource_always_the_same_is_taken()
    {
        var (one, other) = (
            Policy.Fleets["gpu-train"] with
            {
                Name = "b",
            },
            Policy.Fleets["gpu-train"] with
            {
                Name = "a",
                MinCapacity = 0,
            }
        );
        var policy = Policy with
        {
            Fleets = new Dictionary<string, PolicyFleet> { ["b"] = one, ["a"] = other },
        };
        Assert.Equal("a", policy.FleetOf("training/run7")!.Name);
        Assert.Contains("the fleet 'b'", policy.Require(Plans.Scale("3", "1")).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_switched_on_where_there_is_no_policy() =>
        Assert.False(ApprovalPolicy.DenyAll.ActionsEnabled);

    [Theory]
    [InlineData("\"actionsEnabled\": true,", true)]
    [InlineData("\"actionsEnabled\": false,", false)]
    [InlineData("", true)]
    public void The_file_says_whether_anything_is_done(string text, bool expected) =>
        Assert.Equal(expected, Parse(With(text)).ActionsEnabled);

    [Fact]
    public void All_actions_can_be_switched_off() =>
        Assert.Contains(
            "switches all actions off",
            (Policy with { ActionsEnabled = false }).Require(Plans.Scale()).Refusal,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("training/run7", "gpu-train")]
    [InlineData("training/other", "gpu-train")]
    [InlineData("training/chat-2", "gpu-chat")]
    [InlineData("serving/chat", "gpu-chat")]
    [InlineData("serving/chat2", null)]
    [InlineData("training/chat", "gpu-train")]
    [InlineData("training/chatter", "gpu-train")]
    public void The_most_specific_pattern_gives_the_fleet(string subject, string? fleet) =>
        Assert.Equal(fleet, Policy.FleetOf(subject)?.Name);

    // Also where the prefix, its star counted, is the longer text.
    [Fact]
    public void The_name_itself_comes_before_every_prefix()
    {
        var policy = Parse(Sample.Replace("\"training/*\"", "\"serving/chat*\"", StringComparison.Ordinal));
        Assert.Equal("gpu-chat", policy.FleetOf("serving/chat")!.Name);
        Assert.Equal("gpu-train", policy.FleetOf("serving/chatty")!.Name);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1m", 60)]
    [InlineData("3h", 10_800)]
    [InlineData("2d", 172_800)]
    [InlineData("30d", 2_592_000)]
    [InlineData("999999s", 999_999)]
    public void Every_unit_of_time_is_read(string text, int seconds) =>
        Assert.Equal(
            TimeSpan.FromSeconds(seconds),
            Parse(Sample.Replace("\"2d\"", $"\"{text}\"", StringComparison.Ordinal)).Rules[1].ExpiresAfter
        );

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("4")]
    [InlineData("0h")]
    [InlineData("-4h")]
    [InlineData("4w")]
    [InlineData(" 4h")]
    [InlineData("9999999d")]
    [InlineData("99999999999d")]
    public void What_is_no_duration_is_refused(string text) =>
        Assert.Equal(
            [$"$.rules[1].expiresAfter: '{text}' is no duration; expected a number and s, m, h or d, e.g. 4h."],
            Errors(Sample.Replace("\"2d\"", $"\"{text}\"", StringComparison.Ordinal))
        );

    // One mistake is one error: what was not understood is not blamed for what follows from it.
    [Theory]
    [InlineData("\"expiresAfter\": \"4h\", ", "", "$.rules[0]: 'expiresAfter' is missing or not a text.")]
    [InlineData("\"quorum\": 2", "\"quorum\": \"2\"", "$.rules[1].quorum: expected a whole number from 1 to 20.")]
    [InlineData("\"quorum\": 2", "\"quorum\": 21", "$.rules[1].quorum: expected a whole number from 1 to 20.")]
    [InlineData("\"quorum\": 2", "\"quorum\": 1.5", "$.rules[1].quorum: expected a whole number from 1 to 20.")]
    [InlineData(
        "\"maxSize\": 2",
        "\"maxSize\": -1",
        "$.rules[0].maxSize: expected a whole number from 0 to 2147483647."
    )]
    [InlineData(
        "\"quorum\": 2",
        "\"signIn\": \"maybe\"",
        "$.rules[1].signIn: 'maybe' is not known; expected 'required'"
    )]
    [InlineData("\"quorum\": 2", "\"signIn\": 1", "$.rules[1]: 'signIn' is missing or not a text.")]
    [InlineData(
        "\"rules\"",
        "\"actionsEnabled\": \"no\", \"rules\"",
        "$.actionsEnabled: expected true or false, found string."
    )]
    [InlineData("\"schema\": \"selfdev.policy/1\",", "", "$: 'schema' is missing or not a text.")]
    [InlineData(
        "\"training/*\", \"training/run7\"",
        "\"training/*\", 7",
        "$.fleets.gpu-train.subjects: expected texts only."
    )]
    [InlineData(
        "\"minCapacity\": 2",
        "\"minCapacity\": -1",
        "$.fleets.gpu-train.minCapacity: expected a whole number from 0 to 1000."
    )]
    public void One_mistake_is_one_error(string find, string replace, string expected) =>
        Assert.StartsWith(
            expected,
            Assert.Single(Errors(Sample.Replace(find, replace, StringComparison.Ordinal))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Every_mistake_of_a_rule_is_told_at_once()
    {
        var errors = Errors(
            Sample.Replace(
                "[\"ana@example.com\", \"bo@example.com\"], \"expiresAfter\"",
                "[\"ana <x>\", \"bo y\"], \"expiresAfter\"",
                StringComparison.Ordinal
            )
        );
        Assert.Equal(
            ["$.rules[0].approvers[0]: ", "$.rules[0].approvers[1]: "],
            errors.Select(error => error[..(error.IndexOf(' ', StringComparison.Ordinal) + 1)])
        );
    }

    [Theory]
    [InlineData("\"maxSize\": 2", "\"maxSize\": 0")]
    [InlineData("\"maxSize\": 2", "\"maxSize\": 2147483647")]
    [InlineData("\"minCapacity\": 2", "\"minCapacity\": 0")]
    [InlineData("\"maxCapacity\": 16", "\"maxCapacity\": 1000")]
    [InlineData("\"maxCapacity\": 8", "\"maxCapacity\": 0")]
    [InlineData("\"30m\"", "\"239m\"")]
    public void What_is_just_allowed_is_read(string find, string replace)
    {
        Assert.Contains(find, Sample, StringComparison.Ordinal);
        Assert.Empty(Errors(Sample.Replace(find, replace, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_rule_may_ask_for_twenty_people()
    {
        var people = string.Join(", ", Enumerable.Range(0, 20).Select(number => $"\"p{number}@example.com\""));
        var text = Sample.Replace(
            "\"ana@example.com\", \"bo@example.com\"], \"quorum\": 2",
            people + "], \"quorum\": 20",
            StringComparison.Ordinal
        );
        Assert.Equal(20, Parse(text).Require(Plans.Scale("3", "9")).Requirement!.Quorum);
    }

    [Fact]
    public void A_fleet_without_a_least_capacity_may_go_to_none() =>
        Assert.Equal((0, 8), (Policy.Fleets["gpu-chat"].MinCapacity, Policy.Fleets["gpu-chat"].MaxCapacity));

    [Fact]
    public void What_is_no_JSON_is_named_by_its_line() =>
        Assert.StartsWith(
            "Line 3: not JSON",
            Assert.Single(Errors("{\n\"schema\": \"selfdev.policy/1\",\n?")),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_file_is_read_up_to_its_limit()
    {
        var largest = Sample + new string(' ', ApprovalPolicyFormat.MaxBytes - Encoding.UTF8.GetByteCount(Sample));
        Assert.Empty(Errors(largest));
        Assert.Contains("at most 1048576 are read", Assert.Single(Errors(largest + " ")), StringComparison.Ordinal);
    }

    [Fact]
    public void Durations_are_read() =>
        Assert.Equal(
            (TimeSpan.FromHours(4), TimeSpan.FromMinutes(30)),
            (Policy.Rules[0].ExpiresAfter, Policy.Rules[0].RemindEvery!.Value)
        );

    [Theory]
    [InlineData("\"scale-fleet\"", "\"scale-flet\"", "$.rules[0].action: 'scale-flet' is no action; expected one of")]
    [InlineData("\"quorum\": 2", "\"quorum\": 3", "$.rules[1].quorum: 3 approvals cannot come from 2 approvers.")]
    [InlineData("\"quorum\": 2", "\"quorum\": 0", "$.rules[1].quorum: expected a whole number from 1")]
    [InlineData("\"quorum\"", "\"qourum\"", "$.rules[1].qourum: unknown; expected one of action, maxSize")]
    [InlineData("\"2d\"", "\"2 days\"", "$.rules[1].expiresAfter: '2 days' is no duration")]
    [InlineData("\"2d\"", "\"31d\"", "$.rules[1].expiresAfter: at most 30d.")]
    [InlineData(", \"expiresAfter\": \"2d\"", "", "$.rules[1]: 'expiresAfter' is missing")]
    [InlineData("\"30m\"", "\"4h\"", "$.rules[0].remindEvery: has to be shorter")]
    [InlineData("bo@example.com", "Ana@example.com", "$.rules[0].approvers: the same person stands in it twice.")]
    [InlineData("bo@example.com", "bo example", "$.rules[0].approvers[1]: 'bo example' is no identity")]
    [InlineData(
        "\"maxCapacity\": 16",
        "\"maxCapacity\": 1",
        "$.fleets.gpu-train.maxCapacity: 1 is below minCapacity 2."
    )]
    [InlineData("\"maxCapacity\": 8, ", "", "$.fleets.gpu-chat: 'maxCapacity' is missing")]
    [InlineData("/subscriptions/0", "/x", "$.fleets.gpu-train.resourceId: expected /subscriptions/")]
    [InlineData("policy/1", "policy/9", "$.schema: 'selfdev.policy/9' is not known")]
    [InlineData("\"schema\"", "\"schema\": 1, \"schema\"", "$.schema: stands there twice.")]
    public void A_mistake_is_named_with_its_place(string find, string replace, string expected)
    {
        var reading = ApprovalPolicyFormat.Parse(
            Encoding.UTF8.GetBytes(Sample.Replace(find, replace, StringComparison.Ordinal))
        );
        Assert.Null(reading.Policy);
        Assert.Contains(reading.Errors, error => error.StartsWith(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"schema\": \"selfdev.policy/1\", \"rules\": {}}")]
    public void What_is_no_policy_gives_an_error_not_a_policy(string text)
    {
        var reading = ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Null(reading.Policy);
        Assert.NotEmpty(reading.Errors);
    }

    private static IReadOnlyList<string> Errors(string text) =>
        ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(text)).Errors;

    private static ApprovalPolicy Parse(string text)
    {
        var reading = ApprovalPolicyFormat.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Empty(reading.Errors);
        return reading.Policy!;
    }
}
