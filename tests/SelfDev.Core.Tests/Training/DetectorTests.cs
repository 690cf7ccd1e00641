using System.Globalization;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Detectors;
using SelfDev.Core.Training.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Training;

public class DetectorTests
{
    private static string Watchdog(int rank) =>
        $"[rank{rank}]:[E131 22:50:48.102958510 ProcessGroupNCCL.cpp:632] [Rank {rank}] Watchdog caught collective "
        + $"operation timeout: WorkNCCL(SeqNum=1, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran "
        + $"for 600053 milliseconds before timing out.\n";

    [Fact]
    public void The_sample_tells_its_story_with_root_cascade_and_symptom()
    {
        var analysis = TrainingRoom.AnalyzeFile(
            Path.Combine(SharedData.RepositoryRoot(), "samples/training/pretrain-13b/train.log")
        );

        var xid = analysis.Single(FindingKinds.GpuXid);
        Assert.Equal((FindingRole.Root, Severity.Critical), (xid.Role, xid.Severity));
        Assert.Equal("trainvm000002", Assert.IsType<ReplaceNode>(xid.Proposals[0].Action).Node.Value);
        Assert.Equal(1, Assert.IsType<ScaleFleet>(xid.Proposals[1].Action).RestoreNodes);
        var nccl = analysis.Single(FindingKinds.NcclTimeout);
        Assert.Equal(
            (FindingRole.Cascade, xid.Id, "16-23"),
            (nccl.Role, nccl.CausedBy, nccl.Metrics["silentRanks"].ToString())
        );
        var exit = analysis.Single(FindingKinds.ProcessExit);
        Assert.Equal((FindingRole.Symptom, xid.Id), (exit.Role, exit.CausedBy));
        var spike = analysis.Single(FindingKinds.LossSpike);
        Assert.Equal(2310, spike.From.Step);
        var surge = analysis.Single(FindingKinds.GradNormSurge);
        Assert.Equal((6.0, spike.Id), (surge.Metrics["leadSteps"].Number, surge.CausedBy));
        Assert.Equal("periodic", analysis.Single(FindingKinds.SlowSteps).Metrics["pattern"].ToString());
        Assert.Equal(xid.Id, Assert.IsType<TrainingSummary>(analysis.Summary).RootFinding);
    }

    [Fact]
    public void A_healthy_run_is_quiet() =>
        Assert.Empty(TrainingRoom.Analyze(TrainingRoom.Megatron(TrainingRoom.Healthy(3000))).Findings);

    [Theory]
    [InlineData(1, "fast-recovering", Severity.Info)]
    [InlineData(8, "fast-recovering", Severity.Warning)]
    [InlineData(60, "slow-recovering", Severity.Warning)]
    [InlineData(1000, "not-recovering", Severity.Critical)]
    public void Spikes_are_classed_by_their_recovery(int rows, string expected, Severity severity)
    {
        var losses = TrainingRoom.Healthy(1400);
        for (var i = 400; i < 400 + rows; i++)
        {
            losses[i] += 3;
        }

        var spike = TrainingRoom.Analyze(TrainingRoom.Megatron(losses)).Single(FindingKinds.LossSpike);

        Assert.Equal((401L, expected, severity), (spike.From.Step, spike.Metrics["class"].ToString(), spike.Severity));
        var cited = spike.Evidence.Where(line => line.Line < spike.From.Line).Select(LossOf).Order().ToArray();
        Assert.Equal(cited[cited.Length / 2], spike.Metrics["level"].Number);
        Assert.Contains(spike.Evidence, line => LossOf(line) == spike.Metrics["peak"].Number);
    }

    [Fact]
    public void A_resume_at_an_earlier_step_is_a_segment_and_no_spike()
    {
        var losses = TrainingRoom.Healthy(600);
        var text = TrainingRoom.Megatron(losses[..500]) + TrainingRoom.Megatron(losses[300..], firstStep: 301);

        var analysis = TrainingRoom.Analyze(text);

        Assert.Empty(analysis.Findings);
        var run = ((TrainingSummary)analysis.Summary).Runs[0];
        Assert.Equal((2, 200L), (run.Segments.Count, run.StepsRepeated));
    }

