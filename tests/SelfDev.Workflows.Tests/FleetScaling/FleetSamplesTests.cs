using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.FleetScaling;

public class FleetSamplesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 30, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fleet_that_begins_with_its_last_hours_has_all_of_them()
    {
        var samples = new FleetSamples(new InMemoryArtifactStore());
        await AddAsync(samples, count: 170, every: TimeSpan.FromMinutes(1));

        Assert.Equal(170, (await samples.ReadAsync("chat", Now, Cancellation)).Count);
    }

    [Fact]
    public async Task What_the_history_has_let_go_is_not_read_again()
    {
        var store = new InMemoryArtifactStore();
        var samples = new FleetSamples(store);
        await AddAsync(samples, count: 1400, every: TimeSpan.FromSeconds(5));
        var first = await samples.ReadAsync("chat", Now, Cancellation);
        var history = await HistoryAsync(store);

        var again = await samples.ReadAsync("chat", Now, Cancellation);

        Assert.Equal(1080, first.Count);
        Assert.Equal(first, again);
        // Only what was found is written.
        Assert.Equal(history, await HistoryAsync(store));
    }

    [Fact]
    public async Task A_forged_sample_or_history_is_passed_over_once_and_the_fleet_goes_on()
    {
        using var trust = new TrustRoom(new FakeClock(Now), new FixedPolicySource(ApprovalPolicy.DenyAll));
        var account = new InMemoryArtifactStore();
        var samples = new FleetSamples(new SealedArtifactStore(account, trust.Seals, trust.Tampering, trust.Clock));
        await AddAsync(samples, count: 10, every: TimeSpan.FromMinutes(1));
        var names = await account
            .ListAsync(Containers.Evidence, "", Cancellation)
            .Select(blob => blob.Blob.Name)
            .ToListAsync(Cancellation);
        account.Put(Containers.Evidence, names[^1], "{\"time\":\"2026-03-01T12:00:00Z\"}");

        Assert.Equal(9, (await samples.ReadAsync("chat", Now, Cancellation)).Count);
        Assert.Equal(9, (await samples.ReadAsync("chat", Now, Cancellation)).Count);
        Assert.Single(trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);

        var history = await account
            .ListAsync(Containers.Evidence, "", Cancellation)
            .Select(blob => blob.Blob.Name)
            .SingleAsync(name => name.EndsWith("history.json", StringComparison.Ordinal), Cancellation);
        account.Put(Containers.Evidence, history, "{}");
        Assert.Equal(9, (await samples.ReadAsync("chat", Now, Cancellation)).Count);
    }

    [Fact]
    public async Task What_was_sent_before_a_clock_was_put_back_is_no_news_when_its_time_comes_again()
    {
        var samples = new FleetSamples(new InMemoryArtifactStore()) { Kept = TimeSpan.FromMinutes(15) };
        await AddAsync(samples, count: 60, every: TimeSpan.FromMinutes(1));
        await samples.ReadAsync("chat", Now, Cancellation);
        var putBack = Now - TimeSpan.FromMinutes(50);
        await samples.ReadAsync("chat", putBack, Cancellation);

        var later = await samples.ReadAsync("chat", putBack + TimeSpan.FromMinutes(10), Cancellation);

        Assert.All(later, sample => Assert.True(sample.Time <= putBack));
    }

    private static async Task AddAsync(FleetSamples samples, int count, TimeSpan every)
    {
        for (var index = 0; index < count; index++)
        {
            await samples.AddAsync(
                "chat",
                new FleetSample
                {
                    Time = Now - (index * every),
                    Seconds = every.TotalSeconds,
                    Requests = 1,
                    PrefillTokens = 1,
                    Completions = 1,
                    OutputTokens = 1,
                    Queue = 0,
                },
                Cancellation
            );
        }
    }

    private static async Task<string?> HistoryAsync(InMemoryArtifactStore store)
    {
        await foreach (var blob in store.ListAsync(Containers.Evidence, "fleets/", Cancellation))
        {
            if (blob.Blob.Name.EndsWith("history.json", StringComparison.Ordinal))
            {
                return blob.Blob.ETag;
            }
        }

        return null;
    }
}
