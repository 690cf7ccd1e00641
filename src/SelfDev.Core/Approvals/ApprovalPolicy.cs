using System.Globalization;
using System.Text.Json.Serialization;
using SelfDev.Core.Findings;
using SelfDev.Core.Lineage;

namespace SelfDev.Core.Approvals;

/// <summary>
/// Who must approve what, and what nobody may. Read from the policy file (<see cref="ApprovalPolicyFormat"/>). An
/// action that no rule covers is refused: silence in the file is a no.
/// </summary>
/// <param name="ActionsEnabled">False stops every action at its plan; the kill switch in storage does the same without
/// a new file.</param>
/// <param name="Rules">The first that matches a plan counts.</param>
/// <param name="Fleets">By name.</param>
public sealed record ApprovalPolicy(
    bool ActionsEnabled,
    IReadOnlyList<ApprovalRule> Rules,
    IReadOnlyDictionary<string, PolicyFleet> Fleets
)
{
    /// <summary>Field of <see cref="EffectPlan.From"/> and <see cref="EffectPlan.To"/> that holds an absolute number of
    /// instances.</summary>
    public const string CapacityField = "capacity";

    /// <value>Where each person is reached; whoever is not in it is told on the shared channel only, which carries no
    /// authority.</value>
    public IReadOnlyDictionary<string, PolicyPerson> People { get; init; } = new Dictionary<string, PolicyPerson>();

    /// <value>Who may release the kill switch, where the file names them; null: everybody who may approve
    /// something.</value>
    public IReadOnlyList<string>? KillSwitchReleasers { get; init; }

    /// <summary>Whether a person may release the kill switch. Engaging it is for anybody who is signed in.</summary>
    public bool MayReleaseKillSwitch(string person) =>
        (KillSwitchReleasers ?? [.. Rules.SelectMany(rule => rule.Approvers)]).Any(known =>
            Identity.Same(known, person)
        );

    /// <returns>The person's own address; null where the file has none.</returns>
    public Uri? AddressOf(string person) =>
        People.FirstOrDefault(known => Identity.Same(known.Key, person)).Value?.Webhook;

    /// <summary>Allows nothing.</summary>
    public static ApprovalPolicy DenyAll { get; } = new(false, [], new Dictionary<string, PolicyFleet>());

    /// <value>
    /// Who the models are that explain findings, by the names under which they are asked for and answer, in any case.
    /// Of a model that is not named here nobody knows whether it explains its own evaluation.
    /// </value>
    public IReadOnlyDictionary<string, PolicyAnalyst> Analysts { get; init; } =
        new Dictionary<string, PolicyAnalyst>(ModelName.Comparer);

    /// <summary>What it takes to carry out the plan, or why it cannot be.</summary>
    public PolicyAnswer Require(EffectPlan plan)
    {
        if (!ActionsEnabled)
        {
            return PolicyAnswer.Refuse("The policy file switches all actions off ('actionsEnabled': false).");
        }

        if (CheckLimits(plan) is { } limit)
        {
            return PolicyAnswer.Refuse(limit);
        }

        var size = SizeOf(plan);
        var rule = Rules.FirstOrDefault(candidate => candidate.Covers(plan.Action, size));
        if (rule is null)
        {
            return PolicyAnswer.Refuse(
                $"No rule of the policy file covers '{plan.Action}' of size {size}: add one under 'rules'."
            );
        }

        var approvers = rule.Approvers.Where(approver => !Identity.Same(approver, plan.Proposer)).ToList();
        return approvers.Count >= rule.Quorum
            ? new PolicyAnswer(
                new ApprovalRequirement(approvers, rule.Quorum, rule.ExpiresAfter, rule.RemindEvery)
                {
                    SignIn = rule.SignIn,
                },
                null
            )
            : PolicyAnswer.Refuse(
                $"The rule for '{plan.Action}' asks for {rule.Quorum} approvals, yet without the proposer "
                    + $"{plan.Proposer} it names {approvers.Count} approvers."
            );
    }

    /// <summary>When a plan made now would expire.</summary>
    /// <returns>Null where no rule covers the action.</returns>
    public TimeSpan? ExpiryOf(string action, long size) =>
        Rules.FirstOrDefault(rule => rule.Covers(action, size))?.ExpiresAfter;

    /// <summary>The fleet of a run, service or the like.</summary>
    /// <param name="subject"><c>kind/name</c> from the intake path, e.g. <c>training/run7</c>.</param>
    /// <returns>The fleet with the most specific pattern for it (exact before the longest prefix); null where none has
    /// one.</returns>
    public PolicyFleet? FleetOf(string subject) =>
        Fleets
            .Values.SelectMany(fleet =>
                fleet.Subjects.Where(pattern => Matches(pattern, subject)).Select(pattern => (fleet, pattern))
            )
            .OrderBy(match => match.pattern.EndsWith('*'))
            .ThenByDescending(match => match.pattern.Length)
            .ThenBy(match => match.fleet.Name, StringComparer.Ordinal)
            .Select(match => match.fleet)
            .FirstOrDefault();

    /// <summary>
    /// How much a plan changes: instances gained or lost where it sets a capacity, else 1.
    /// </summary>
    /// <exception cref="FormatException">A capacity is not a whole number; <see cref="Require"/> refuses such a plan
    /// before.</exception>
    public static long SizeOf(EffectPlan plan) =>
        plan.To.TryGetValue(CapacityField, out var to) && plan.From.TryGetValue(CapacityField, out var from)
            ? Math.Abs(
                long.Parse(to, NumberStyles.None, CultureInfo.InvariantCulture)
                    - long.Parse(from, NumberStyles.None, CultureInfo.InvariantCulture)
            )
            : 1;

    /// <inheritdoc cref="PolicyScaleSet.PriceOf"/>
    public string? PriceOf(EffectPlan plan) => Owner(plan).ScaleSet?.PriceOf(plan);

    private (PolicyFleet? Fleet, PolicyScaleSet? ScaleSet) Owner(EffectPlan plan) =>
        Fleets
            .Values.SelectMany(fleet => fleet.ScaleSets.Select(set => ((PolicyFleet?)fleet, (PolicyScaleSet?)set)))
            .FirstOrDefault(candidate => IsOrIsIn(plan.Resource, candidate.Item2!.ResourceId));

    private string? CheckLimits(EffectPlan plan)
    {
        var (fleet, set) = Owner(plan);
        if (fleet is null && ActionCatalog.Find(plan.Action) is not { ChangesFleet: false })
        {
            return $"The resource {plan.Resource} belongs to no fleet of the policy file: add it under 'fleets'.";
        }

        if (!plan.To.TryGetValue(CapacityField, out var text))
        {
            return null;
        }

        if (
            !IsCapacity(text, out var capacity)
            || !plan.From.TryGetValue(CapacityField, out var before)
            || !IsCapacity(before, out _)
        )
        {
            return $"'{text}' is not a capacity: it has to be a whole number, before and after.";
        }

        return set is not null && (capacity < set.MinCapacity || capacity > set.MaxCapacity)
            ? $"Capacity {capacity} is outside the {set.MinCapacity} to {set.MaxCapacity} that the policy file allows "
                + $"the fleet '{fleet!.Name}'."
            : null;
    }

    private static bool IsCapacity(string text, out int capacity) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out capacity);

    // ARM ids compare without regard to case; a node's id is its fleet's id and more.
    private static bool IsOrIsIn(string resource, string fleet) =>
        resource.StartsWith(fleet, StringComparison.OrdinalIgnoreCase)
        && (resource.Length == fleet.Length || resource[fleet.Length] == '/');

    private static bool Matches(string pattern, string subject) =>
        pattern.EndsWith('*') ? subject.StartsWith(pattern[..^1], StringComparison.Ordinal) : subject == pattern;
}

