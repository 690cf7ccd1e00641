using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Azure.Tests.Trust;

/// <summary>The trust store as it runs in Azure, on a genuine blob service.</summary>
public sealed class BlobTrustStoreTests(AzuriteFixture azurite) : TrustStoreConformance
{
    protected override async Task<ITrustStore> CreateAsync() => new ArtifactTrustStore(await azurite.NewStoreAsync());
}
