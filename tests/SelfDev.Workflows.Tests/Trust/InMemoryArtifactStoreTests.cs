using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Trust;

/// <summary>The store that other tests use is held to what the genuine ones are.</summary>
public sealed class InMemoryArtifactStoreTests : ArtifactStoreConformance
{
    protected override Task<IArtifactStore> CreateAsync() =>
        Task.FromResult<IArtifactStore>(new InMemoryArtifactStore());
}
