using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>
/// Samples of a fleet, one blob each under <c>evidence/fleets/</c>, and the history that its workflow reads: the
/// samples of the last <see cref="Kept"/> in one blob that only this fleet's workflow writes.
/// </summary>
public sealed class FleetSamples(IArtifactStore store)
{
    /// <value>How far back the planner learns from. Default 3 hours.</value>
    public TimeSpan Kept { get; init; } = TimeSpan.FromHours(3);

    /// <value>Of sources and host.</value>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(5);

    /// <summary>Samples in the history; more often than every ten seconds and the oldest go first.</summary>
    private const int MostKept = 1080;

    // Of older samples it counts only whether their source knew.
    private static readonly IReadOnlyDictionary<string, int> NoLoad = new Dictionary<string, int>();

    /// <summary>Stores a sample that has no problems. Sending it again changes nothing.</summary>
    public Task AddAsync(string fleet, FleetSample sample, CancellationToken cancellation) =>
        store.TryCreateAsync(
            Containers.Evidence,
            BlobName(fleet, sample.Time),
            JsonSerializer.SerializeToUtf8Bytes(sample, SelfDevJson.Stored),
            StoreJson.ContentType,
            cancellation
        );

    /// <summary>
    /// The newest samples in order of time, those that came since the last call included. Only the newest has the load
    /// of each instance; of the others <see cref="FleetSample.RunningByInstance"/> is empty where their source knew it.
    /// </summary>
    public async Task<IReadOnlyList<FleetSample>> ReadAsync(
        string fleet,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var name = $"{Folder(fleet)}/history.json";
        var history =
            await store.TryReadGenuineJsonAsync<History>(Containers.Evidence, name, cancellation)
            ?? new History([], []);
        var known = history
            .Samples.Select(sample => Name(sample.Time))
            .Concat(history.Void)
            .ToHashSet(StringComparer.Ordinal);
        // What the history has let go is not read again.
        var oldest = history.Samples.Count == MostKept ? history.Samples[0].Time : now - Kept;
        var files = await FilesAsync(
            fleet,
            history.Samples.Count == 0 ? now - Kept : now.AddHours(-1),
            Last(history, now),
            cancellation
        );
        // No sample comes from the future: one that lies there was sent before a clock was put back, as was all between
        // now and then. It must not pass for news when its time comes again.
        var isPutBack =
            files.Exists(file => !known.Contains(file) && Time(file) > now + ClockDifference)
            || history.Samples.Any(sample => sample.Time > now + ClockDifference);
        var forgotten = isPutBack ? files.FindAll(file => Time(file) > now).ToHashSet(StringComparer.Ordinal) : [];
        var found = new List<FleetSample>();
        foreach (
            var file in files.Where(file => !known.Contains(file) && !forgotten.Contains(file) && Time(file) > oldest)
        )
        {
            var blob = BlobName(fleet, Time(file)!.Value);
            if (await store.TryReadGenuineJsonAsync<FleetSample>(Containers.Evidence, blob, cancellation) is { } sample)
            {
                found.Add(sample);
            }
            else
            {
                // A forgery, or gone: not to be read again at each step.
                forgotten.Add(file);
            }
        }

        var samples = history
            .Samples.Concat(found)
            .Where(sample => sample.Time > now - Kept && !forgotten.Contains(Name(sample.Time)))
            .OrderBy(sample => sample.Time)
            .TakeLast(MostKept)
            .ToList();
        for (var older = samples.Count - 2; older >= 0 && samples[older].RunningByInstance is { Count: > 0 }; older--)
        {
            samples[older] = samples[older] with { RunningByInstance = NoLoad };
        }

        if (found.Count > 0 || forgotten.Count > 0 || isPutBack)
        {
            await store.WriteJsonAsync(
                Containers.Evidence,
                name,
                new History(samples, [.. history.Void.Where(file => Time(file) > now - Kept).Union(forgotten)]),
                cancellation
            );
        }

        return samples;
    }

    private async Task<List<string>> FilesAsync(
        string fleet,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        var files = new List<string>();
        for (var hour = from; Hour(hour) != Hour(to.AddHours(1)); hour = hour.AddHours(1))
        {
            var folder = $"{Folder(fleet)}/{Hour(hour)}/";
            await foreach (var blob in store.ListAsync(Containers.Evidence, folder, cancellation))
            {
                files.Add(blob.Blob.Name[folder.Length..]);
            }
        }

        return files;
    }

    // An hour ahead shows whether a clock was put back; if it was, all that lies ahead has to be known, within the day
    // for which samples are taken at all.
    private static DateTimeOffset Last(History history, DateTimeOffset now)
    {
        var newest = history.Samples.Count == 0 ? now : history.Samples[^1].Time;
        return newest > now.AddDays(1) ? now.AddDays(1)
            : newest > now.AddHours(1) ? newest
            : now.AddHours(1);
    }

    private static string BlobName(string fleet, DateTimeOffset time) => $"{Folder(fleet)}/{Hour(time)}/{Name(time)}";

    // A fleet's name is the policy author's; hashed, it can be no path.
    private static string Folder(string fleet) =>
        $"fleets/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(fleet)))[..32]}";

    private static string Hour(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyyMMddHH", CultureInfo.InvariantCulture);

    private static string Name(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) + ".json";

    /// <returns>Null for a name that <see cref="Name"/> did not make.</returns>
    private static DateTimeOffset? Time(string name) =>
        long.TryParse(
            Path.GetFileNameWithoutExtension(name),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var milliseconds
        )
        && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <param name="Void">Files of samples that count no more.</param>
    private sealed record History(IReadOnlyList<FleetSample> Samples, IReadOnlyList<string> Void);
}
