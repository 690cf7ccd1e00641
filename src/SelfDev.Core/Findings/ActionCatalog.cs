using System.Text;

namespace SelfDev.Core.Findings;

/// <summary>Who carries an approved action out.</summary>
public enum ActionCarrier
{
    /// <summary>SelfDev, by setting the capacity of a scale set.</summary>
    ScaleSet,

    /// <summary>SelfDev, on one instance of a scale set.</summary>
    Instance,

    /// <summary>Another system, which picks up a signed command.</summary>
    Command,
}

/// <summary>One action: everything about it that is not its parameters.</summary>
/// <param name="Type">Its record; sealed, derived from <see cref="ProposedAction"/>.</param>
/// <param name="Receiver">Who does it in the end, in words that follow "by".</param>
/// <param name="Does">What it does, one sentence for the person who is asked.</param>
/// <param name="Undo">Who takes it back, and how; one sentence.</param>
public sealed record ActionRow(string Kind, Type Type, ActionCarrier Carrier, string Receiver, string Does, string Undo)
{
    /// <value>Whether it changes something that has to belong to a fleet of the policy file.</value>
    public bool ChangesFleet => Carrier != ActionCarrier.Command;

    internal Func<ProposedAction, string, ProposedAction> SetSubject { get; init; } = (action, _) => action;
}

/// <summary>
/// The one list of what can be proposed, one row an action. Executors, policy rules, the injection detector and the
/// pages take it from here; a type without a row, or a row without an executor, fails a test.
/// </summary>
public static class ActionCatalog
{
    public static IReadOnlyList<ActionRow> Rows { get; } =
    [
        Row<ScaleFleet>(
            ScaleFleet.KindName,
            ActionCarrier.ScaleSet,
            "SelfDev, through Azure Resource Manager",
            "Sets the capacity of a GPU scale set.",
            "Whoever may approve: by the same action with the old capacity."
        ),
        Row<ReplaceNode>(
            ReplaceNode.KindName,
            ActionCarrier.Instance,
            "SelfDev, through Azure Resource Manager",
            "Reimages or deletes one instance of a scale set.",
            "Nobody: what was on the instance is gone. Delete lowers the capacity by one; scale-fleet raises it again."
        ),
        Row<RollBackAndSkip>(
            RollBackAndSkip.KindName,
            ActionCarrier.Command,
            "the training job",
            "Goes back to a checkpoint and leaves out the batches that followed it.",
            "The training team: by going on from a later checkpoint, as long as that is kept.",
            (action, run) => action with { Run = run }
        ),
        Row<LowerLearningRate>(
            LowerLearningRate.KindName,
            ActionCarrier.Command,
            "the training job",
            "Goes on from a checkpoint with a smaller learning rate.",
            "The training team: by setting the schedule back.",
            (action, run) => action with { Run = run }
        ),
        Row<RestartRun>(
            RestartRun.KindName,
            ActionCarrier.Command,
            "the training job",
            "Starts again from its newest checkpoint, changed in nothing.",
            "Nobody has to: nothing but the time since that checkpoint is lost.",
            (action, run) => action with { Run = run }
        ),
        Row<WaitForRecovery>(
            WaitForRecovery.KindName,
            ActionCarrier.Command,
            "the training job",
            "Leaves the run alone until a step at which it is judged again.",
            "Anybody: by approving something else for the run.",
            (action, run) => action with { Run = run }
        ),
        Row<FixPrompt>(
            FixPrompt.KindName,
            ActionCarrier.Command,
            "the owner of the prompt",
            "Keeps a span of a prompt from changing, or moves it behind what stays the same.",
            "The owner of the prompt: by taking the change back.",
            (action, service) => action with { Service = service }
        ),
        Row<PinRouting>(
            PinRouting.KindName,
            ActionCarrier.Command,
            "the gateway",
            "Sends requests that begin alike to one backend.",
            "The gateway's operator: by taking the rule out.",
            (action, service) => action with { Service = service }
        ),
        Row<RaiseCacheCapacity>(
            RaiseCacheCapacity.KindName,
            ActionCarrier.Command,
            "the operator of the serving engine",
            "Gives the prefix cache more room.",
            "The operator: by setting the old capacity.",
            (action, service) => action with { Service = service }
        ),
        Row<BlockPromotion>(
            BlockPromotion.KindName,
            ActionCarrier.Command,
            "the release gate",
            "Says that a checkpoint does not pass.",
            "The release owner: by a new evaluation that allows it.",
            (action, checkpoint) => action with { Checkpoint = checkpoint }
        ),
        Row<AllowPromotion>(
            AllowPromotion.KindName,
            ActionCarrier.Command,
            "the release gate",
            "Says that a checkpoint passes.",
            "The release owner: by blocking or rolling back the checkpoint; what it served meanwhile was served.",
            (action, checkpoint) => action with { Checkpoint = checkpoint }
        ),
        Row<RerunEvaluation>(
            RerunEvaluation.KindName,
            ActionCarrier.Command,
            "the evaluation service",
            "Evaluates again.",
            "Nobody has to: it adds a result and costs its compute.",
            (action, checkpoint) => action with { Checkpoint = checkpoint }
        ),
        Row<FixHarness>(
            FixHarness.KindName,
            ActionCarrier.Command,
            "the owners of the evaluation harness",
            "Makes two evaluations run alike that differ in how they are run.",
            "The owners of the harness: by taking the change back.",
            (action, checkpoint) => action with { Checkpoint = checkpoint }
        ),
    ];

    private static readonly Dictionary<string, ActionRow> ByKind = Rows.ToDictionary(row => row.Kind);

    /// <returns>Null for what is no action.</returns>
    public static ActionRow? Find(string kind) => ByKind.GetValueOrDefault(kind);

    /// <summary>The action for the run, service or checkpoint that the artifact's path names, never its text.</summary>
    /// <param name="subject">Null: the path names none, and the action stays as it is.</param>
    public static ProposedAction For(this ProposedAction action, string? subject) =>
        subject is null ? action : ByKind[action.Kind].SetSubject(action, subject);

    /// <summary>The finding with its proposals for that subject.</summary>
    /// <inheritdoc cref="For(ProposedAction, string?)" path="/param"/>
    public static Finding For(this Finding finding, string? subject) =>
        subject is null
            ? finding
            : finding with
            {
                Proposals =
                [
                    .. finding.Proposals.Select(proposal => proposal with { Action = proposal.Action.For(subject) }),
                ],
            };

    /// <summary>The reference page <c>docs/actions.md</c>.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder(
            """
            # Actions

            Everything that SelfDev can propose. Nothing else can be approved or carried out, whatever a log or a model says.
            Printed from `ActionCatalog`; a test compares.

            | action | what it does | carried out by | taken back |
            | --- | --- | --- | --- |

            """
        );
        foreach (var row in Rows)
        {
            text.Append($"| `{row.Kind}` | {row.Does} | {row.Receiver} | {row.Undo} |\n");
        }

        return text.ToString();
    }

    private static ActionRow Row<T>(
        string kind,
        ActionCarrier carrier,
        string receiver,
        string does,
        string undo,
        Func<T, string, T>? withSubject = null
    )
        where T : ProposedAction =>
        new(kind, typeof(T), carrier, receiver, does, undo)
        {
            SetSubject = withSubject is null
                ? (action, _) => action
                : (action, subject) => withSubject((T)action, subject),
        };
}
