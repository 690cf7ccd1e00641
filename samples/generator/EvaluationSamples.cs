using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

/// <summary>
/// Writes evaluations of three checkpoints in the files of lm-eval, 240 items of arithmetic each: step-4000 is the
/// baseline, step-5000 was trained on from it and carries less well (a real regression), step-6000 was evaluated by a
/// harness that put the begin-of-sequence token twice (whatever its scores are, they are not the checkpoint's).
/// </summary>
internal static class EvaluationSamples
{
    private const int Items = 240;
    private const int Seed = 20260205;
    private const string Task = "arithmetic_carry";

    public static void Write(string folder)
    {
        Write(
            folder,
            "step-4000",
            null,
            new DateTime(2026, 2, 5, 9, 12, 4, DateTimeKind.Utc),
            "<s>",
            (_, luck) => luck < 0.82
        );
        Write(
            folder,
            "step-5000",
            "step-4000",
            new DateTime(2026, 2, 7, 21, 40, 33, DateTimeKind.Utc),
            "<s>",
            (carries, luck) => luck < (carries ? 0.58 : 0.83)
        );
        Write(
            folder,
            "step-6000",
            "step-4000",
            new DateTime(2026, 2, 10, 6, 3, 51, DateTimeKind.Utc),
            "<s><s>",
            (_, luck) => luck < 0.73
        );
    }

    private static void Write(
        string folder,
        string checkpoint,
        string? parent,
        DateTime time,
        string begin,
        Func<bool, double, bool> solves
    )
    {
        var target = Directory.CreateDirectory(Path.Combine(folder, checkpoint)).FullName;
        var manifest = new JsonObject { ["schema"] = "selfdev.checkpoint/1" };
        if (parent is not null)
        {
            manifest["parent"] = parent;
        }
        else
        {
            manifest["promotedAt"] = "2026-02-05T12:00:00Z";
        }

        File.WriteAllText(
            Path.Combine(target, "manifest.json"),
            manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"
        );

        var numbers = new Random(Seed);
        var rows = new StringBuilder();
        var right = 0;
        for (var id = 0; id < Items; id++)
        {
            var (a, b) = (numbers.Next(100, 1000), numbers.Next(100, 1000));
            var carries = (a % 10) + (b % 10) > 9;
            // Mostly the same luck for every checkpoint: what is hard for one is hard for the next.
            var luck = numbers.NextDouble();
            var solved = solves(carries, luck);
            right += solved ? 1 : 0;
            rows.Append(
                    Row(id, a, b, carries, solved, $"{begin}Question: What is {a} plus {b}?\nAnswer:").ToJsonString()
                )
                .Append('\n');
        }

        var stamp = time.ToString("yyyy-MM-ddTHH-mm-ss.000000", CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(target, $"samples_{Task}_{stamp}.jsonl"), rows.ToString());
        File.WriteAllText(
            Path.Combine(target, $"results_{stamp}.json"),
            Results(checkpoint, time, (double)right / Items)
                .ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"
        );
    }

    private static JsonObject Row(int id, int a, int b, bool carries, bool solved, string prompt)
    {
        // Who does not carry gets the tens wrong.
        var answer = (
            solved ? a + b
            : carries ? a + b - 10
            : a + b + 1
        ).ToString(CultureInfo.InvariantCulture);
        var target = (a + b).ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["doc_id"] = id,
            ["doc"] = new JsonObject
            {
                ["question"] = $"What is {a} plus {b}?",
                ["category"] = carries ? "carry" : "no carry",
            },
            ["target"] = target,
            ["arguments"] = new JsonObject
            {
                ["gen_args_0"] = new JsonObject
                {
                    ["arg_0"] = prompt,
                    ["arg_1"] = new JsonObject { ["until"] = new JsonArray("\n"), ["do_sample"] = false },
                },
            },
            ["resps"] = new JsonArray(new JsonArray($" {answer}")),
            ["filtered_resps"] = new JsonArray(answer),
            ["filter"] = "none",
            ["metrics"] = new JsonArray("exact_match"),
            ["doc_hash"] = Hash($"{a}+{b}"),
            ["prompt_hash"] = Hash(prompt),
            ["target_hash"] = Hash(target),
            ["exact_match"] = solved ? 1.0 : 0.0,
        };
    }

    private static JsonObject Results(string checkpoint, DateTime time, double score) =>
        new()
        {
            ["results"] = new JsonObject
            {
                [Task] = new JsonObject
                {
                    ["alias"] = Task,
                    ["exact_match,none"] = score,
                    ["exact_match_stderr,none"] = Math.Sqrt(score * (1 - score) / (Items - 1)),
                },
            },
            ["group_subtasks"] = new JsonObject { [Task] = new JsonArray() },
            ["versions"] = new JsonObject { [Task] = 1 },
            ["n-shot"] = new JsonObject { [Task] = 0 },
            ["higher_is_better"] = new JsonObject { [Task] = new JsonObject { ["exact_match"] = true } },
            ["n-samples"] = new JsonObject
            {
                [Task] = new JsonObject { ["original"] = Items, ["effective"] = Items },
            },
            ["config"] = new JsonObject
            {
                ["model"] = "hf",
                ["model_args"] = $"pretrained=checkpoints/pretrain-13b,revision={checkpoint}",
                ["batch_size"] = "16",
            },
            ["git_hash"] = "8f1a22c",
            ["date"] = (time - DateTime.UnixEpoch).TotalSeconds,
            ["total_evaluation_time_seconds"] = "412.7",
        };

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
