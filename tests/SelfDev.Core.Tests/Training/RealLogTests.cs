using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Training;

/// <summary>What an expert says of the real logs beside the checkout.</summary>
public class RealLogTests
{
    [Fact]
    public void Bigscience_lines_show_their_spikes_at_the_steps_that_the_logbooks_name()
    {
        var analysis = TrainingRoom.AnalyzeFile(SharedData.Require("bigscience/megatron_lines.log"));

        Assert.Equal("megatron", analysis.Artifact.Format);
        var spikes = analysis
            .Findings.Where(finding => finding.Kind == FindingKinds.LossSpike)
            .Select(finding => finding.From.Step);
        Assert.Equal([29050, 7010, 11448, 8741, 17062], spikes);
        Assert.Contains(
            analysis.Findings,
            finding => finding.Kind == FindingKinds.Divergence && finding.From.Step == 6900
        );
        var surge = Assert.Single(
            analysis.Findings,
            finding => finding.Kind == FindingKinds.GradNormSurge && finding.From.Step == 8740
        );
        Assert.Equal(FindingRole.Symptom, surge.Role);
        var collapse = analysis.Findings.First(finding => finding.Kind == FindingKinds.LossScaleCollapse);
        Assert.Equal((65536.0, 4096.0), (collapse.Metrics["from"].Number, collapse.Metrics["to"].Number));
        var worst = analysis.Findings.Single(finding =>
            finding.From.Step == 29050 && finding.Kind == FindingKinds.LossSpike
        );
        Assert.Contains(
            worst.Evidence,
            line => line.Line == 4 && line.Text.Contains("7.343709E+00", StringComparison.Ordinal)
        );
        Assert.IsType<RollBackAndSkip>(Assert.Single(worst.Proposals).Action);
    }

    [Fact]
    public void A_fine_tuning_run_that_memorises_is_told_from_its_trainer_state()
    {
        var analysis = TrainingRoom.AnalyzeFile(SharedData.Require("hf-trainer-state/trainer_state.json"));

        var finding = Assert.Single(analysis.Findings);
        Assert.Equal(FindingKinds.Divergence, finding.Kind);
        Assert.Equal("overfitting", finding.Metrics["class"].ToString());
        Assert.Equal(401, finding.Metrics["bestStep"].Number);
    }

    [Theory]
    [InlineData("modded-nanogpt/llmc_gpt2_main.log", "llm.c", 19559)]
    [InlineData(
        "modded-nanogpt/track_1_short_2024-10-10_Muon_eb5659d0-fb6a-49e5-a311-f1f89412f726.txt",
        "nanogpt",
        6200
    )]
    [InlineData(
        "modded-nanogpt/track_1_short_2024-10-20_ScaleUp1B_87bd51fd-6203-4c88-b3aa-8a849a6a83ca.txt",
        "nanogpt",
        20344
    )]
    [InlineData("megatron-golden/t5_release__golden_values_dev_dgx_h100.json", "megatron-golden", 100000)]
    public void Runs_that_went_well_raise_no_warning(string path, string format, long lastStep)
    {
        var analysis = TrainingRoom.AnalyzeFile(SharedData.Require(path));

        Assert.Equal(format, analysis.Artifact.Format);
        Assert.DoesNotContain(analysis.Findings, finding => finding.Severity >= Severity.Warning);
        var summary = Assert.IsType<SelfDev.Core.Training.Model.TrainingSummary>(analysis.Summary);
        Assert.Equal(lastStep, summary.Runs[0].LastStep);
    }

    [Fact]
    public void A_kernel_log_without_faults_is_quiet() =>
        Assert.Empty(
            TrainingRoom.AnalyzeFile(SharedData.Require("m4-logs/tr_141-hanging_num_workers_0-try3_dmesg.txt")).Findings
        );

    [Theory]
    [InlineData("nvrx/reference_outputs_gpu_error_1st_reference.txt", "12")]
    [InlineData("nvrx/reference_outputs_lock_gil_1st_reference.txt", "9,14")]
    public void The_flight_recorder_names_the_missing_ranks(string path, string ranks)
    {
        var finding = TrainingRoom.AnalyzeFile(SharedData.Require(path)).Single(FindingKinds.CollectiveDesync);

        Assert.Equal((FindingRole.Root, ranks), (finding.Role, finding.Metrics["missingRanks"].ToString()));
    }

    [Fact]
    public void Consumed_samples_that_start_over_are_a_discontinuity()
    {
        var finding = TrainingRoom
            .AnalyzeFile(SharedData.Require("dlrover/events_0.log"))
            .Single(FindingKinds.ResumeDiscontinuity);

        Assert.Equal(
            (576777624.0, 15456.0),
            (finding.Metrics["samplesBefore"].Number, finding.Metrics["samples"].Number)
        );
    }
}
