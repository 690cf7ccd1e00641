using System.Globalization;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;
using SelfDev.Core.Training.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Tests.Training;

public class ComparisonTests
{
    private static byte[] Run(int seed, IEnumerable<int> spikes)
    {
        var losses = TrainingRoom.Healthy(4000, seed);
        foreach (var step in spikes)
        {
            losses[step - 1] += 1.5;
        }

        return Encoding.UTF8.GetBytes(TrainingRoom.Megatron(losses));
    }

    private static RunAlignment Align(byte[] a, byte[] b) =>
        Assert.Single(((TrainingSummary)TrainingRoom.Analyze([("a", a), ("b", b)]).Summary).Alignments);

    [Fact]
    public void Runs_that_share_their_spikes_blame_the_data()
    {
        int[] spikes = [500, 900, 1300, 2000, 2600, 3100, 3500];

        var alignment = Align(Run(1, spikes), Run(2, [.. spikes[..6], 3900]));

        Assert.Equal(
            (RunAlignment.Data, 7, 7, 6),
            (alignment.Verdict, alignment.SpikesA, alignment.SpikesB, alignment.Shared)
        );
        Assert.True(alignment.PValue < 1e-9);
    }

    [Fact]
    public void Runs_that_share_none_blame_the_optimiser_and_few_spikes_decide_nothing()
    {
        var a = Run(1, [500, 900, 1300, 2000, 2600, 3100]);

        Assert.Equal(RunAlignment.Optimiser, Align(a, Run(2, [550, 950, 1350, 2050, 2650, 3150])).Verdict);
        Assert.Equal(RunAlignment.Undecided, Align(a, Run(2, [500, 900])).Verdict);
    }

    [Fact]
    public void A_forecast_counts_the_runs_own_spikes()
    {
        SpikeRecord[] history =
        [
            new(1, 20, 5, 3, 9, 20, true),
            new(100, 140, 5, 3, 9, 40, true),
            new(200, 203, 5, 3, 9, 3, true),
            new(300, 400, 5, 3, 9, 100, false),
        ];

        var forecast = RecoveryForecast.Of(history, rowsSoFar: 10, stride: 1, sinceCheckpoint: 500);

        // Three lasted ten rows, two of them recovered, after 20 and 40 rows: median 30, 20 still to wait.
        Assert.Equal(
            (3.0 / 5, 3, 2, 20),
            (forecast.Probability, forecast.Lasted, forecast.Recovered, forecast.RowsToWait)
        );
        Assert.Equal((0.6 * 20) + (0.4 * 520), forecast.WaitSteps, 9);
        Assert.True(forecast.Waits);
    }

    [Fact]
    public void A_spike_in_progress_is_priced_both_ways()
    {
        var losses = TrainingRoom.Healthy(1000);
        for (var i = 990; i < 1000; i++)
        {
            losses[i] += 3;
        }

        var spike = TrainingRoom.Analyze(TrainingRoom.Megatron(losses), ("gpus", "64")).Single(FindingKinds.LossSpike);

        Assert.Equal(["wait", "roll-back-and-skip"], spike.Proposals.Select(proposal => proposal.Action.Kind));
        Assert.Contains("GPU-hours", spike.Proposals[0].Why, StringComparison.Ordinal);
    }

    private const string Xid63 =
        "2026-01-{0:00}T01:00:00+00:00 gpu-07 kernel: NVRM: Xid (PCI:0000:10:1c): 63, pid=1850, Row Remapper: New row "
        + "marked for remapping, reset gpu to activate\n";
    private static readonly CompositeFormat Xid63Line = CompositeFormat.Parse(Xid63);

    private static IReadOnlyList<Finding> Xid63On(int day) =>
        TrainingRoom.Analyze(string.Format(CultureInfo.InvariantCulture, Xid63Line, day)).Findings;

