using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using SelfDev.Core.Trust;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Trust;

/// <summary>
/// Seals what SelfDev writes into containers that it alone writes to, and lets nothing be read from them whose seal is
/// not good. Blobs of <see cref="Containers.Evidence"/> carry the seal in their first line; reports and rejections,
/// which people open with other tools, carry it as metadata. What others write (<see cref="Containers.Intake"/>) passes
/// through.
/// </summary>
/// <remarks>
/// A blob is sealed to its name, so a copy from another name is a forgery. An older version of the same name is not
/// told from the newest one: what decides anything is in the trust store and not here.
/// </remarks>
public sealed class SealedArtifactStore(IArtifactStore inner, Seals seals, TamperReports tampering, TimeProvider clock)
    : IArtifactStore
{
    /// <summary>Metadata that holds the seal of a blob that has none in its content.</summary>
    public const string SealMetadata = "selfdevseal";

    /// <summary>Bytes of one sealed blob at most: it is read whole before anything of it is believed.</summary>
    public const long MaxBytes = 256L << 20;

    public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
        inner.GetInfoAsync(container, name, cancellation);

    /// <inheritdoc/>
    /// <remarks>Names and lengths are what storage says, unverified; lengths include the seal.</remarks>
    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation) =>
        inner.ListAsync(container, prefix, cancellation);

    /// <inheritdoc/>
    /// <exception cref="TamperedException">The blob is not what SelfDev wrote; it was reported.</exception>
    public async Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation)
    {
        if (!IsSealed(blob.Container, blob.Name))
        {
            return await inner.OpenReadAsync(blob, cancellation);
        }

        var place = Place(blob.Container, blob.Name);
        var stored = await ReadAsync(blob, cancellation);
        if (await OpenAsync(blob, place, stored, cancellation) is { } content)
        {
            return content;
        }

        await tampering.ReportAsync(place, "its seal is not good", stored, cancellation);
        throw new TamperedException(
            $"{place} is not what SelfDev wrote there; nothing of it is used, and it was reported."
        );
    }

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) =>
        container switch
        {
            Containers.Evidence => inner.WriteAsync(
                container,
                name,
                seals.Seal(Place(container, name), content.Span, clock.GetUtcNow()),
                contentType,
                cancellation
            ),
            _ when IsSealed(container, name) => WriteBesideAsync(container, name, content, contentType, cancellation),
            _ => inner.WriteAsync(container, name, content, contentType, cancellation),
        };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The container is one of those that are sealed: their blobs are written
    /// whole.</exception>
    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    ) =>
        container is Containers.Evidence or Containers.Reports
            ? throw new ArgumentException(
                $"Blobs of '{container}' are sealed, and so written whole.",
                nameof(container)
            )
            : inner.WriteAsync(container, name, content, contentType, metadata, cancellation);

    public Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) =>
        container switch
        {
            Containers.Evidence => inner.TryCreateAsync(
                container,
                name,
                seals.Seal(Place(container, name), content.Span, clock.GetUtcNow()),
                contentType,
                cancellation
            ),
            Containers.Reports => throw new ArgumentException(
                $"Blobs of '{container}' are written, not created once.",
                nameof(container)
            ),
            _ => inner.TryCreateAsync(container, name, content, contentType, cancellation),
        };

    /// <summary>Checks every blob of the sealed containers and reports what is not genuine.</summary>
    /// <returns>Places that are not, as <c>container/name</c>.</returns>
    public async IAsyncEnumerable<string> AuditAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var container in new[] { Containers.Evidence, Containers.Reports, Containers.Rejected })
        {
            await foreach (var info in inner.ListAsync(container, "", cancellation))
            {
                if (
                    !(
                        IsSealed(container, info.Blob.Name)
                            ? await IsGenuineAsync(info.Blob, cancellation)
                            : await IsCopyGenuineAsync(info.Blob, cancellation)
                    )
                )
                {
                    yield return Place(container, info.Blob.Name);
                }
            }
        }
    }

    private static bool IsSealed(string container, string name) =>
        container is Containers.Evidence or Containers.Reports
        || (container == Containers.Rejected && name.EndsWith(RejectionReason.FileSuffix, StringComparison.Ordinal));

    private Task<bool> IsGenuineAsync(BlobRef blob, CancellationToken cancellation) =>
        IsGenuineAsync(
            blob,
            async () =>
            {
                await using var stream = await OpenReadAsync(blob with { ETag = null }, cancellation);
                return true;
            },
            isGenuineWhereGone: true,
            cancellation
        );

    // A copy of what somebody dropped has no seal of its own: the reason beside it has one, and names what was copied.
    private async Task<bool> IsCopyGenuineAsync(BlobRef copy, CancellationToken cancellation)
    {
        var isGenuine = await IsGenuineAsync(
            copy,
            () => IsCopyOfItsReasonAsync(copy, cancellation),
            isGenuineWhereGone: false,
            cancellation
        );
        if (!isGenuine)
        {
            await tampering.ReportAsync(
                Place(copy.Container, copy.Name),
                "it is no copy that a genuine reason beside it tells of",
                null,
                cancellation
            );
        }

        return isGenuine;
    }

    private async Task<bool> IsCopyOfItsReasonAsync(BlobRef copy, CancellationToken cancellation)
    {
        var beside = new BlobRef(copy.Container, copy.Name + RejectionReason.FileSuffix, null);
        await using var reason = await OpenReadAsync(beside, cancellation);
        await using var content = await inner.OpenReadAsync(copy with { ETag = null }, cancellation);
        using var document = new MemoryStream();
        await reason.CopyToAsync(document, cancellation);
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellation));
        return RejectionReason.IsCopyOf(document.ToArray(), sha256);
    }

    /// <param name="isGenuineWhereGone">Whether what was listed may have been replaced since: the next audit sees
    /// it.</param>
    private async Task<bool> IsGenuineAsync(
        BlobRef blob,
        Func<Task<bool>> look,
        bool isGenuineWhereGone,
        CancellationToken cancellation
    )
    {
        try
        {
            return await look();
        }
        catch (TamperedException)
        {
            return false;
        }
        catch (Exception unreadable)
            when (unreadable is not (OperationCanceledException or IOException or BlobGoneException))
        {
            await tampering.ReportAsync(Place(blob.Container, blob.Name), "it cannot be read", null, cancellation);
            return false;
        }
        catch (BlobGoneException)
        {
            return isGenuineWhereGone;
        }
    }

    /// <returns>Null where the seal is not good.</returns>
    private async Task<Stream?> OpenAsync(BlobRef blob, string place, byte[] stored, CancellationToken cancellation)
    {
        if (blob.Container == Containers.Evidence)
        {
            return seals.TryOpen(place, stored, out var content)
                ? new MemoryStream(content.ToArray(), writable: false)
                : null;
        }

        var info = await inner.GetInfoAsync(blob.Container, blob.Name, cancellation);
        var seal = info?.Metadata.GetValueOrDefault(SealMetadata);
        if (!seals.IsGenuine(place, stored, seal) && info is not null)
        {
            // Between the two reads it may have been rewritten by ourselves; then both are of the new version at the
            // second try.
            stored = await ReadAsync(info.Blob, cancellation);
        }

        return seals.IsGenuine(place, stored, seal) ? new MemoryStream(stored, writable: false) : null;
    }

    private async Task<byte[]> ReadAsync(BlobRef blob, CancellationToken cancellation)
    {
        await using var stream = await inner.OpenReadAsync(blob, cancellation);
        if (stream.Length > MaxBytes)
        {
            await tampering.ReportAsync(
                Place(blob.Container, blob.Name),
                "it is larger than anything written there",
                null,
                cancellation
            );
            throw new TamperedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Place(blob.Container, blob.Name)} has {stream.Length} bytes; SelfDev writes at most {MaxBytes}."
                )
            );
        }

        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }

    private async Task<BlobRef> WriteBesideAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        var metadata = new Dictionary<string, string>
        {
            [SealMetadata] = seals.Sign(Place(container, name), content.Span, clock.GetUtcNow()),
        };
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await inner.WriteAsync(container, name, stream, contentType, metadata, cancellation);
    }

    private static string Place(string container, string name) => $"{container}/{name}";
}
