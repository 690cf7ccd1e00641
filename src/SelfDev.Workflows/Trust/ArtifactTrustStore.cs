using System.Runtime.CompilerServices;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Trust;

/// <summary>
/// The trust store on blobs, in the container <see cref="Containers.Trust"/>: what runs in Azure. A creation is
/// conditional on there being none, and durable when the account has answered. Who may write to the account may still
/// put, change or delete blobs there; the template keeps everybody but the app out and makes the container immutable.
/// </summary>
public sealed class ArtifactTrustStore(IArtifactStore store) : ITrustStore
{
    private const string ContentType = "application/octet-stream";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Name or content is outside the limits.</exception>
    /// <exception cref="IOException">Storage failed after retries. The record may have been created; the same call then
    /// returns false.</exception>
    public Task<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        TrustRecords.CheckContent(name, content);
        return store.TryCreateAsync(Containers.Trust, name, content, ContentType, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">What lies there is larger than any record: somebody else put it
    /// there.</exception>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        try
        {
            await using var stream = await store.OpenReadAsync(new BlobRef(Containers.Trust, name, null), cancellation);
            using var content = new MemoryStream();
            var buffer = new byte[16 << 10];
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var count)
            {
                if (content.Length + count > TrustStoreLimits.MaxBytes)
                {
                    throw new InvalidDataException(
                        $"The trust record '{name}' is over {TrustStoreLimits.MaxBytes} bytes, which none of ours is."
                    );
                }

                content.Write(buffer, 0, count);
            }

            return content.ToArray();
        }
        catch (BlobGoneException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Storage lists from the prefix on; what lies before <paramref name="from"/> is passed over here. Names
    /// that no record can have are left out.</remarks>
    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        string from,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        TrustRecords.CheckPrefix(prefix);
        TrustRecords.CheckPrefix(from);
        await foreach (var blob in store.ListAsync(Containers.Trust, prefix, cancellation))
        {
            if (TrustRecords.IsName(blob.Blob.Name) && string.CompareOrdinal(blob.Blob.Name, from) >= 0)
            {
                yield return blob.Blob.Name;
            }
        }
    }
}