    [Fact]
    public void The_third_time_on_one_node_replaces_it()
    {
        var memory = Recurrence.OccurrencesOf(Xid63On(1)).Concat(Recurrence.OccurrencesOf(Xid63On(2))).ToList();

        Assert.DoesNotContain(
            Assert.Single(Recurrence.Escalate(Xid63On(2), memory)).Proposals,
            proposal => proposal.Action is ReplaceNode
        );
        var third = Assert.Single(Recurrence.Escalate(Xid63On(3), memory));
        Assert.Equal(3.0, third.Metrics["timesOnNode"].Number);
        Assert.Equal("gpu-07", Assert.IsType<ReplaceNode>(third.Proposals[0].Action).Node.Value);
    }

    [Theory]
    [MemberData(nameof(SignatureTests.Ids), MemberType = typeof(SignatureTests))]
    public void A_cause_that_comes_back_proposes_what_its_kind_may(string id)
    {
        var signature = SignatureTable.Default.Signatures.Single(known => known.Id == id);
        var finding = Xid63On(1)[0] with
        {
            Kind = signature.Kind,
            Proposals = [],
            Metrics = new Dictionary<string, MetricValue> { ["node"] = "gpu-07", ["signature"] = id },
        };
        var memory = Enumerable.Range(0, 5).Select(day => new CauseOccurrence(id, "gpu-07", $"{day}")).ToList();

        var again = Assert.Single(Recurrence.Escalate([finding], memory));

        Assert.Equal(signature.Kind != FindingKinds.InjectionAttempt, again.Proposals.Count == 1);
        Assert.All(
            again.Proposals,
            proposal => Assert.Contains(proposal.Action.Kind, FindingCatalog.Require(again.Kind).Proposals)
        );
    }

    [Fact]
    public void A_log_that_has_grown_alerts_only_what_is_new()
    {
        var losses = TrainingRoom.Healthy(2000);
        losses[700] += 3;
        losses[1500] += 3;
        var whole = TrainingRoom.Megatron(losses);
        var before = TrainingRoom.Analyze(whole[..(whole.Length / 2)]).Findings;
        var now = TrainingRoom.Analyze(whole).Findings;

        Assert.Equal(1501, Assert.Single(FindingIdentity.New(now, before)).From.Step);
        Assert.Empty(FindingIdentity.New(now, now));
    }

    [Fact]
    public void A_message_never_seen_before_the_failure_is_told()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 3000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"worker {i % 8} fetched shard {i}\n");
        }

        text.Append("storage daemon reports degraded volume, giving up: timeout\n")
            .Append("RuntimeError: CUDA error: an illegal memory access was encountered\n");

        var novel = TrainingRoom.Analyze(text.ToString()).Single(FindingKinds.NovelMessage);

        Assert.Equal(3001, Assert.Single(novel.Evidence).Line);
    }

    [Fact]
    public void Drain_joins_lines_that_differ_in_their_variables()
    {
        var miner = new TemplateMiner();
        miner.Add("send block 17 to 10.0.0.1 done"u8, 1, 0, 1);
        var second = miner.Add("send block 18 to 10.0.0.2 failed"u8, 2, 0, 3);
        miner.Add("a wholly different line"u8, 3, 0, 1);

        Assert.Equal("send block <*> to <*> <*>", second.ToString());
        Assert.Equal((2, 4L), (miner.Templates.Count(), second.Count));
    }

    [Fact]
    public void Templates_without_end_stay_bounded()
    {
        var miner = new TemplateMiner();
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            miner.Add(
                Encoding.ASCII.GetBytes(
                    string.Join(
                        ' ',
                        Enumerable
                            .Range(0, 1 + random.Next(9))
                            .Select(_ => (char)('a' + random.Next(26)) + "" + (char)('a' + random.Next(26)))
                    )
                ),
                i,
                0,
                1
            );
        }

        Assert.True(miner.Templates.Count() <= TemplateMiner.MaxTemplates);
    }
}
