using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Formats;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic.Formats;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Tests.Fleets;

public sealed class TrafficFormatTests
{
    [Fact]
    public void Azures_trace_is_read_with_seven_digits_of_fraction()
    {
        var reading = FleetRoom.Read(
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 "
                + "18:17:04.0319600,3180,8\r\n"
        );
        var trace = reading.ToTrace()!;

        Assert.Equal(TraceCsvFormat.Azure, reading.Format);
        Assert.Equal(
            [new TrafficRequest(0, 4808, 10), new TrafficRequest(0.052, 3180, 8)],
            trace.Requests.ToArray().Select(request => request with { Time = Math.Round(request.Time, 6) })
        );
        Assert.True(reading.HasDates);
    }

    [Theory]
    [InlineData("2024-05-10 00:00:00.009930+00:00")]
    [InlineData("2024-05-10T00:00:00.009930Z")]
    [InlineData("2024-05-10 02:00:00.009930+02:00")]
    public void Zones_are_understood(string time)
    {
        Assert.True(TrafficTime.TryParse(Encoding.UTF8.GetBytes(time), out var seconds));
        Assert.Equal(new DateTimeOffset(2024, 5, 10, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() + 0.00993, seconds, 6);
    }

    [Theory]
    [InlineData("2023-02-29 00:00:00")]
    [InlineData("2023-11-16 24:00:00")]
    [InlineData("2023-11-16 18:17:03.")]
    [InlineData("2023-11-16 18:17:03+99:00")]
    [InlineData("yesterday")]
    public void Times_that_do_not_exist_are_refused(string time) =>
        Assert.False(TrafficTime.TryParse(Encoding.UTF8.GetBytes(time), out _));

    [Theory]
    [InlineData(
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation "
            + "log\n45,ChatGPT,1087,0,1087,Conversation log\n"
    )]
    [InlineData(
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log "
            + "Type\n5.0,s,43,GPT-4,472,18,490,Conversation log\n45.0,s,1,GPT-4,1087,0,1087,Conversation log\n"
    )]
    public void BurstGpt_is_read_by_its_header_and_no_answer_is_a_failure(string text)
    {
        var reading = FleetRoom.Read(text);

        Assert.Equal(TraceCsvFormat.BurstGpt, reading.Format);
        Assert.Equal(
            [new TrafficRequest(0, 472, 18), new TrafficRequest(40, 1087, 1)],
            reading.ToTrace()!.Requests.ToArray()
        );
        Assert.Equal(1, reading.Failures);
        Assert.Equal(3, reading.FirstFailure!.Line);
    }

    [Fact]
    public void Request_logs_count_uncached_tokens_whoever_wrote_them()
    {
        var reading = FleetRoom.Read(
            """
            {"created": 1700000000, "usage": {"prompt_tokens": 2006, "completion_tokens": 300, "prompt_tokens_details": {"cached_tokens": 1920}}}
            {"timestamp": 1700000001.5, "response": {"usage": {"prompt_tokens": 500, "completion_tokens": 20, "prompt_tokens_details": null}}}
            {"created_at": 1700000002, "usage": {"input_tokens": 1000, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 900}}}
            {"timestamp": "2023-11-14T22:13:23Z", "usage": {"input_tokens": 50, "output_tokens": 7, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 25}}
            {"timestamp": 1700000004, "status": 503, "error": "busy"}
            """
        );

        Assert.Equal(TrafficJsonFormat.RequestLog, reading.Format);
        Assert.Equal(
            [86, 500, 100, 75],
            reading.ToTrace()!.Requests.ToArray().Select(request => request.PrefillTokens)
        );
        Assert.Equal((3, 1920 + 900 + 4000), (reading.WithCachedTokens, reading.CachedTokens));
        Assert.Equal((1, 1), (reading.Failures, reading.FailuresWithoutUsage));
        Assert.Equal(1, reading.Rejections["no usage"].Count);
    }

    [Fact]
    public void Mooncake_counts_in_milliseconds() =>
        Assert.Equal(
            [new TrafficRequest(0, 6758, 500), new TrafficRequest(3, 7322, 490)],
            FleetRoom
                .Read(
                    """
                    {"timestamp": 27000, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}
                    {"timestamp": 30000, "input_length": 7322, "output_length": 490, "hash_ids": [0, 14]}
                    """
                )
                .ToTrace()!
                .Requests.ToArray()
        );

    [Fact]
    public void Samples_keep_what_is_unknown_unknown()
    {
        var reading = FleetRoom.Read(
            """
            {"time": 1700000015, "seconds": 15, "requests": 70, "prefillTokens": 85000, "outputTokens": 15000, "queue": 3, "queueAgeSeconds": 1.5, "running": 12, "ready": 6}
            {"time": 1700000030, "seconds": 15, "queue": 0}
            {"time": 1700000045, "seconds": 15, "requests": -1}
            """
        );

        Assert.Equal(2, reading.Samples.Count);
        Assert.Equal(
            (70, 85000, 15000, 3, 1.5, 6),
            (
                reading.Samples[0].Requests,
                reading.Samples[0].PrefillTokens,
                reading.Samples[0].OutputTokens,
                reading.Samples[0].Queue,
                reading.Samples[0].QueueAgeSeconds,
                reading.Samples[0].Ready
            )
        );
        Assert.True(double.IsNaN(reading.Samples[1].Requests));
        Assert.Equal(1, reading.Rejections["a count below zero"].Count);
        Assert.Null(reading.ToTrace());
    }

    [Fact]
    public void Prometheus_counters_are_differences_and_a_reset_is_no_negative_demand()
    {
        static string Scrape(int success, int prompt, int hits, int waiting) =>
            $"# HELP vllm:num_requests_waiting w\nvllm:num_requests_waiting{{model=\"a\"}} "
            + $"{waiting}\nvllm:request_success_total{{model=\"a\"}} "
            + $"{success}\nvllm:prompt_tokens_total{{model=\"a\"}} "
            + $"{prompt}\nvllm:prefix_cache_hits_total{{model=\"a\"}} {hits}\n";

        var reading = FleetRoom.Read(
            Scrape(100, 50_000, 20_000, 0) + Scrape(160, 90_000, 35_000, 4) + Scrape(10, 7_000, 1_000, 0)
        );

        Assert.Equal([double.NaN, 60, 10], reading.Samples.Select(sample => sample.Requests));
        Assert.Equal([double.NaN, 25_000, 6_000], reading.Samples.Select(sample => sample.PrefillTokens));
        Assert.Equal([0, 4, 0], reading.Samples.Select(sample => sample.Queue));
    }

    [Theory]
    [InlineData("2023-11-16 18:17:03.9799600,4808", "too few columns")]
    [InlineData("2023-11-16 18:17:03.9799600,-5,10", "no token counts")]
    [InlineData("2023-11-16 18:17:03.9799600,NaN,10", "no token counts")]
    [InlineData("2023-11-16 18:17:03.9799600,99999999999999999999,10", "no token counts")]
    [InlineData("2023-11-16 18:17:03.9799600,9999999999,10", "token counts or time out of range")]
    [InlineData("never,4808,10", "no time")]
    [InlineData("\u001b[31m\0<script>", "too few columns")]
    public void A_bad_line_is_refused_with_its_reason_and_the_rest_is_read(string line, string reason)
    {
        var reading = FleetRoom.Read(
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,1\n" + line + "\n2023-11-16 18:17:05,1,1\n"
        );

        Assert.Equal(2, reading.Requests);
        Assert.Equal(1, reading.Rejected);
        Assert.Equal(3, Assert.Single(reading.Rejections, rejection => rejection.Key == reason).Value.First.Line);
    }

    [Fact]
    public void Any_bytes_after_the_first_line_are_read_or_refused_and_never_throw()
    {
        var heads = new[]
        {
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,1\n",
            "Timestamp,Model,Request tokens,Response tokens\n5,m,1,1\n",
            "{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1}\n",
            "{\"created\": 1, \"usage\": {\"prompt_tokens\": 1}}\n",
            "{\"time\": 1, \"seconds\": 15, \"requests\": 1}\n",
            "vllm:num_requests_waiting 1\n",
        };
        var tokens = new[]
        {
            "{",
            "}",
            "\"usage\":",
            "[[[[",
            "1e999",
            "NaN",
            "-0",
            ",",
            ",,,,,,,",
            "\n",
            "\r\n",
            "\"timestamp\":",
            "2023-11-16 18:17:03",
            "vllm:prompt_tokens_total{a=\"",
            "} ",
            "\uFEFF",
            "null",
            "é",
            "\0",
            "{\"time\":{},\"requests\":[]}",
        };
        var random = new Random(17);
        for (var round = 0; round < 600; round++)
        {
            var head = heads[round % heads.Length];
            var text = new StringBuilder(head);
            for (var i = random.Next(40); i >= 0; i--)
            {
                text.Append(tokens[random.Next(tokens.Length)]);
            }

            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            for (var i = random.Next(4); i > 0; i--)
            {
                bytes[random.Next(head.Length, bytes.Length)] = (byte)random.Next(256);
            }

            var reading = FleetRoom.Read(bytes);
            Assert.True(reading.Requests + reading.Samples.Count >= 1, Encoding.UTF8.GetString(bytes));
        }
    }

    [Fact]
    public void A_line_without_end_is_refused_in_bounded_memory()
    {
        var reading = FleetRoom.Read([
            .. "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,1\n"u8,
            .. Enumerable.Repeat((byte)'7', 20 << 20),
        ]);

        Assert.Equal(1, reading.Requests);
        Assert.Equal(1, reading.Rejected);
    }

    [Fact]
    public void What_is_no_traffic_is_refused_with_the_formats_that_are()
    {
        var refused = Assert.Throws<ArtifactUnreadableException>(() => FleetRoom.Read("step 1 loss 3.2\n"));

        Assert.Contains("azure-llm-trace, burstgpt", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trace_that_is_out_of_order_is_sorted()
    {
        var trace = FleetRoom
            .Read(
                "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:09,3,1\n2023-11-16 18:17:03,1,1\n2023-11-16 "
                    + "18:17:05,2,1\n"
            )
            .ToTrace()!;

        Assert.Equal(
            [(0, 1), (2, 2), (6, 3)],
            trace.Requests.ToArray().Select(request => (request.Time, request.PrefillTokens))
        );
    }

    [Fact]
    public void The_public_traces_are_read_whole()
    {
        Assert.Equal(9682, FleetRoom.Load("azure-llm-inference/conv-first-half.csv").Count);
        Assert.Equal(4408, FleetRoom.Load("azure-llm-inference/code-first-half.csv").Count);
        Assert.True(FleetRoom.Load("burstgpt/BurstGPT_1_head.csv").Count > 5);
        Assert.True(FleetRoom.Load("burstgpt/BurstGPT_3_head.csv").Count > 5);
    }
}
