using System.Text;
using SelfDev.Core.Trust;

namespace SelfDev.Workflows.Trust;

/// <summary>
/// Who dropped an artifact, as blob metadata that only SelfDev can write: the person who was signed in when it came
/// over HTTP. That person proposes what follows and may not approve it.
/// </summary>
/// <remarks>
/// Whoever may write to intake itself drops anonymously; then nobody is kept from approving. Where that matters, the
/// policy asks for two people.
/// </remarks>
public sealed class DropProvenance(Seals seals, TamperReports tampering, TimeProvider clock)
{
    /// <summary>Blob metadata that names the person.</summary>
    public const string PersonMetadata = "selfdevdroppedby";

    /// <summary>Blob metadata with the seal over name and person.</summary>
    public const string SealMetadata = "selfdevdroppedseal";

    /// <param name="name">Of the blob in intake.</param>
    /// <returns>What to store with the blob.</returns>
    public IReadOnlyDictionary<string, string> Sign(string name, string person) =>
        new Dictionary<string, string>
        {
            [PersonMetadata] = person,
            [SealMetadata] = seals.Sign(Place(name), Encoding.UTF8.GetBytes(person), clock.GetUtcNow()),
        };

    /// <returns>The person; null where nobody is named, or where the name is not ours: then it is reported.</returns>
    public async Task<string?> ReadAsync(
        string name,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        if (!metadata.TryGetValue(PersonMetadata, out var person))
        {
            return null;
        }

        var content = Encoding.UTF8.GetBytes(person);
        if (seals.IsGenuine(Place(name), content, metadata.GetValueOrDefault(SealMetadata)))
        {
            return person;
        }

        await tampering.ReportAsync(
            $"intake/{name}",
            "its metadata names a person who did not drop it over HTTP",
            content,
            cancellation
        );
        return null;
    }

    private static string Place(string name) => $"dropped-by/{name}";
}
