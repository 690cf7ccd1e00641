namespace SelfDev.Core.Lineage;

/// <summary>A checkpoint to compare with.</summary>
/// <param name="Why">In words that follow the checkpoint's name.</param>
public sealed record BaselineCandidate(string Checkpoint, string Why);

/// <summary>The family tree of checkpoints, as their manifests tell it. Manifests that contradict each other (a circle)
/// are followed once around at most.</summary>
public sealed class CheckpointLineage(IEnumerable<CheckpointManifest> manifests)
{
    private readonly Dictionary<string, CheckpointManifest> _manifests = manifests
        .OrderBy(manifest => manifest.Checkpoint, StringComparer.Ordinal)
        .DistinctBy(manifest => manifest.Checkpoint, StringComparer.Ordinal)
        .ToDictionary(manifest => manifest.Checkpoint, StringComparer.Ordinal);

    private readonly ILookup<string, string> _parents = manifests
        .Where(manifest => manifest.Parent is not null)
        .ToLookup(manifest => manifest.Checkpoint, manifest => manifest.Parent!, StringComparer.OrdinalIgnoreCase);

    /// <summary>What a checkpoint should be compared with, best first: its parent, then the newest promoted checkpoint
    /// that does not descend from it.</summary>
    public IReadOnlyList<BaselineCandidate> BaselinesOf(string checkpoint)
    {
        var candidates = new List<BaselineCandidate>();
        if (_manifests.GetValueOrDefault(checkpoint)?.Parent is { } parent && parent != checkpoint)
        {
            candidates.Add(new BaselineCandidate(parent, "the parent that its manifest names"));
        }

        var promoted = _manifests
            .Values.Where(manifest =>
                manifest.PromotedAt is not null && !IsOrDescendsFrom(manifest.Checkpoint, checkpoint)
            )
            .OrderByDescending(manifest => manifest.PromotedAt)
            .FirstOrDefault();
        if (promoted is not null && promoted.Checkpoint != candidates.FirstOrDefault()?.Checkpoint)
        {
            candidates.Add(new BaselineCandidate(promoted.Checkpoint, "the newest promoted checkpoint"));
        }

        return candidates;
    }

    /// <summary>
    /// Whether a checkpoint is the other one or was trained on from it, over any number of steps. Upper and lower case
    /// count alike: a folder in another spelling is no stranger.
    /// </summary>
    public bool IsOrDescendsFrom(string checkpoint, string ancestor)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { checkpoint };
        var left = new Queue<string>(seen);
        while (left.TryDequeue(out var at))
        {
            if (Same(at, ancestor))
            {
                return true;
            }

            foreach (var parent in _parents[at].Where(seen.Add))
            {
                left.Enqueue(parent);
            }
        }

        return false;
    }

    /// <summary>The checkpoints that may answer under a name, as a model server reports it: of that name, or served
    /// under it. Upper and lower case count alike, as for servers.</summary>
    public IReadOnlyList<string> ServedAs(string name) =>
        [
            .. _manifests
                .Values.Where(manifest =>
                    Same(manifest.Checkpoint, name) || manifest.ServedAs.Any(served => Same(served, name))
                )
                .Select(manifest => manifest.Checkpoint)
                .DefaultIfEmpty(name),
        ];

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