    [Fact]
    public void Duplicate_and_out_of_order_steps_are_counted_and_raise_nothing()
    {
        var lines = TrainingRoom
            .Megatron(TrainingRoom.Healthy(400))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ToList();
        lines.Insert(300, lines[299]);
        (lines[350], lines[345]) = (lines[345], lines[350]);

        var analysis = TrainingRoom.Analyze(string.Join('\n', lines) + "\n");

        Assert.DoesNotContain(
            analysis.Findings,
            finding => finding.Kind is FindingKinds.LossSpike or FindingKinds.Divergence
        );
        Assert.Equal(1, ((TrainingSummary)analysis.Summary).Runs[0].Duplicates);
    }

    [Fact]
    public void A_late_line_is_out_of_order_and_no_restart()
    {
        var lines = TrainingRoom
            .Megatron(TrainingRoom.Healthy(400))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ToList();
        var late = lines[99];
        lines.RemoveAt(99);
        lines.Insert(300, late);

        var run = ((TrainingSummary)TrainingRoom.Analyze(string.Join('\n', lines) + "\n").Summary).Runs[0];

        Assert.Equal((1L, 1, 0L), (run.OutOfOrder, run.Segments.Count, run.StepsRepeated));
    }

    [Fact]
    public void An_exception_counts_where_a_traceback_says_that_it_was_not_caught()
    {
        const string Exception = "ValueError: shapes differ\n";

        Assert.DoesNotContain(
            TrainingRoom.Analyze("retrying after\n" + Exception).Findings,
            finding => finding.Kind == FindingKinds.ProcessExit
        );
        Assert.Contains(
            TrainingRoom.Analyze("Traceback (most recent call last):\n" + Exception).Findings,
            finding => finding.Kind == FindingKinds.ProcessExit
        );
    }

    [Fact]
    public void A_resume_that_loses_data_position_is_a_discontinuity()
    {
        var losses = TrainingRoom.Healthy(400);
        var resumed = TrainingRoom
            .Megatron(losses[300..], firstStep: 301)
            .Replace("consumed samples: ", "consumed samples: 9", StringComparison.Ordinal);

        var finding = TrainingRoom
            .Analyze(TrainingRoom.Megatron(losses) + resumed)
            .Single(FindingKinds.ResumeDiscontinuity);

        Assert.Equal(301, finding.From.Step);
    }

    [Theory]
    [InlineData("nan", Severity.Critical)]
    [InlineData("inf", Severity.Critical)]
    public void A_loss_that_stays_non_finite_is_critical(string value, Severity severity)
    {
        var text = TrainingRoom.Megatron(TrainingRoom.Healthy(100));
        for (var step = 101; step < 110; step++)
        {
            text += $" iteration {step, 8}/  100000 | elapsed time per iteration (ms): 1000.0 | lm loss: {value} |\n";
        }

        var finding = TrainingRoom.Analyze(text).Single(FindingKinds.NonFinite);

        Assert.Equal((101L, severity), (finding.From.Step, finding.Severity));
        Assert.IsType<RollBackAndSkip>(Assert.Single(finding.Proposals).Action);
    }

    [Fact]
    public void Silence_between_rows_is_a_stall_by_the_runs_own_rhythm()
    {
        var text = new StringBuilder();
        var time = new DateTime(2026, 1, 1, 0, 0, 0);
        for (var step = 1; step <= 100; step++)
        {
            time = time.AddSeconds(step == 60 ? 3600 : 10);
            text.Append(
                CultureInfo.InvariantCulture,
                $"[{time:yyyy-MM-dd HH:mm:ss}] iteration {step}/ 1000 | lm loss: 2.5 |\n"
            );
        }

        var stall = TrainingRoom.Analyze(text.ToString()).Single(FindingKinds.Stall);
        Assert.Equal((59L, 60L, 3600.0), (stall.From.Step, stall.To.Step, stall.Metrics["seconds"].Number));

        var silent = TrainingRoom.Analyze(text.ToString(), ("now", "2026-01-01T03:00:00Z"));
        Assert.Equal(2, silent.Findings.Count(finding => finding.Kind == FindingKinds.Stall));
    }

