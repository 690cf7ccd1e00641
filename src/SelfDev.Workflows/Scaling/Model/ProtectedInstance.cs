namespace SelfDev.Workflows.Scaling.Model;

/// <summary>An instance that this workflow has asked ARM to protect from scale-in while it drains.</summary>
/// <param name="Resource">Its scale set.</param>
/// <param name="Instance">Host name.</param>
public sealed record ProtectedInstance(string Resource, string Instance)
{
    /// <summary>Times that an instance is listed without before it is taken as never done: ARM takes a while, but not
    /// that long.</summary>
    private const int MostListings = 20;

    /// <value>Times that it was listed since and was not protected yet.</value>
    public int Listings { get; init; }

    /// <value>Whether it was listed as protected since.</value>
    public bool IsSeen { get; init; }

    public bool Is(string resource, string instance) => Resource == resource && Instance == instance;

    /// <summary>After one more listing.</summary>
    /// <returns>Null when it is this workflow's no longer: lifted, or never done. Protection that comes later is
    /// somebody else's.</returns>
    public ProtectedInstance? Listed(bool isProtected) =>
        isProtected ? this with { IsSeen = true }
        : IsSeen || Listings >= MostListings ? null
        : this with { Listings = Listings + 1 };
}
