using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using SelfDev.Workflows.Ports;
using BlobInfo = SelfDev.Workflows.Ports.BlobInfo;

namespace SelfDev.Azure.Blobs;

/// <summary>
/// <see cref="IArtifactStore"/> on a storage account or Azurite. Besides what the port promises: what no retry can mend
/// (no access, no such container, a name that a URL cannot carry) is a
/// <see cref="Workflows.Engine.NonRetryableException"/>, anything else an <see cref="IOException"/>; both name the
/// blob.
/// </summary>
public sealed class BlobArtifactStore : IArtifactStore
{
    // What tells a creation whose answer was lost from somebody else's.
    private const string CreatorKey = "selfdevcreator";

    private static readonly StorageTransferOptions StreamedTransfer = new()
    {
        InitialTransferSize = 4 << 20,
        MaximumTransferSize = 4 << 20,
        MaximumConcurrency = 2,
    };

    private readonly BlobServiceClient _service;
    private readonly int _readRangeBytes;

    /// <param name="credential">For <see cref="BlobStoreOptions.ServiceUri"/>; null: the environment's, e.g. a managed
    /// identity.</param>
    /// <exception cref="ArgumentException">The options name no account, two, or one that cannot be reached
    /// safely.</exception>
    public BlobArtifactStore(BlobStoreOptions options, TokenCredential? credential = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReadRangeBytes, 64 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ReadRangeBytes, 64 << 20);
        _readRangeBytes = options.ReadRangeBytes;
        _service = Connect(options, credential);
    }

    /// <summary>Creates the containers that are missing, all private.</summary>
    public Task EnsureContainersAsync(CancellationToken cancellation) =>
        EnsureContainersAsync(Containers.All, cancellation);

    /// <inheritdoc cref="EnsureContainersAsync(CancellationToken)"/>
    public async Task EnsureContainersAsync(IReadOnlyList<string> containers, CancellationToken cancellation)
    {
        foreach (var container in containers)
        {
            try
            {
                await _service
                    .GetBlobContainerClient(container)
                    .CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellation);
            }
            catch (Exception failure) when (BlobFailures.Translate(failure, container, "", cancellation) is { } clear)
            {
                throw clear;
            }
        }
    }

    public async Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation)
    {
        try
        {
            BlobProperties found = await Client(container, name).GetPropertiesAsync(cancellationToken: cancellation);
            return new BlobInfo(
                new BlobRef(container, name, Plain(found.ETag)),
                found.ContentLength,
                found.LastModified,
                Metadata(found.Metadata)
            );
        }
        catch (RequestFailedException failure)
            when (failure.Status == 404 && failure.ErrorCode != BlobErrorCode.ContainerNotFound)
        {
            return null;
        }
        catch (Exception failure) when (BlobFailures.Translate(failure, container, name, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var pages = _service
            .GetBlobContainerClient(container)
            .GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellation)
            .AsPages()
            .GetAsyncEnumerator(cancellation);
        while (await NextAsync(pages, container, prefix, cancellation))
        {
            foreach (var item in pages.Current.Values)
            {
                yield return new BlobInfo(
                    new BlobRef(container, item.Name, item.Properties.ETag is { } tag ? Plain(tag) : null),
                    item.Properties.ContentLength ?? 0,
                    item.Properties.LastModified ?? DateTimeOffset.MinValue,
                    Metadata(item.Metadata)
                );
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>The next ranges are fetched while one is read: at most two ahead, so that memory stays at three
    /// ranges.</remarks>
    public async Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
        await PinnedBlobStream.OpenAsync(Client(blob.Container, blob.Name), blob, _readRangeBytes, cancellation);

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        var written = await UploadAsync(
            container,
            name,
            content,
            new BlobUploadOptions { HttpHeaders = Type(contentType) },
            cancellation
        );
        return new BlobRef(container, name, Plain(written.ETag));
    }

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        var options = new BlobUploadOptions
        {
            HttpHeaders = Type(contentType),
            Metadata = metadata.ToDictionary(StringComparer.Ordinal),
            TransferOptions = StreamedTransfer,
        };
        try
        {
            BlobContentInfo written = await Client(container, name).UploadAsync(content, options, cancellation);
            return new BlobRef(container, name, Plain(written.ETag));
        }
        catch (Exception failure) when (BlobFailures.Translate(failure, container, name, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Holds also when the answer to the creating request is lost: the retry finds its own mark on the
    /// blob.</remarks>
    public async Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        var creator = Guid.NewGuid().ToString("N");
        try
        {
            var options = new BlobUploadOptions
            {
                HttpHeaders = Type(contentType),
                Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
                Metadata = new Dictionary<string, string> { [CreatorKey] = creator },
            };
            await UploadAsync(container, name, content, options, cancellation);
            return true;
        }
        catch (IOException failure) when (failure.InnerException is RequestFailedException { Status: 409 or 412 })
        {
            var existing = await GetInfoAsync(container, name, cancellation);
            return existing?.Metadata.GetValueOrDefault(CreatorKey) == creator;
        }
    }

    /// <summary>The SDK's client, for what else lives in the same account.</summary>
    /// <inheritdoc cref="BlobArtifactStore(BlobStoreOptions, TokenCredential?)"/>
    public static BlobServiceClient Connect(BlobStoreOptions options, TokenCredential? credential = null)
    {
        var client = new BlobClientOptions();
        client.Retry.Mode = RetryMode.Exponential;
        client.Retry.MaxRetries = options.MaxRetries;
        client.Retry.Delay = options.Delay;
        client.Retry.MaxDelay = options.MaxDelay;
        client.Retry.NetworkTimeout = options.NetworkTimeout;
        return (options.ConnectionString, options.ServiceUri) switch
        {
            ({ Length: > 0 } text, null) => FromConnectionString(text, client),
            (null or "", { } uri) when uri.Scheme == Uri.UriSchemeHttps => new BlobServiceClient(
                uri,
                credential ?? new DefaultAzureCredential(),
                client
            ),
            (null or "", { } uri) => throw new ArgumentException(
                $"Storage address {uri} is not https: a token must not travel in the clear.",
                nameof(options)
            ),
            _ => throw new ArgumentException(
                "Name one storage account: either a connection string or a service address.",
                nameof(options)
            ),
        };
    }

    private static BlobServiceClient FromConnectionString(string text, BlobClientOptions client)
    {
        try
        {
            return new BlobServiceClient(text, client);
        }
        catch (FormatException malformed)
        {
            // The SDK's message names the part that is wrong and not the key.
            throw new ArgumentException(
                "The storage connection string cannot be read. It looks like "
                    + "'DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net'. "
                    + malformed.Message,
                nameof(text)
            );
        }
    }

    private BlobClient Client(string container, string name) =>
        _service.GetBlobContainerClient(container).GetBlobClient(BlobNames.Addressable(container, name));

    private async Task<BlobContentInfo> UploadAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        BlobUploadOptions options,
        CancellationToken cancellation
    )
    {
        try
        {
            return await Client(container, name).UploadAsync(new BinaryData(content), options, cancellation);
        }
        catch (Exception failure) when (BlobFailures.Translate(failure, container, name, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    private static async ValueTask<bool> NextAsync<T>(
        IAsyncEnumerator<T> pages,
        string container,
        string prefix,
        CancellationToken cancellation
    )
    {
        try
        {
            return await pages.MoveNextAsync();
        }
        catch (Exception failure) when (BlobFailures.Translate(failure, container, prefix, cancellation) is { } clear)
        {
            throw clear;
        }
    }

    private static BlobHttpHeaders Type(string contentType) => new() { ContentType = contentType };

    // Listings come without quotes, responses with them.
    internal static string Plain(ETag tag) => tag.ToString().Trim('"');

    private static Dictionary<string, string> Metadata(IDictionary<string, string>? metadata) =>
        metadata?.ToDictionary(pair => pair.Key.ToLowerInvariant(), pair => pair.Value, StringComparer.Ordinal) ?? [];
}