    [Fact]
    public void A_lasting_slow_down_is_a_throughput_drop_and_periodic_slow_steps_are_told_apart()
    {
        var text = new StringBuilder();
        for (var step = 1; step <= 1200; step++)
        {
            var ms =
                step % 100 == 0 ? 4000
                : step > 800 ? 1700
                : 1000 + (step % 7);
            text.Append(
                CultureInfo.InvariantCulture,
                $" iteration {step}/ 9999 | elapsed time per iteration (ms): {ms} | lm loss: 2.5 |\n"
            );
        }

        var analysis = TrainingRoom.Analyze(text.ToString());

        Assert.InRange(analysis.Single(FindingKinds.ThroughputDrop).From.Step!.Value, 795, 830);
        var slow = analysis.Single(FindingKinds.SlowSteps);
        Assert.Equal(("periodic", 100.0), (slow.Metrics["pattern"].ToString(), slow.Metrics["periodSteps"].Number));
    }

    [Fact]
    public void A_loss_that_has_stopped_falling_is_a_plateau()
    {
        var random = new Random(4);
        var flat = Enumerable
            .Range(0, 4000)
            .Select(i => 2.5 + (6 * Math.Exp(-i / 100.0)) + (0.02 * random.NextDouble()));

        var plateau = TrainingRoom.Analyze(TrainingRoom.Megatron(flat)).Single(FindingKinds.Plateau);

        Assert.Equal(2000, plateau.Metrics["sinceStep"].Number);
    }

    [Fact]
    public void Theil_and_sen_find_the_slope_whatever_the_outliers()
    {
        var points = Enumerable
            .Range(0, 50)
            .Select(i => new SelfDev.Core.Reports.Model.ChartPoint(i, i % 10 == 0 ? 1000 : 3 - (0.5 * i)))
            .ToList();

        var (slope, low, high) = PlateauDetector.TheilSen(points);

        Assert.Equal(-0.5, slope, 12);
        Assert.InRange(-0.5, low, high);
    }

    [Fact]
    public void A_gradient_norm_that_stays_high_without_a_spike_is_a_surge_of_its_own()
    {
        var text = TrainingRoom.Megatron(
            TrainingRoom.Healthy(1000),
            more: step =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $" grad norm: {(step is > 700 and < 760 ? 2.5 : 0.4 + (step % 7 / 100.0)):0.000} |"
                )
        );

        var surge = TrainingRoom.Analyze(text).Single(FindingKinds.GradNormSurge);

