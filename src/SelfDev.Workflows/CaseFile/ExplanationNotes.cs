using SelfDev.Core.Findings;

namespace SelfDev.Workflows.CaseFile;

/// <summary>
/// What people are told beside an explanation, in our own words: the same in the report and on the approval page.
/// </summary>
public static class ExplanationNotes
{
    /// <returns>One sentence or two each; none where the explanation is what was asked for.</returns>
    public static IEnumerable<string> Of(Core.Findings.Diagnosis diagnosis)
    {
        if (diagnosis.Unavailable is { } why)
        {
            yield return diagnosis switch
            {
                { Cause.Length: 0 } => $"No explanation is shown: {why}.",
                { ExplainedBy: Explainer.Rules } =>
                    $"The language model's explanation is not shown: {why}. This one is by rules.",
                _ => $"About this explanation: {why}.",
            };
        }

        if (diagnosis.AnswerSigns.Count > 0)
        {
            var model = diagnosis.AskedModel is { } name ? $"The language model {name}" : "The language model";
            yield return $"{model} answered with instructions ({string.Join(", ", diagnosis.AnswerSigns)}): "
                + "either the log that it read steers it, or its server does. Nothing of it was followed.";
        }
    }
}
