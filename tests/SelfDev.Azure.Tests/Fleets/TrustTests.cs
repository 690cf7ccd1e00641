using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Azure.Fleets;
using SelfDev.Workflows.Ports;
using static SelfDev.Azure.Tests.Fleets.SimulatedArm;

namespace SelfDev.Azure.Tests.Fleets;

public sealed class TrustTests
{
    [Theory]
    [InlineData("https://evil.example/subscriptions/1/operations/2")]
    [InlineData("https://169.254.169.254/subscriptions/1")]
    [InlineData("http://{authority}/subscriptions/1/operations/2")]
    [InlineData("https://{host}:1/subscriptions/1/operations/2")]
    [InlineData("https://user@{authority}/subscriptions/1/operations/2")]
    [InlineData("https://{authority}@evil.example/subscriptions/1")]
    [InlineData("https://{authority}.evil.example/subscriptions/1")]
    [InlineData("https://{authority}/metadata/identity")]
    [InlineData("/subscriptions/1/operations/2")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public async Task A_forged_operation_address_is_never_called(string pattern)
    {
        await using var arm = await StartAsync();
        var forged = pattern
            .Replace("{authority}", arm.Server.Endpoint.Authority, StringComparison.Ordinal)
            .Replace("{host}", arm.Server.Endpoint.Host, StringComparison.Ordinal);

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.Fleet.PollAsync(forged, Cancellation));

        Assert.Equal((FleetCodes.OperationUriRefused, false), (failure.Code, failure.IsTransient));
        Assert.Empty(arm.Server.Requests);
    }

    [Theory]
    [InlineData("/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm")]
    [InlineData("/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/s?x=")]
    [InlineData("trainvm")]
    [InlineData("")]
    public async Task Only_the_id_of_a_scale_set_is_taken_for_one(string resourceId)
    {
        await using var arm = await StartAsync();

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.Fleet.GetAsync(resourceId, Cancellation));

        Assert.Equal(FleetCodes.ResourceIdRefused, failure.Code);
    }

    [Fact]
    public async Task Another_certificate_than_the_pinned_one_gets_no_request_and_no_token()
    {
        await using var arm = await StartAsync();
        var other = arm.NewFleet(thumbprint: new string('0', 64));

        var failure = await Assert.ThrowsAsync<FleetException>(() => other.GetAsync(arm.Set, Cancellation));

        Assert.Equal((FleetCodes.CertificateRefused, false), (failure.Code, failure.IsTransient));
        Assert.Empty(arm.Server.Requests);
    }

    [Fact]
    public async Task A_page_link_to_another_host_is_not_followed()
    {
        await using var arm = await StartAsync(new() { PageSize = 2 });
        arm.Server.Faults.ForeignLinks(1, "https://evil.example", "GET");

        var failure = await Assert.ThrowsAsync<FleetException>(arm.ListAsync);

        Assert.Equal(FleetCodes.OperationUriRefused, failure.Code);
    }

    [Fact]
    public async Task An_operation_on_another_host_is_followed_on_the_resource_itself()
    {
        await using var arm = await StartAsync();
        arm.Server.Faults.ForeignLinks(1, "https://evil.example", "PATCH");

        var start = await arm.ScaleAsync(5);

        Assert.StartsWith(arm.Server.Endpoint.ToString(), start.OperationUri, StringComparison.Ordinal);
        Assert.Equal(OperationPhase.Succeeded, (await arm.FinishAsync(start.OperationUri)).Phase);
    }

    [Fact]
    public async Task A_token_that_ARM_does_not_take_is_reported_as_such()
    {
        await using var arm = await StartAsync();
        var stranger = arm.NewFleet(credential: new FixedToken("sim.9999999999.0000"));

        var failure = await Assert.ThrowsAsync<FleetException>(() => stranger.GetAsync(arm.Set, Cancellation));

        Assert.Equal(("InvalidAuthenticationToken", false), (failure.Code, failure.IsTransient));
    }

    [Fact]
    public async Task An_unknown_set_is_reported_in_ARMs_words()
    {
        await using var arm = await StartAsync();

        var failure = await Assert.ThrowsAsync<FleetException>(() => arm.Fleet.GetAsync(arm.Set + "x", Cancellation));

        Assert.Equal(("ResourceNotFound", false), (failure.Code, failure.IsTransient));
    }

    [Fact]
    public async Task An_operation_that_ARM_has_forgotten_has_failed()
    {
        await using var arm = await StartAsync();
        var start = await arm.ScaleAsync(5);
        var forgotten = start.OperationUri!.Replace("/operations/", "/operations/0", StringComparison.Ordinal);

        Assert.Equal(FleetCodes.OperationNotFound, (await arm.PollAsync(forgotten)).Code);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", null)]
    [InlineData("https://management.azure.com", "00")]
    [InlineData("https://127.0.0.1:1", "00")]
    [InlineData("https://management.azure.com", "0000000000000000000000000000000000000000000000000000000000000000")]
    public void Options_that_would_weaken_the_transport_are_refused(string endpoint, string? thumbprint)
    {
        var options = new AzureFleetOptions { Endpoint = new Uri(endpoint), CertificateThumbprint = thumbprint };

        Assert.Throws<ArgumentException>(() =>
            new ArmFleet(options, new FixedToken("t"), TimeProvider.System, NullLogger<ArmFleet>.Instance)
        );
    }

    private sealed class FixedToken(string token) : global::Azure.Core.TokenCredential
    {
        public override global::Azure.Core.AccessToken GetToken(
            global::Azure.Core.TokenRequestContext requestContext,
            CancellationToken cancellationToken
        ) => new(token, DateTimeOffset.MaxValue);

        public override ValueTask<global::Azure.Core.AccessToken> GetTokenAsync(
            global::Azure.Core.TokenRequestContext requestContext,
            CancellationToken cancellationToken
        ) => new(GetToken(requestContext, cancellationToken));
    }
}
