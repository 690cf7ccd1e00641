using System.Globalization;

namespace SelfDev.Local.Spool;

/// <summary>
/// An emulator whose disk is not ours to look at: what was put counts as kept after a time in which it has saved its
/// index many times and the operating system has written it out.
/// </summary>
internal sealed class PatientDisk(TimeProvider clock, TimeSpan patience) : IStorageDisk
{
    /// <summary>
    /// Azurite saves every five seconds, operating systems write within half a minute; this is far more than both.
    /// </summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(10);

    // Between two times that the emulator is asked what it still has.
    private static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(10);

    public bool MayForget => true;

    public Task<DiskState> LookAsync(
        IReadOnlyList<(SpoolEntry Entry, DateTimeOffset PutAt)> held,
        CancellationToken cancellation
    )
    {
        var now = clock.GetUtcNow();
        var kept = held.Where(one => now - one.PutAt >= patience)
            .Select(one => one.Entry.Mark)
            .ToHashSet(StringComparer.Ordinal);
        return Task.FromResult(
            new DiskState((now.UtcTicks / LookAfter.Ticks).ToString(CultureInfo.InvariantCulture), kept)
        );
    }
}
