using System.Text.Json;
using SelfDev.Core.Lineage;
using SelfDev.Core.Text;

namespace SelfDev.Core.Approvals;

/// <summary>
/// What the policy file says of a model that explains findings: the only word that spares an evaluation its second
/// person.
/// </summary>
/// <param name="Checkpoint">The checkpoint that answers under the model's name.</param>
/// <param name="TrainedFrom">
/// The checkpoints that it was trained on from, over any number of steps; none for a model from elsewhere.
/// </param>
public sealed record PolicyAnalyst(string Checkpoint, IReadOnlyList<string> TrainedFrom);

/// <summary>
/// The part of the policy file under <c>analysts</c>:
/// <c>"served name": { "checkpoint": "step-2", "trainedFrom": ["step-1"] }</c>.
/// </summary>
internal sealed class PolicyAnalystFormat(PolicyFields fields)
{
    private const int MaxCheckpointChars = 200;

    public IReadOnlyDictionary<string, PolicyAnalyst> Read(JsonElement element, string path)
    {
        var analysts = new Dictionary<string, PolicyAnalyst>(ModelName.Comparer);
        foreach (var (name, analyst) in fields.Object(element, path))
        {
            if (!ModelName.IsWellFormed(name))
            {
                fields.Error(
                    $"{path}.{ModelName.Shown(name)}",
                    $"the name of a model has 1 to {ModelName.MaxChars} ASCII letters, digits and ._-:/@+"
                );
            }
            else if (!analysts.TryAdd(name, Analyst(analyst, $"{path}.{name}")))
            {
                fields.Error($"{path}.{name}", "stands there twice; upper and lower case count alike");
            }
        }

        return analysts;
    }

    private PolicyAnalyst Analyst(JsonElement element, string path)
    {
        var node = fields.Object(element, path, "checkpoint", "trainedFrom");
        var checkpoint = fields.Text(node, path, "checkpoint") ?? "";
        var ancestors = node.ContainsKey("trainedFrom") ? fields.Strings(node, path, "trainedFrom") : [];
        foreach (var named in ancestors.Prepend(checkpoint).Where(named => !IsCheckpoint(named)))
        {
            var shown = ModelName.Shown(named);
            fields.Error(path, $"'{shown}' is no name of a checkpoint: 1 to {MaxCheckpointChars} printable characters");
        }

        return new PolicyAnalyst(checkpoint, ancestors);
    }

    // As folders under evals/ may be called.
    private static bool IsCheckpoint(string name) =>
        name.Length is > 0 and <= MaxCheckpointChars && SafeText.SingleLine(name) == name;
}
