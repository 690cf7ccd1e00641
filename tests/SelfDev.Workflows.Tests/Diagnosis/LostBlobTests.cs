using System.Runtime.CompilerServices;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Testing;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Diagnosis;

/// <summary>
/// A crash takes the host in the middle of a diagnosis and the blob with it; the same drop comes again as another
/// version. What it says is put to people once: not twice, and not never.
/// </summary>
public class LostBlobTests
{
    private const string Name = "training/run7/train.log";
    private const string First = "intake-first";
    private const string Second = "intake-second";

    private readonly InMemoryArtifactStore _blobs = new();
    private readonly CrashingStore _store;

    public LostBlobTests()
    {
        _store = new CrashingStore(_blobs);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int> EveryWrite => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(EveryWrite))]
    public async Task Whichever_write_the_crash_comes_before_one_of_the_two_runs_asks(int write)
    {
        var first = await AcceptAsync("one");
        _store.CrashBefore = write;
        var crashed = false;
        try
        {
            await AnalyzeAsync(First, first);
        }
        catch (CrashException)
        {
            crashed = true;
        }

        _store.CrashBefore = int.MaxValue;
        var again = await AcceptAsync("one");
        var second = await AnalyzeAsync(Second, again);
        var resumed = await AnalyzeAsync(First, first);

        Assert.Equal(1, (resumed.Unread is null ? resumed.Proposals : 0) + second.Proposals);
        Assert.Equal(write <= 7, crashed);
    }

    [Fact]
    public async Task A_blob_that_is_gone_before_anything_was_found_is_gone()
    {
        var first = await AcceptAsync("one");
        await AcceptAsync("two");

        Assert.IsType<GoneArtifact>((await AnalyzeAsync(First, first)).Unread);
    }

    [Fact]
    public async Task The_same_content_again_does_not_make_a_live_log_of_a_finished_one()
    {
        var memory = new FindingMemory(_blobs);
        Assert.Null(await memory.LongestGapAsync(Name, "aa", Cancellation));
        Assert.Null(await memory.LongestGapAsync(Name, "aa", Cancellation));
        Assert.NotNull(await memory.LongestGapAsync(Name, "bb", Cancellation));
    }

    private async Task<AcceptedArtifact> AcceptAsync(string content)
    {
        var blob = await _blobs.WriteAsync(
            Containers.Intake,
            Name,
            Encoding.UTF8.GetBytes(content),
            "text/plain",
            Cancellation
        );
        return new AcceptedArtifact(blob, "training", "one-finding", "run7", content.Length, content.Length, "aa");
    }

    private Task<AnalyzedArtifact> AnalyzeAsync(string reportId, AcceptedArtifact artifact)
    {
        var manifests = new CheckpointManifests(_store);
        var activity = new AnalyzeArtifact(
            _store,
            new Capabilities([new OneFinding()]),
            new FindingMemory(_store),
            new EvaluationFolder(_store, manifests, ReadLimits.Default),
            ReadLimits.Default
        );
        return activity.RunAsync(
            new AnalyzeArtifactInput(reportId, artifact, null),
            new ActivityContext(reportId, "1", Cancellation)
        );
    }

    private sealed class CrashException : Exception;

    /// <summary>Dies right before its n-th write, and with every later one.</summary>
    private sealed class CrashingStore(IArtifactStore inner) : IArtifactStore
    {
        private int _writes;

        public int CrashBefore { get; set; } = int.MaxValue;

        public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
            inner.GetInfoAsync(container, name, cancellation);

        public async IAsyncEnumerable<BlobInfo> ListAsync(
            string container,
            string prefix,
            [EnumeratorCancellation] CancellationToken cancellation
        )
        {
            await foreach (var info in inner.ListAsync(container, prefix, cancellation))
            {
                yield return info;
            }
        }

        public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
            inner.OpenReadAsync(blob, cancellation);

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        )
        {
            Count();
            return inner.WriteAsync(container, name, content, contentType, cancellation);
        }

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            Stream content,
            string contentType,
            IReadOnlyDictionary<string, string> metadata,
            CancellationToken cancellation
        )
        {
            Count();
            return inner.WriteAsync(container, name, content, contentType, metadata, cancellation);
        }

        public Task<bool> TryCreateAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        )
        {
            Count();
            return inner.TryCreateAsync(container, name, content, contentType, cancellation);
        }

        private void Count()
        {
            if (++_writes >= CrashBefore)
            {
                throw new CrashException();
            }
        }
    }
}
