using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Trust;

/// <summary>The store that other tests use is held to what the genuine ones are.</summary>
public sealed class InMemoryTrustStoreTests : TrustStoreConformance
{
    protected override Task<ITrustStore> CreateAsync() => Task.FromResult<ITrustStore>(new InMemoryTrustStore());
}

public sealed class ArtifactTrustStoreTests : TrustStoreConformance
{
    private readonly InMemoryArtifactStore _blobs = new();

    protected override Task<ITrustStore> CreateAsync() => Task.FromResult<ITrustStore>(new ArtifactTrustStore(_blobs));

    [Fact]
    public async Task What_others_put_into_the_container_is_neither_listed_nor_read_without_end()
    {
        var store = await CreateAsync();
        _blobs.Put(Containers.Trust, "d/with space", "x");
        _blobs.Put(Containers.Trust, "d/large", new string('x', TrustStoreLimits.MaxBytes + 1));

        Assert.Equal(["d/large"], await store.ListAsync("d/", "", Cancellation).ToListAsync(Cancellation));
        await Assert.ThrowsAsync<InvalidDataException>(() => store.ReadAsync("d/large", Cancellation));
    }
}
