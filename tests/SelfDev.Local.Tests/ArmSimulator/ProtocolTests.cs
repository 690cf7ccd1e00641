using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SelfDev.Local.ArmSimulator;

namespace SelfDev.Local.Tests.ArmSimulator;

public sealed class ProtocolTests
{
    [Fact]
    public async Task Without_a_token_nothing_is_told()
    {
        await using var arm = await RawArm.StartAsync();
        arm.Http.DefaultRequestHeaders.Authorization = null;

        using var response = await arm.SendAsync(HttpMethod.Get, $"{arm.Set}?{RawArm.Version}");

        Assert.Equal(401, (int)response.StatusCode);
        Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        Assert.Equal("AuthenticationFailed", (await RawArm.ReadAsync(response))["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Tokens_are_its_own_and_not_expired_or_configured()
    {
        await using var arm = await RawArm.StartAsync(new ArmSimulatorOptions { Tokens = ["a-configured-one"] });
        await using var other = await RawArm.StartAsync();
        var own = arm.Server.IssueToken().Token;
        var altered = own[..4] + "9" + own[5..];

        Assert.Equal(200, await StatusAsync(own));
        Assert.Equal(200, await StatusAsync("a-configured-one"));
        Assert.Equal(401, await StatusAsync(altered));
        Assert.Equal(401, await StatusAsync(arm.Server.IssueToken(TimeSpan.FromSeconds(-1)).Token));
        Assert.Equal(401, await StatusAsync(other.Server.IssueToken().Token));
        Assert.Equal(401, await StatusAsync("sim."));

        async Task<int> StatusAsync(string token)
        {
            arm.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await arm.SendAsync(HttpMethod.Get, $"{arm.Set}?{RawArm.Version}");
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task Unknown_things_are_answered_with_ARMs_error_body()
    {
        await using var arm = await RawArm.StartAsync();
        const string version = RawArm.Version;

        Assert.Equal((404, "ResourceNotFound"), await arm.RefusalAsync(HttpMethod.Get, $"{arm.Set}x?{version}"));
        Assert.Equal(
            (404, "ResourceGroupNotFound"),
            await arm.RefusalAsync(
                HttpMethod.Get,
                $"{arm.Set.Replace("/selfdev/", "/other/", StringComparison.Ordinal)}?{version}"
            )
        );
        Assert.Equal(
            (404, "SubscriptionNotFound"),
            await arm.RefusalAsync(
                HttpMethod.Get,
                $"{arm.Set.Replace("0001", "0002", StringComparison.Ordinal)}?{version}"
            )
        );
        Assert.Equal(
            (404, "NotFound"),
            await arm.RefusalAsync(HttpMethod.Get, $"{arm.Set}/virtualMachines/99?{version}")
        );
        Assert.Equal((404, "InvalidResourceType"), await arm.RefusalAsync(HttpMethod.Get, $"/nowhere?{version}"));
        Assert.Equal((405, "HttpMethodNotSupported"), await arm.RefusalAsync(HttpMethod.Post, $"{arm.Set}?{version}"));
        Assert.Equal((400, "MissingApiVersionParameter"), await arm.RefusalAsync(HttpMethod.Get, arm.Set));
        Assert.Equal(
            (400, "InvalidApiVersionParameter"),
            await arm.RefusalAsync(HttpMethod.Get, $"{arm.Set}?api-version=latest")
        );
    }

    [Theory]
    [InlineData("""{"sku":{"capacity":-1}}""")]
    [InlineData("""{"sku":{"capacity":1001}}""")]
    [InlineData("""{"sku":{"capacity":"6"}}""")]
    [InlineData("""{"sku":{"capacity":2.5}}""")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task A_body_that_makes_no_sense_changes_nothing(string body)
    {
        await using var arm = await RawArm.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };

        using var response = await arm.Http.SendAsync(request, RawArm.Cancellation);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("\"1\"", (await arm.GetAsync($"{arm.Set}?{RawArm.Version}"))["etag"]!.GetValue<string>());
    }

    [Fact]
    public async Task Every_answer_can_be_traced()
    {
        await using var arm = await RawArm.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{arm.Set}?{RawArm.Version}");
        var correlation = "11111111-2222-3333-4444-555555555555";
        request.Headers.Add("x-ms-correlation-request-id", correlation);

        using var response = await arm.Http.SendAsync(request, RawArm.Cancellation);

        Assert.Equal(correlation, Assert.Single(response.Headers.GetValues("x-ms-correlation-request-id")));
        Assert.Equal(
            Assert.Single(arm.Server.Requests).RequestId,
            Assert.Single(response.Headers.GetValues("x-ms-request-id"))
        );
        Assert.StartsWith(
            "Microsoft.Compute/GetVMScaleSet3Min;",
            Assert.Single(response.Headers.GetValues("x-ms-ratelimit-remaining-resource")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Conditional_writes_are_a_matter_of_the_api_version()
    {
        await using var arm = await RawArm.StartAsync();

        Assert.Equal(
            (412, "PreconditionFailed"),
            await arm.RefusalAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(5), "\"7\"")
        );
        Assert.False((await arm.GetAsync($"{arm.Set}?api-version=2023-07-01")).ContainsKey("etag"));
        using var old = await arm.SendAsync(
            HttpMethod.Patch,
            $"{arm.Set}?api-version=2023-07-01",
            RawArm.Capacity(5),
            "\"7\""
        );
        Assert.Equal(200, (int)old.StatusCode);
    }

    [Fact]
    public async Task A_throttled_answer_carries_the_headers_and_details_of_Compute()
    {
        await using var arm = await RawArm.StartAsync(
            new ArmSimulatorOptions { RequestLimits = { ["UpdateVMScaleSet3Min"] = 1 } }
        );
        using var first = await arm.SendAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(5));
        arm.Clock.Advance(TimeSpan.FromSeconds(30));

        using var second = await arm.SendAsync(HttpMethod.Patch, $"{arm.Set}?{RawArm.Version}", RawArm.Capacity(6));

        Assert.Equal(429, (int)second.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(150), second.Headers.RetryAfter!.Delta);
        Assert.Equal(
            "Microsoft.Compute/UpdateVMScaleSet3Min;0",
            Assert.Single(second.Headers.GetValues("x-ms-ratelimit-remaining-resource"))
        );
        var detail = (await RawArm.ReadAsync(second))["error"]!["details"]![0]!;
        Assert.Equal("TooManyRequests", detail["code"]!.GetValue<string>());
        Assert.Equal(1, JsonNode.Parse(detail["message"]!.GetValue<string>())!["allowedRequestCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task Both_ways_of_following_an_operation_tell_the_same()
    {
        await using var arm = await RawArm.StartAsync();
        using var start = await arm.SendAsync(HttpMethod.Delete, $"{arm.Set}/virtualMachines/1?{RawArm.Version}");
        var status = Assert.Single(start.Headers.GetValues("Azure-AsyncOperation"));
        var monitor = start.Headers.Location!.ToString();

        Assert.Equal("InProgress", (await arm.GetAsync(status))["status"]!.GetValue<string>());
        using var running = await arm.SendAsync(HttpMethod.Get, monitor);
        Assert.Equal(202, (int)running.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), running.Headers.RetryAfter!.Delta);

        arm.Clock.Advance(TimeSpan.FromSeconds(2));
        var done = await arm.GetAsync(status);
        Assert.Equal("Succeeded", done["status"]!.GetValue<string>());
        Assert.NotNull(done["endTime"]);
        using var finished = await arm.SendAsync(HttpMethod.Get, monitor);
        Assert.Equal(200, (int)finished.StatusCode);
    }
}
