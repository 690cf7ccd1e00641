using System.IO.Compression;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;

namespace SelfDev.Core.Tests.Artifacts;

public sealed class ArtifactSnifferTests
{
    private static readonly ArtifactSniffer Sniffer = new([
        new Room("training", "megatron", "iteration", 0.9),
        new Room("serving", "requests", "request", 0.9),
        new Room("traffic", "trace", "request", 0.9),
        new Room("evals", "plain", "", 0.1, needs: "score"),
    ]);

    [Theory]
    [InlineData("x.log", "iteration 1 | score 3", "training")]
    [InlineData("x.log", "score 3", "evals")]
    [InlineData("traffic/fleet/x.log", "request 7", "traffic")]
    [InlineData("serving/chat/x.log", "request 7", "serving")]
    [InlineData("training/run/x.log", "request 7", "serving")]
    public void Content_decides_and_the_name_breaks_ties(string name, string content, string kind)
    {
        var result = Sniffer.Sniff(Plain(name, Encoding.UTF8.GetBytes(content)));

        Assert.Equal(kind, result.Match?.Kind);
        Assert.Empty(result.Reason);
    }

    [Fact]
    public void A_kind_that_is_asked_for_asks_no_other_room()
    {
        var file = Plain("x.log", "iteration score"u8.ToArray());

        Assert.Equal("evals", Sniffer.Sniff(file, "evals").Match?.Kind);
        Assert.Contains("serving (requests)", Sniffer.Sniff(file, "serving").Reason, StringComparison.Ordinal);
        Assert.Contains(
            "There is no kind 'x\\u001B'; the kinds are evals, serving, traffic, training.",
            Sniffer.Sniff(file, "x\u001b").Reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new byte[0], "empty")]
    [InlineData(new byte[] { 32, 10, 10 }, "white space")]
    [InlineData(new byte[] { 0xFF, 0xFE, 65, 0 }, "UTF-16")]
    [InlineData(new byte[] { 0xFE, 0xFF, 0, 65 }, "UTF-16")]
    [InlineData(new byte[] { 1, 0, 2 }, "binary")]
    [InlineData(
        new byte[] { 0xC3, 0x28, 10 },
        "Known formats: evals (plain); serving (requests); traffic (trace); training (megatron)."
    )]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 0, 0 }, "zip")]
    public void What_nobody_reads_is_refused_with_the_reason(byte[] content, string expected)
    {
        var result = Sniffer.Sniff(Plain("training/run/x", content));

        Assert.Null(result.Match);
        Assert.Contains(expected, result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Gzip_is_looked_into()
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest))
        {
            gzip.Write("iteration"u8);
        }

        Assert.Equal("megatron", Sniffer.Sniff(Plain("x", stored.ToArray())).Match?.Format);
        Assert.Contains("cut off", Sniffer.Sniff(Plain("x", stored.ToArray()[..^3])).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ReadLimits.HeadBytes, true)]
    [InlineData(ReadLimits.HeadBytes + 1, false)]
    public void A_head_knows_whether_it_is_whole(int length, bool whole)
    {
        var (head, taken) = ArtifactSniffer.ReadHead("x", new MemoryStream(new byte[length]));

        Assert.Equal(whole, head.IsWhole);
        Assert.Equal(ReadLimits.HeadBytes, head.Bytes.Length);
        Assert.Equal(length, taken.Length);
    }

    private static ArtifactFile Plain(string name, byte[] content) =>
        ArtifactContent.File(name, () => new MemoryStream(content), content.Length, ReadLimits.Default);

    /// <summary>Claims what contains its word.</summary>
    private sealed class Room(string kind, string format, string word, double confidence, string? needs = null)
        : ICapability
    {
        public string Kind => kind;

        public IReadOnlyList<string> Formats => [format];

        public FormatMatch? Sniff(ArtifactHead head) =>
            Encoding.Latin1.GetString(head.Bytes.Span).Contains(needs ?? word, StringComparison.Ordinal)
                ? new FormatMatch(kind, format, confidence)
                : null;

        public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
