using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Tests.Training;

/// <summary>Whatever a log holds: no crash, no evidence that is not in the file, the same outcome on any number of
/// cores.</summary>
public class RobustnessTests
{
    private static readonly string[] Pieces =
    [
        .. SignatureTable.Default.Signatures.Select(signature => signature.Example + "\n"),
        .. TrainingRoom.Megatron(TrainingRoom.Healthy(80)).Split('\n').Select(line => line + "\n"),
        "s:7 trl:nan lr:1 norm:inf\n",
        "{\"step\":1,\"loss\":1e999}\n",
        "{\"step\":1,\"loss\":NaN\n",
        "step:3/9 train_loss:-0.0\n",
        "\0\0\0\xFF\xFE loss: iteration 5/\n",
        "iteration 99999999999999999999/ 1 | lm loss: 1 |\n",
        "iteration 5/ 5 | lm loss: -1e308 | loss scale: 0 |\n",
        "Traceback (most recent call last):\n",
        "\r\r\n",
        "loss",
        "{'loss': 0, 'epoch': -1}\n",
        "PGID   | Process Group Desc | Missing Ranks\n",
        "74 | EXPERT_MODEL_PARALLEL_GROUP,0 | a | b | c | 99999999999\n",
        "[2026-13-45 99:99:99] iteration 3/ 9 | lm loss: 2 |\n",
        "OVERFLOW! reducing to 1.0\n",
        "[rank999999999999]: iteration 4/ 9 | lm loss: 2 |\n",
    ];

    private static readonly Gen<byte[]> Logs =
        from pieces in Gen.Elements(Pieces).ListOf(120)
        from cut in Gen.Choose(0, 40)
        from flips in Gen.Choose(0, 200_000).ListOf(6)
        select Damage(string.Concat(pieces), cut, [.. flips]);

    [Fact]
    public void Damaged_and_mixed_logs_never_crash_and_never_make_evidence_up() =>
        Prop.ForAll(
                Logs.ToArbitrary(),
                content =>
                {
                    var analysis = TrainingRoom.Analyze([("x", content)]);
                    JsonSerializer.Serialize(ReportEnvelope.Of(analysis), ReportJson.Options);
                    foreach (var finding in analysis.Findings)
                    {
                        Assert.NotEmpty(finding.Evidence);
                        Assert.Contains(finding.Kind, FindingKinds.All);
                        Assert.All(finding.Evidence, evidence => AssertQuotes(content, evidence));
                        Assert.True(
                            finding.CausedBy is null || analysis.Findings.Any(other => other.Id == finding.CausedBy)
                        );
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void The_outcome_does_not_depend_on_the_number_of_cores()
    {
        var losses = TrainingRoom.Healthy(30_000);
        losses[12_345] += 3;
        var content = Encoding.UTF8.GetBytes(
            TrainingRoom.Megatron(losses, more: step => step % 50 == 0 ? $"\nsome chatter {step} of a library" : "")
        );

        static string Report(byte[] content, string cores) =>
            JsonSerializer.Serialize(
                ReportEnvelope.Of(TrainingRoom.Analyze([("x", content)], ("cores", cores))),
                ReportJson.Options
            );

        Assert.Equal(Report(content, "1"), Report(content, "4"));
    }

    [Fact]
    public void An_endless_line_and_templates_without_number_do_not_fill_the_memory()
    {
        var random = new Random(3);
        var text = new StringBuilder(new string('x', 5_000_000)).Append('\n');
        for (var i = 0; i < 50_000; i++)
        {
            text.Append((char)('a' + random.Next(26)))
                .Append((char)('a' + random.Next(26)))
                .Append((char)('a' + random.Next(26)))
                .Append(' ')
                .Append((char)('a' + random.Next(26)))
                .Append((char)('a' + random.Next(26)))
                .Append('\n');
        }

        var analysis = TrainingRoom.Analyze(text.ToString());

        Assert.Equal(50_001, analysis.Artifact.Lines);
    }

    [Fact]
    public void A_line_that_would_blow_up_a_backtracking_pattern_takes_linear_time()
    {
        var line = "NCCL WARN Net " + string.Concat(Enumerable.Repeat("GPU at has CUDA error: Error: ", 30_000)) + "\n";

        Assert.Equal(1, TrainingRoom.Analyze(line).Artifact.Lines);
    }

    private static void AssertQuotes(byte[] content, Evidence evidence)
    {
        Assert.InRange(evidence.Offset, 0, content.Length - 1);
        var text = Encoding.UTF8.GetString(content.AsSpan((int)evidence.Offset));
        Assert.StartsWith(evidence.Text, text, StringComparison.Ordinal);
        Assert.Equal(evidence.Line, content.AsSpan(0, (int)evidence.Offset).Count((byte)'\n') + 1);
        Assert.True(evidence.Text.Length <= Limits.EvidenceTextChars);
    }

    private static byte[] Damage(string text, int cut, int[] flips)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        bytes = bytes[..Math.Max(1, bytes.Length - cut)];
        foreach (var flip in flips.Where(flip => flip < bytes.Length))
        {
            bytes[flip] = (byte)(flip * 31);
        }

        return bytes;
    }
}
