namespace SelfDev.Core.Evaluation.Model;

/// <summary>Names of the facts about how a task was run, and which of them change what is measured.</summary>
internal static class HarnessFacts
{
    public const string TaskVersion = "task version";
    public const string Shots = "n-shot";
    public const string Limit = "limit";
    public const string Epochs = "epochs";
    public const string ChatTemplate = "chat template";
    public const string SystemInstruction = "system instruction";
    public const string MultiturnShots = "few-shot as multiturn";
    public const string TaskHash = "task hash";
    public const string Generation = "generation settings";
    public const string Dataset = "dataset";
    public const string Scorer = "scorer";
    public const string Prompt = "prompt";
    public const string Commit = "harness commit";
    public const string Packages = "harness version";
    public const string Precision = "precision";

    /// <summary>
    /// Facts under which another value makes two scores incomparable: another task, another prompt, another rule of
    /// scoring. Commits and package versions change with every evaluation and are shown, but by themselves say nothing
    /// about the score; a limit shows in the samples; a task hash covers the rendered documents, so of all samples a
    /// differing one is shown by the render comparison where there are samples.
    /// </summary>
    public static IReadOnlySet<string> Decisive { get; } =
        new HashSet<string>(StringComparer.Ordinal)
        {
            TaskVersion,
            Shots,
            ChatTemplate,
            SystemInstruction,
            MultiturnShots,
            Generation,
            Dataset,
            Scorer,
            Prompt,
            Precision,
        };
}
