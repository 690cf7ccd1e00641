using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Evaluation.Findings;

/// <summary>Collects findings and numbers them in order of place.</summary>
internal sealed class EvaluationFindings(bool nameFiles)
{
    private readonly List<(Finding Finding, string Key, string? Cause)> _drafts = [];

    /// <param name="key">By which other findings name this one as their cause.</param>
    public void Add(
        string kind,
        Severity severity,
        FindingRole role,
        string title,
        Place place,
        IReadOnlyDictionary<string, MetricValue>? metrics = null,
        IEnumerable<Place>? further = null,
        IReadOnlyList<Proposal>? proposals = null,
        string key = "",
        string? cause = null
    )
    {
        var evidence = (further ?? [])
            .Prepend(place)
            .DistinctBy(at => (at.File, at.Line, at.Offset))
            .Take(Limits.EvidencePerFinding)
            .Select(at => at.ToEvidence(nameFiles))
            .ToList();
        _drafts.Add(
            (
                new Finding
                {
                    Id = "",
                    Kind = kind,
                    Severity = severity,
                    Role = role,
                    Title = title,
                    From = new Position(place.Line, null, null),
                    To = new Position(
                        evidence.Where(line => line.File == evidence[0].File).Max(line => line.Line),
                        null,
                        null
                    ),
                    Evidence = evidence,
                    Metrics = metrics ?? new Dictionary<string, MetricValue>(),
                    Proposals = proposals ?? [],
                },
                key.Length > 0 ? key : $"{kind}:{_drafts.Count}",
                cause
            )
        );
    }

    /// <summary>Ids by file and place; of too many, the most severe stay.</summary>
    public IReadOnlyList<Finding> Number()
    {
        var kept = _drafts
            .Select((draft, index) => (draft, index))
            .OrderByDescending(pair => pair.draft.Finding.Severity)
            .ThenBy(pair => pair.index)
            .Take(Limits.FindingsPerReport)
            .Select(pair => pair.draft)
            .OrderBy(draft => draft.Finding.Evidence[0].File, StringComparer.Ordinal)
            .ThenBy(draft => draft.Finding.From.Line)
            .ThenBy(draft => draft.Finding.Kind, StringComparer.Ordinal)
            .ToList();
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < kept.Count; i++)
        {
            ids.TryAdd(kept[i].Key, $"F{i + 1}");
        }

        return
        [
            .. kept.Select(
                (draft, index) =>
                    draft.Finding with
                    {
                        Id = $"F{index + 1}",
                        CausedBy =
                            draft.Cause is not null
                            && ids.TryGetValue(draft.Cause, out var cause)
                            && cause != $"F{index + 1}"
                                ? cause
                                : null,
                    }
            ),
        ];
    }
}
