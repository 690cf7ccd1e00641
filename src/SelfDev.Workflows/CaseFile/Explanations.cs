using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>
/// The explanations of a report, as they come: apart from what people approve, who are asked before any model has
/// answered. Whoever may write to evidence may write one, so nothing rests on them, and each is held to the rules of
/// <see cref="AnswerVetting"/> and to sizes again when it is read.
/// </summary>
public sealed class Explanations(IArtifactStore store)
{
    /// <summary>Characters of an explanation that are shown.</summary>
    public const int MaxCauseChars = 4_000;

    /// <summary>Larger ones are not read; what <see cref="ExplainFindings"/> writes has some kilobytes.</summary>
    private const int MaxBytes = 1 << 20;

    private const int MaxIdChars = 20;
    private const int MaxUnavailableChars = 300;
    private const int MaxSigns = 16;
    private const string UnreadableText = "what is stored as the explanation cannot be read";

    public Task WriteAsync(string reportId, Core.Findings.Diagnosis diagnosis, CancellationToken cancellation) =>
        store.WriteJsonAsync(
            Containers.Evidence,
            DiagnosisBlobs.Diagnosis(reportId, diagnosis.Group),
            diagnosis,
            cancellation
        );

    /// <param name="group">1-based.</param>
    /// <returns>
    /// Null where there is none yet. Of one that may not be shown or cannot be read, <c>Cause</c> is empty and
    /// <c>Unavailable</c> says why.
    /// </returns>
    public async Task<Core.Findings.Diagnosis?> ReadAsync(string reportId, int group, CancellationToken cancellation)
    {
        try
        {
            var blob = new BlobRef(Containers.Evidence, DiagnosisBlobs.Diagnosis(reportId, group), null);
            await using var stream = await store.OpenReadAsync(blob, cancellation);
            var bytes = new byte[Math.Min(stream.Length, MaxBytes) + 1];
            var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
            return length <= MaxBytes && Parse(bytes.AsSpan(0, length)) is { } stored
                ? Vet(stored, group)
                : Unreadable(group);
        }
        catch (BlobGoneException)
        {
            return null;
        }
        catch (Exception wrong) when (wrong is JsonException or TamperedException)
        {
            return Unreadable(group);
        }
    }

    private static Core.Findings.Diagnosis? Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<Core.Findings.Diagnosis>(json, SelfDevJson.Stored);

    // A property that is missing in the file is null here, whatever its type says.
    private static Core.Findings.Diagnosis Vet(Core.Findings.Diagnosis stored, int group)
    {
        var isByRules = stored.ExplainedBy == Explainer.Rules;
        var citations = (stored.Citations ?? [])
            .Where(citation => citation?.Text is not null)
            .Take(AnswerReader.MaxCitations)
            .Select(Cut)
            .ToList();
        var cause = stored.Cause ?? "";
        var signs = AnswerVetting.SignsIn(cause);
        // What code writes is clean; what stands there as the rules' and is not was written by somebody else.
        var refusal = AnswerVetting.Refusal(isByRules ? 1 : citations.Count, signs);
        return stored with
        {
            Group = group,
            FindingIds =
            [
                .. (stored.FindingIds ?? [])
                    .Where(id => id is not null)
                    .Take(Limits.FindingsPerReport)
                    .Select(id => Cut(id, MaxIdChars)),
            ],
            Cause = refusal is null ? Cut(cause, MaxCauseChars) : "",
            Citations = refusal is null ? citations : [],
            RecommendedAction =
                refusal is null && ApprovalPolicyFormat.ActionKinds.Contains(stored.RecommendedAction)
                    ? stored.RecommendedAction
                    : null,
            Unavailable = refusal ?? (stored.Unavailable is { } why ? Cut(why, MaxUnavailableChars) : null),
            ExplainedBy = isByRules ? Explainer.Rules : Explainer.Model,
            Analyst = isByRules ? RulesAnalyst.AnalystName : ModelName.Shown(stored.Analyst),
            AskedModel = stored.AskedModel is { } asked ? ModelName.Shown(asked) : null,
            AnswerSigns =
            [
                .. (stored.AnswerSigns ?? [])
                    .Where(IsKind)
                    .Concat(signs)
                    .Distinct(StringComparer.Ordinal)
                    .Take(MaxSigns),
            ],
        };
    }

    private static Core.Findings.Diagnosis Unreadable(int group) =>
        new(group, [], "", [], 0, null, UnreadableText, Explainer.Model, ModelName.Shown(null), 0, 0, 0, 0);

    private static DiagnosisCitation Cut(DiagnosisCitation citation) =>
        citation with
        {
            Text = Cut(citation.Text, Limits.EvidenceTextChars),
            File = citation.File is { } file ? Cut(file, ArtifactName.MaxChars) : null,
        };

    // As InjectionKinds are spelt; anything else there was written by somebody else.
    private static bool IsKind(string? sign) =>
        sign is { Length: > 0 and <= 40 } && sign.All(letter => char.IsAsciiLetterLower(letter) || letter == '-');

    private static string Cut(string text, int chars) => text.Length <= chars ? text : text[..(chars - 1)] + "…";
}
