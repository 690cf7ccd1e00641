using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace SelfDev.Core.Findings;

/// <summary>
/// The allow-list of actions. A kind that is not derived here cannot be proposed, approved or executed. Parameters hold
/// numbers and identifiers that code has checked, never free text of a log.
/// </summary>
/// <param name="Kind">Kebab-case, as policies, reports and the command line name it; in JSON it is the discriminator
/// <c>action</c>.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "action")]
[JsonDerivedType(typeof(ScaleFleet), ScaleFleet.KindName)]
[JsonDerivedType(typeof(ReplaceNode), ReplaceNode.KindName)]
[JsonDerivedType(typeof(RollBackAndSkip), RollBackAndSkip.KindName)]
[JsonDerivedType(typeof(LowerLearningRate), LowerLearningRate.KindName)]
[JsonDerivedType(typeof(RestartRun), RestartRun.KindName)]
[JsonDerivedType(typeof(WaitForRecovery), WaitForRecovery.KindName)]
[JsonDerivedType(typeof(FixPrompt), FixPrompt.KindName)]
[JsonDerivedType(typeof(PinRouting), PinRouting.KindName)]
[JsonDerivedType(typeof(RaiseCacheCapacity), RaiseCacheCapacity.KindName)]
[JsonDerivedType(typeof(BlockPromotion), BlockPromotion.KindName)]
[JsonDerivedType(typeof(AllowPromotion), AllowPromotion.KindName)]
[JsonDerivedType(typeof(RerunEvaluation), RerunEvaluation.KindName)]
[JsonDerivedType(typeof(FixHarness), FixHarness.KindName)]
public abstract record ProposedAction([property: JsonIgnore] string Kind);

/// <summary>Sets the capacity of a GPU scale set.</summary>
/// <param name="Capacity">Absolute capacity in instances; null where only the fleet itself can tell (see <paramref
/// name="RestoreNodes"/>).</param>
/// <param name="RestoreNodes">Nodes that the evidence says were lost; planning adds them to the capacity it
/// reads.</param>
public sealed record ScaleFleet(int? Capacity, int? RestoreNodes = null) : ProposedAction(KindName)
{
    public const string KindName = "scale-fleet";

    /// <value>The fleet of the policy file; null: the fleet that the policy gives to the run or service.</value>
    public string? Fleet { get; init; }

    /// <value>ARM resource id of one of the fleet's scale sets; null: its first.</value>
    public string? ScaleSet { get; init; }
}

/// <summary>Reimages or deletes one instance of a scale set.</summary>
/// <param name="Node">The node as the log names it; planning looks it up among the fleet's instances and refuses an
/// unknown one.</param>
/// <param name="Mode">Reimage keeps the hardware, delete gives it back.</param>
public sealed record ReplaceNode(NodeName Node, NodeReplacement Mode) : ProposedAction(KindName)
{
    public const string KindName = "replace-node";

    public string? Fleet { get; init; }
}

public enum NodeReplacement
{
    Reimage,
    Delete,
}

/// <summary>Tells the training job to go back to a checkpoint and leave out the batches that followed it.</summary>
/// <param name="CheckpointStep">Last good step; the job takes its newest checkpoint at or before it.</param>
/// <param name="SkipBatches">Batches to leave out after it.</param>
public sealed record RollBackAndSkip(long CheckpointStep, long SkipBatches) : ProposedAction(KindName)
{
    public const string KindName = "roll-back-and-skip";

    /// <value>The run, from the artifact's path (<c>training/&lt;run&gt;/...</c>); set by the pipeline, never from log
    /// text.</value>
    public string? Run { get; init; }
}

/// <summary>Tells the training job to go on from a checkpoint with a smaller learning rate.</summary>
/// <param name="Factor">New learning rate over the scheduled one, above 0 and below 1.</param>
/// <param name="CheckpointStep">Step to go on from; the job takes its newest checkpoint at or before it.</param>
public sealed record LowerLearningRate(double Factor, long CheckpointStep) : ProposedAction(KindName)
{
    public const string KindName = "lower-learning-rate";

    /// <inheritdoc cref="RollBackAndSkip.Run"/>
    public string? Run { get; init; }
}

/// <summary>Tells the training job to start again from its newest checkpoint, changed in nothing.</summary>
/// <param name="CheckpointStep">Step of that checkpoint where the log names it; null: the job looks.</param>
public sealed record RestartRun(long? CheckpointStep) : ProposedAction(KindName)
{
    public const string KindName = "restart";

    /// <inheritdoc cref="RollBackAndSkip.Run"/>
    public string? Run { get; init; }
}

/// <summary>Leaves the run alone until a step at which it is judged again.</summary>
/// <param name="UntilStep">Step by which the run should have recovered.</param>
public sealed record WaitForRecovery(long UntilStep) : ProposedAction(KindName)
{
    public const string KindName = "wait";

    /// <inheritdoc cref="RollBackAndSkip.Run"/>
    public string? Run { get; init; }
}

