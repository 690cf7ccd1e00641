using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Redaction;
using SelfDev.Core.Serving;
using SelfDev.Core.Traffic;
using SelfDev.Core.Training;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>The rooms of Core that read artifacts: the one list that pipeline and command line share.</summary>
public sealed class Capabilities(IReadOnlyList<ICapability> rooms)
{
    /// <value>Every room there is.</value>
    public static Capabilities All { get; } =
        new([new EvaluationCapability(), new ServingCapability(), new TrafficCapability(), new TrainingCapability()]);

    /// <value>In the order given; what they report is redacted, and of kinds in the catalog only.</value>
    public IReadOnlyList<ICapability> Rooms { get; } =
    [.. rooms.Select(room => new RedactedCapability(new CatalogedCapability(room)))];

    /// <exception cref="KeyNotFoundException">No room has that kind.</exception>
    public ICapability Find(string kind) =>
        Rooms.FirstOrDefault(room => room.Kind == kind)
        ?? throw new KeyNotFoundException(
            $"No room reads '{kind}'; there are: {string.Join(", ", Rooms.Select(room => room.Kind))}."
        );
}
