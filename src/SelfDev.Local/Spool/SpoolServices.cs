using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>What stands between the host and storage that forgets.</summary>
internal static class SpoolServices
{
    /// <summary>
    /// The storage as everything of the host is to see it: through the spool, or as it is where its word holds.
    /// </summary>
    public static IArtifactStore Over(LocalStorage storage, IServiceProvider services) =>
        services.GetService<SpooledStore>() ?? (IArtifactStore)storage.Store;

    /// <summary>Adds the spool, unless the account's own word holds.</summary>
    public static IServiceCollection AddSpool(
        this IServiceCollection services,
        SpoolOptions options,
        LocalStorage storage
    ) =>
        storage.KeepsItsWord
            ? services
            : services
                .AddSingleton(options)
                .AddSingleton<SpoolFolder>()
                .AddSingleton<SpoolTable>()
                .AddSingleton<NameTurns>()
                .AddSingleton(provider => new SpooledBlobs(storage.Store, provider.GetRequiredService<SpoolFolder>()))
                .AddSingleton(provider => DiskOf(storage, provider.GetRequiredService<TimeProvider>()))
                .AddSingleton(provider => new SpoolReplay(
                    storage.Store,
                    provider.GetRequiredService<SpoolFolder>(),
                    provider.GetRequiredService<SpoolTable>(),
                    provider.GetRequiredService<SpooledBlobs>(),
                    provider.GetRequiredService<TimeProvider>(),
                    provider.GetRequiredService<ILogger<SpoolReplay>>()
                ))
                .AddSingleton(provider => new SpoolKeeper(
                    storage.Store,
                    provider.GetRequiredService<SpoolTable>(),
                    provider.GetRequiredService<SpooledBlobs>(),
                    provider.GetRequiredService<NameTurns>(),
                    provider.GetRequiredService<IStorageDisk>(),
                    options,
                    provider.GetRequiredService<TimeProvider>(),
                    provider.GetRequiredService<ILogger<SpoolKeeper>>()
                ))
                .AddSingleton(provider => new SpooledStore(
                    storage.Store,
                    provider.GetRequiredService<SpoolFolder>(),
                    provider.GetRequiredService<SpoolTable>(),
                    provider.GetRequiredService<SpooledBlobs>(),
                    provider.GetRequiredService<NameTurns>(),
                    options,
                    provider.GetRequiredService<TimeProvider>(),
                    provider.GetRequiredService<ILogger<SpooledStore>>()
                ));

    private static IStorageDisk DiskOf(LocalStorage storage, TimeProvider clock) =>
        storage.Azurite is { } azurite
            ? new AzuriteDisk(azurite.DataFolder, azurite.Account, clock)
            : new PatientDisk(clock, PatientDisk.DefaultPatience);
}