/// <summary>Tells the owner of a prompt to keep a span of it from changing, or to move it behind what stays the
/// same.</summary>
/// <param name="Fault">Kind of the finding, one of the list in code.</param>
/// <param name="Component">Path of the prompt's component, built of its kind and its number only, e.g.
/// <c>tools[2]</c>.</param>
/// <param name="SpanStart">UTF-16 units from the component's beginning, in the later request.</param>
/// <param name="SpanLength">UTF-16 units; 0 where something is missing.</param>
/// <param name="Line">Line of the first request that shows it.</param>
/// <param name="Tokens">Prompt tokens of the log that it would have recovered.</param>
public sealed record FixPrompt(string Fault, string Component, int SpanStart, int SpanLength, long Line, long Tokens)
    : ProposedAction(KindName)
{
    public const string KindName = "fix-prompt";

    /// <value>The service, from the artifact's path (<c>serving/&lt;service&gt;/...</c>); set by the pipeline, never
    /// from log text.</value>
    public string? Service { get; init; }
}

/// <summary>Tells the gateway to send requests that begin alike to one backend.</summary>
/// <param name="By">What has to stay together.</param>
/// <param name="Backends">Backends that the same prefixes were spread over.</param>
/// <param name="Tokens">Prompt tokens of the log that it would have recovered.</param>
public sealed record PinRouting(RoutingKey By, int Backends, long Tokens) : ProposedAction(KindName)
{
    public const string KindName = "pin-routing";

    /// <inheritdoc cref="FixPrompt.Service"/>
    public string? Service { get; init; }
}

public enum RoutingKey
{
    /// <summary>All requests of a conversation.</summary>
    Session,

    /// <summary>All requests with the same tools and system prompt.</summary>
    PrefixFamily,
}

/// <summary>Tells the operator to give the prefix cache more room.</summary>
/// <param name="Blocks">Capacity in blocks, all replicas together.</param>
/// <param name="BlockTokens">Tokens of a block.</param>
/// <param name="Tokens">Prompt tokens of the log that it would have recovered.</param>
public sealed record RaiseCacheCapacity(long Blocks, int BlockTokens, long Tokens) : ProposedAction(KindName)
{
    public const string KindName = "raise-cache-capacity";

    /// <inheritdoc cref="FixPrompt.Service"/>
    public string? Service { get; init; }
}

/// <summary>Tells the release gate that a checkpoint does not pass.</summary>
/// <param name="Regressions">Comparisons that are significantly worse.</param>
public sealed record BlockPromotion(int Regressions) : ProposedAction(KindName)
{
    public const string KindName = "block-promotion";

    /// <value>The checkpoint, from the artifact's path (<c>evals/&lt;checkpoint&gt;/...</c>); set by the pipeline,
    /// never from the artifact's text.</value>
    public string? Checkpoint { get; init; }
}

/// <summary>Tells the release gate that a checkpoint passes.</summary>
/// <param name="Comparisons">Comparisons that it rests on.</param>
public sealed record AllowPromotion(int Comparisons) : ProposedAction(KindName)
{
    public const string KindName = "allow-promotion";

    /// <inheritdoc cref="BlockPromotion.Checkpoint"/>
    public string? Checkpoint { get; init; }
}

/// <summary>Tells the evaluation service to evaluate again.</summary>
/// <param name="Samples">Samples a task on both checkpoints; null: as many as there are.</param>
public sealed record RerunEvaluation(long? Samples) : ProposedAction(KindName)
{
    public const string KindName = "rerun-evaluation";

    /// <inheritdoc cref="BlockPromotion.Checkpoint"/>
    public string? Checkpoint { get; init; }
}

/// <summary>Tells the owners of the evaluation harness what differs between two evaluations that should be run
/// alike.</summary>
/// <param name="Fault">Kebab-case class of the difference, from our own list, e.g. <c>begin-of-sequence</c> or
/// <c>n-shot</c>.</param>
/// <param name="Line">Line or entry that shows it.</param>
public sealed record FixHarness(string Fault, long Line) : ProposedAction(KindName)
{
    public const string KindName = "fix-harness";

    /// <value>Where the rendered inputs first differ, in UTF-16 units, and how long the differing span is on either
    /// side; null where it is not the rendering.</value>
    public int? Offset { get; init; }

    public int? BaselineLength { get; init; }

    public int? CandidateLength { get; init; }

    /// <inheritdoc cref="BlockPromotion.Checkpoint"/>
    public string? Checkpoint { get; init; }
}

/// <summary>A host name as RFC 1123 allows it, so that nothing else of a log line can pass as one.</summary>
[JsonConverter(typeof(NodeNameConverter))]
public readonly partial record struct NodeName
{
    private NodeName(string value) => Value = value;

    public string Value { get; }

    public static NodeName? TryParse(string? text) =>
        text is not null && Pattern().IsMatch(text) ? new NodeName(text) : null;

    public override string ToString() => Value;

    [GeneratedRegex(
        @"\A[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})){0,7}\z",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Pattern();
}

internal sealed class NodeNameConverter : JsonConverter<NodeName>
{
    public override NodeName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        NodeName.TryParse(reader.GetString()) ?? throw new JsonException("Not a host name.");

    public override void Write(Utf8JsonWriter writer, NodeName value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}