/// <param name="Action">Kind of action, or <c>*</c> for all.</param>
/// <param name="MaxSize">Largest size that it covers (<see cref="ApprovalPolicy.SizeOf"/>); null: any.</param>
/// <param name="Approvers">Identities, each once.</param>
/// <param name="Quorum">Distinct people that have to approve; 1 or more.</param>
/// <param name="ExpiresAfter">No decision within it means no action.</param>
/// <param name="RemindEvery">Null: no reminders.</param>
public sealed record ApprovalRule(
    string Action,
    long? MaxSize,
    IReadOnlyList<string> Approvers,
    int Quorum,
    TimeSpan ExpiresAfter,
    TimeSpan? RemindEvery
)
{
    public const string AnyAction = "*";

    /// <value>Whether a decision takes a person who is signed in; a link is then not enough. Above a quorum of one it
    /// never is.</value>
    public bool SignIn { get; init; }

    public bool Covers(string action, long size) =>
        (Action == AnyAction || Action == action) && (MaxSize is null || size <= MaxSize);
}

/// <summary>What it takes to carry out one plan.</summary>
/// <param name="Approvers">Who may decide; the proposer is never among them.</param>
/// <param name="Quorum">Distinct people that have to approve.</param>
public sealed record ApprovalRequirement(
    IReadOnlyList<string> Approvers,
    int Quorum,
    TimeSpan ExpiresAfter,
    TimeSpan? RemindEvery
)
{
    /// <value>Whether the policy asks for people who are signed in, whatever the quorum.</value>
    public bool SignIn { get; init; }

    /// <value>
    /// Whether a link is not enough. Above a quorum of one it never is: whoever reads the channel that two links went
    /// to would be two people.
    /// </value>
    [JsonIgnore]
    public bool NeedsSignIn => SignIn || Quorum > 1;

    /// <value>Why it takes more people than the policy says, as they are told; null where it does not.</value>
    public string? Because { get; init; }

    /// <summary>What satisfies both this requirement and another one: fewer approvers, the larger quorum, the earlier
    /// expiry.</summary>
    public ApprovalRequirement AndAlso(ApprovalRequirement other) =>
        this with
        {
            Approvers = [.. Approvers.Where(approver => other.Approvers.Any(known => Identity.Same(known, approver)))],
            Quorum = Math.Max(Quorum, other.Quorum),
            ExpiresAfter = ExpiresAfter < other.ExpiresAfter ? ExpiresAfter : other.ExpiresAfter,
            SignIn = SignIn || other.SignIn,
            Because = Because ?? other.Because,
        };
}

/// <summary>A requirement or a refusal.</summary>
/// <param name="Refusal">Why the plan may not even be proposed, in plain words; null where it may.</param>
public sealed record PolicyAnswer(ApprovalRequirement? Requirement, string? Refusal)
{
    public static PolicyAnswer Refuse(string why) => new(null, why);
}