        Assert.Equal((701L, FindingRole.Root), (surge.From.Step, surge.Role));
    }

    [Fact]
    public void One_rank_slower_than_the_others_is_a_straggler()
    {
        var text = string.Concat(
            Enumerable
                .Range(1, 40)
                .SelectMany(step =>
                    Enumerable
                        .Range(0, 4)
                        .Select(rank =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"[rank{rank}]: iteration {step}/ 100 | elapsed time per iteration (ms): "
                                    + $"{(rank == 2 ? 1600 : 1000)}.0 | lm loss: 2.5 |\n"
                            )
                        )
                )
        );

        var slow = TrainingRoom.Analyze(text).Single(FindingKinds.SlowSteps);

        Assert.Equal(("one-rank", 2.0), (slow.Metrics["pattern"].ToString(), slow.Metrics["rank"].Number));
    }

    [Fact]
    public void A_rank_out_of_memory_is_the_root_of_the_others_time_outs()
    {
        var text =
            TrainingRoom.Megatron(TrainingRoom.Healthy(100))
            + "[rank3]: Traceback (most recent call last):\n[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried "
            + "to allocate 2.50 GiB. GPU 3 has a total capacity of 79.11 GiB\n"
            + string.Concat(Enumerable.Range(0, 8).Where(rank => rank != 3).Select(Watchdog));

        var analysis = TrainingRoom.Analyze(text);

        var oom = analysis.Single(FindingKinds.CudaOom);
        var nccl = analysis.Single(FindingKinds.NcclTimeout);
        Assert.Equal(FindingRole.Root, oom.Role);
        Assert.Equal(
            (FindingRole.Cascade, oom.Id, "3"),
            (nccl.Role, nccl.CausedBy, nccl.Metrics["silentRanks"].ToString())
        );
        Assert.DoesNotContain(analysis.Findings, finding => finding.Kind == FindingKinds.ProcessExit);
    }

    [Fact]
    public void A_cause_in_another_file_is_found_by_time()
    {
        var kernel =
            "2026-01-31T22:40:48.204120+00:00 gpu-07 kernel: [93817.1] NVRM: Xid (PCI:0004:01:00): 79, pid=2104, GPU has fallen off the bus.\n"u8.ToArray();
        var train = Encoding.UTF8.GetBytes("[2026-01-31 22:40:40] iteration 10/ 100 | lm loss: 2.5 |\n" + Watchdog(0));

        var analysis = TrainingRoom.Analyze([("train.log", train), ("dmesg.txt", kernel)]);

        var nccl = analysis.Single(FindingKinds.NcclTimeout);
        Assert.Equal(analysis.Single(FindingKinds.GpuXid).Id, nccl.CausedBy);
        Assert.Equal("train.log", nccl.Evidence[0].File);
    }

    [Fact]
    public void A_trainer_that_prints_zero_loss_over_nan_gradients_is_lost()
    {
        var text = string.Concat(
            Enumerable
                .Range(1, 9)
                .Select(step =>
                    $"{{'loss': {(step < 4 ? "2.5" : "0.0")}, 'grad_norm': {(step < 4 ? "1.2" : "nan")}, "
                    + $"'learning_rate': 2e-05, 'epoch': 0.0{step}}}\n"
                )
        );

        Assert.Equal(
            (4L, Severity.Critical),
            TrainingRoom.Analyze(text).Single(FindingKinds.NonFinite) is var finding
                ? (finding.From.Step!.Value, finding.Severity)
                : default
        );
    }

    [Fact]
    public void A_lost_gpu_that_the_driver_reports_twice_is_one_finding()
    {
        const string Twice =
            "May 19 07:08:57 gpu-07 kernel: NVRM: GPU at PCI:0000:9e:00: GPU-0a1b has fallen off the bus.\n"
            + "May 19 07:08:57 gpu-07 kernel: NVRM: Xid (PCI:0000:9e:00): 79, pid=2104, GPU has fallen off the bus.\n";

        Assert.Equal(2, TrainingRoom.Analyze(Twice).Single(FindingKinds.GpuXid).Evidence.Count);
    }

    [Fact]
    public void A_host_name_that_is_none_becomes_no_parameter()
    {
        var analysis = TrainingRoom.Analyze(
            "2026-01-31T22:40:48+00:00 $(reboot) kernel: NVRM: Xid (PCI:0004:01:00): 79, pid=1, GPU has fallen off the "
                + "bus.\n"
        );

        Assert.DoesNotContain(
            analysis.Single(FindingKinds.GpuXid).Proposals,
            proposal => proposal.Action is ReplaceNode
        );
    }

    [Fact]
    public void Unknown_options_and_empty_files_are_refused_with_what_to_do()
    {
        Assert.Contains(
            "Known: window",
            Assert.Throws<ArtifactUnreadableException>(() => TrainingRoom.Analyze("x\n", ("windw", "3"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "from 16 to 1024",
            Assert.Throws<ArtifactUnreadableException>(() => TrainingRoom.Analyze("x\n", ("window", "3"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is empty",
            Assert.Throws<ArtifactUnreadableException>(() => TrainingRoom.Analyze("")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Metrics_that_are_all_nan_are_not_called_healthy()
    {
        var analysis = TrainingRoom.Analyze(
            string.Concat(Enumerable.Range(1, 50).Select(step => $"{{\"step\":{step},\"loss\":NaN}}\n"))
        );

        Assert.Equal(Severity.Critical, analysis.Single(FindingKinds.NonFinite).Severity);
    }

    private static double LossOf(Evidence line) =>
        double.Parse(line.Text.Split("lm loss:")[1].Split('|')[0], CultureInfo.InvariantCulture);
}
