namespace SelfDev.Core.Serving.Model;

/// <param name="Blocks">Capacity of the cache in blocks; null: unlimited.</param>
/// <param name="HitRate">Hit blocks over all blocks.</param>
/// <param name="TokenHitRate">Hit tokens over all prompt tokens.</param>
public sealed record CapacityPoint(long? Blocks, double HitRate, double TokenHitRate);
