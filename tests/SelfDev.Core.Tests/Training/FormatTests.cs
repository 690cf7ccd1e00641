using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Tests.Training;

public class FormatTests
{
    private static RunSummary Run(string text) => ((TrainingSummary)TrainingRoom.Analyze(text).Summary).Runs[0];

    [Theory]
    [InlineData(
        " iteration    29020/  311541 | consumed samples:     10698064 | elapsed time per iteration (ms): 22306.6 | lm "
            + "loss: 2.775923E+00 |",
        29020,
        2.775923
    )]
    [InlineData(
        "[default7]: iteration    12695/  115311 | elapsed time per iteration (s): 105.22 | lm loss: 2.463556E+00 | "
            + "grad norm: 0.174 |",
        12695,
        2.463556
    )]
    [InlineData(
        " [2025-04-13 23:41:12] iteration       10/infinity | throughput per GPU (TFLOP/s/GPU): 410.1 | lm loss: "
            + "1.1E+00 | mtp_1 loss: 9.0E+00 |",
        10,
        1.1
    )]
    [InlineData("s:1990 trl:4.0839 lr:0.000600 norm:0.31", 1990, 4.0839)]
    [InlineData("step:6197/6200 train_loss:3.2988 train_time:1338427ms step_avg:216.33ms", 6197, 3.2988)]
    [InlineData("iter 100: loss 3.1234, time 200.00ms, mfu 30.00%", 100, 3.1234)]
    [InlineData(
        "[rank0]:[titan] 2025-01-01 10:00:00,123 - root - INFO - step: 10  loss:  7.5012  memory: 40.01GiB(50.1%)  "
            + "tps: 1,234  mfu: 12.3%",
        10,
        7.5012
    )]
    [InlineData(
        "{\"step\":5,\"loss\":2.5,\"grad_norm\":1.0,\"lr\":1e-4,\"tokens_per_sec\":1000,\"timestamp\":\"2026-01-01T00:00:00Z\"}",
        5,
        2.5
    )]
    [InlineData(
        "{\"_step\": 7, \"train/loss\": 2.25, \"train/grad_norm\": NaN, \"_timestamp\": 1735689600.5}",
        7,
        2.25
    )]
    [InlineData("{'loss': 1.25, 'grad_norm': 5.4, 'learning_rate': 1e-05, 'epoch': 0.5}", 1, 1.25)]
    public void A_line_of_every_trainer_gives_its_step_and_loss(string line, long step, double loss)
    {
        var run = Run(line + "\n");

        Assert.Equal((1L, step, loss), (run.Rows, run.FirstStep, run.LastLoss));
    }

    [Fact]
    public void Milliseconds_and_seconds_are_told_apart()
    {
        static double? Seconds(string unit, string value) =>
            Run(
                string.Concat(
                    Enumerable
                        .Range(1, 20)
                        .Select(step =>
                            $" iteration {step}/ 100 | elapsed time per iteration ({unit}): {value} | lm loss: 2.0 |\n"
                        )
                )
            ).UsualStepSeconds;

        Assert.Equal(105.22, Seconds("s", "105.22"));
        Assert.Equal(22.3066, Seconds("ms", "22306.6")!.Value, 9);
    }

    [Fact]
    public void Script_text_before_the_first_step_is_passed_over()
    {
        const string Script =
            "print(f\"step:{step+1}/{args.num_iterations} train_loss:{train_loss.item():.4f}\")\nloss = loss / 8 # "
            + "step 3\n";

        var run = Run(Script + "step:1/10 train_loss:3.5 train_time:100ms step_avg:nanms\nstep:2/10 val_loss:3.4\n");

        Assert.Equal((1L, 1L, 3.5), (run.Rows, run.EvaluationRows, run.FirstLoss));
    }

    [Fact]
    public void Csv_is_read_by_its_header()
    {
        const string Csv = "epoch,step,train_loss_step,lr-AdamW\n0,10,2.5,0.001\n0,20,,\n0,30,2.25,0.001\nx\n";

        Assert.Equal("metrics-csv", TrainingRoom.Sniff(Csv)!.Format);
        var run = Run(Csv);
        Assert.Equal((2L, 10L, 30L, 2.25), (run.Rows, run.FirstStep, run.LastStep, run.LastLoss));
    }

    [Fact]
    public void Golden_curves_come_together_by_step()
    {
        const string Golden =
            """{"lm loss": {"start_step": 1, "end_step": 10, "step_interval": 5, "values": {"1": 13.8975, "5": 13.5}}, "iteration-time": {"start_step": 1, "values": {"1": "nan", "5": 17.15}}}""";

        Assert.Equal("megatron-golden", TrainingRoom.Sniff(Golden)!.Format);
        var run = Run(Golden);
        Assert.Equal((2L, 5L, 13.5), (run.Rows, run.LastStep, run.LastLoss));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Trainer_state_is_read_pretty_or_compact_with_unquoted_nan(bool pretty)
    {
        var json = """
            {
              "best_metric": NaN,
              "log_history": [
                {
                  "epoch": 1.0,
                  "grad_norm": Infinity,
                  "loss": 2.5,
                  "step": 10
                },
                {
                  "eval_loss": 2.75,
                  "step": 10
                },
                {
                  "loss": 2.25,
                  "step": 20
                }
              ],
              "max_steps": 20
            }
            """;
        json = pretty ? json : json.ReplaceLineEndings("").Replace("  ", "", StringComparison.Ordinal);

        Assert.Equal("trainer-state", TrainingRoom.Sniff(json)!.Format);
        var run = Run(json);
        Assert.Equal((2L, 1L, 20L, 2.25), (run.Rows, run.EvaluationRows, run.LastStep, run.LastLoss));
    }

    [Fact]
    public void Broken_records_are_counted_and_the_rest_is_read()
    {
        var deep = new string('[', 100_000);
        var text =
            $"{{\"step\":1,\"loss\":2.5}}\n{{\"step\":2,\"loss\":\n{{\"step\":3,\"x\":{deep}\n{{\"step\":4,\"step\":5,\"loss\":1e999}}\n{{\"step\":6,\"loss\":2.25}}\n";

        var analysis = TrainingRoom.Analyze(text);

        Assert.Equal("metrics-jsonl", analysis.Artifact.Format);
        Assert.Equal((2L, 5L), (analysis.Artifact.Rejected, analysis.Artifact.Lines));
        Assert.Equal(6, ((TrainingSummary)analysis.Summary).Runs[0].LastStep);
    }

    [Theory]
    [InlineData("{\"results\": {\"arc\": {\"acc\": 0.5}}, \"config\": {}}")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0, 1]}\n")]
    [InlineData("# HELP vllm:num_requests_waiting Number of requests\nvllm:num_requests_waiting 3\n")]
    [InlineData("")]
    [InlineData("\0\0\0\0\0\0")]
    public void What_belongs_to_other_rooms_or_to_none_is_not_claimed(string text) =>
        Assert.True(TrainingRoom.Sniff(text) is not { Confidence: >= 0.5 });

    [Fact]
    public void Times_are_utc_and_zones_are_honoured()
    {
        var run = Run("[2026-01-31T22:40:48+02:00] iteration 1/ 5 | lm loss: 2.0 |\n");

        Assert.Equal(DateTimeOffset.Parse("2026-01-31T20:40:48Z", CultureInfo.InvariantCulture), run.LastTime);
    }
}
