using System.Diagnostics.CodeAnalysis;
using global::Azure;
using global::Azure.Core;
using SelfDev.Azure.Fleets;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Fleets;

/// <summary>Error bodies as Microsoft's pages and pasted traces show them, also those that the simulator does not
/// send.</summary>
public sealed class ArmFailureTests
{
    [Theory]
    [InlineData("""{"error":{"code":"AllocationFailed","message":"Allocation failed."}}""", "AllocationFailed")]
    [InlineData(
        """{"code":"OperationNotAllowed","message":"The server rejected the request because too many requests have been received for this subscription.","details":[]}""",
        "OperationNotAllowed"
    )]
    [InlineData(
        """{"error":{"code":"ResourceDeploymentFailure","message":"m","details":[{"message":"no code"},{"code":"SkuNotAvailable","message":"m"}]}}""",
        "SkuNotAvailable"
    )]
    [InlineData(
        """{"error":{"code":"DeploymentFailed","message":"m","details":[{"code":"ResourceOperationFailure","details":[{"code":"AllocationFailed"}]}]}}""",
        "AllocationFailed"
    )]
    [InlineData(
        """{"error":{"code":"ResourceOperationFailure","message":"m","details":[]}}""",
        "ResourceOperationFailure"
    )]
    [InlineData(
        """{"error":{"code":"OperationNotAllowed","message":"Operation could not be completed as it results in exceeding approved standardDASv5Family Cores quota."}}""",
        FleetCodes.QuotaExceeded
    )]
    [InlineData(
        """{"error":{"code":"OperationNotAllowed","message":"Operation results in exceeding quota limits of Core. Maximum allowed: 4, Current in use: 4, Additional requested: 2."}}""",
        FleetCodes.QuotaExceeded
    )]
    [InlineData("""{"error":{"code":"ResourceQuotaExceeded","message":"m"}}""", FleetCodes.QuotaExceeded)]
    public void The_code_that_counts_is_found(string body, string code) =>
        Assert.Equal(code, ArmFailure.Parse(BinaryData.FromString(body))?.Code);

    [Theory]
    [InlineData("")]
    [InlineData("<html>502</html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"error":"text"}""")]
    [InlineData("""{"error":{"code":5}}""")]
    public void What_is_no_error_body_is_not_taken_for_one(string body) =>
        Assert.Null(ArmFailure.Parse(BinaryData.FromString(body)));

    [Fact]
    public void A_long_message_is_cut() =>
        Assert.Equal(
            500,
            ArmFailure
                .Parse(BinaryData.FromString($$"""{"code":"X","message":"{{new string('m', 9000)}}"}"""))!
                .Message.Length
        );

    [Theory]
    [InlineData("17", 17)]
    [InlineData("0", 0)]
    [InlineData("Thu, 01 Jan 2026 00:01:30 GMT", 90)]
    [InlineData("Wed, 31 Dec 2025 00:00:00 GMT", 0)]
    [InlineData("999999999", 86400)]
    [InlineData("soon", null)]
    [InlineData("-5", null)]
    public void Retry_after_is_seconds_or_a_date(string header, int? seconds)
    {
        using var response = new HeaderResponse("Retry-After", header);

        Assert.Equal(seconds is { } wait ? TimeSpan.FromSeconds(wait) : null, RetryAfter.Of(response, new FakeClock()));
    }

    private sealed class HeaderResponse(string name, string value) : Response
    {
        public override int Status => 429;

        public override string ReasonPhrase => "";

        public override Stream? ContentStream { get; set; }

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose() { }

        protected override bool ContainsHeader(string header) => header == name;

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => [new HttpHeader(name, value)];

        protected override bool TryGetHeader(string header, [NotNullWhen(true)] out string? found)
        {
            found = header == name ? value : null;
            return found is not null;
        }

        protected override bool TryGetHeaderValues(string header, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = header == name ? [value] : null;
            return values is not null;
        }
    }
}
