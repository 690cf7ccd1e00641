using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Tests;

/// <summary>A drop that storage cannot take now: the sender is told so, in words and by the status, and nothing is
/// acknowledged.</summary>
public sealed class IntakeRefusalTests : IDisposable
{
    private readonly TrustRoom _trust = new(TimeProvider.System, new FixedPolicySource(ApprovalPolicy.DenyAll));

    [Theory]
    [InlineData(true, StatusCodes.Status507InsufficientStorage)]
    [InlineData(false, StatusCodes.Status503ServiceUnavailable)]
    public async Task A_full_or_failing_disk_is_told(bool isFull, int status)
    {
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection()
                .AddLogging()
                .AddSingleton(new WebOptions { Principals = [new ApiPrincipal(WebHost.Ana, WebHost.AnasKey)] })
                .AddSingleton(TimeProvider.System)
                .AddSingleton<IArtifactStore>(new Refusing(isFull))
                .AddSingleton(new DropProvenance(_trust.Seals, _trust.Tampering, TimeProvider.System))
                .BuildServiceProvider(),
        };
        context.Request.Method = "PUT";
        context.Request.Host = new HostString("localhost");
        context.Request.Headers["x-selfdev-key"] = WebHost.AnasKey;
        context.Request.RouteValues["path"] = "training/run7/train.log";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes("iteration 1"));
        context.Response.Body = new MemoryStream();

        await (await WebRoutes.Named("PutArtifact").InvokeAsync(context.Request)).ExecuteAsync(context);

        Assert.Equal(status, context.Response.StatusCode);
        context.Response.Body.Position = 0;
        Assert.Equal(
            "There is no room.",
            (string?)
                (
                    await JsonNode.ParseAsync(
                        context.Response.Body,
                        cancellationToken: TestContext.Current.CancellationToken
                    )
                )!["detail"]
        );
    }

    public void Dispose() => _trust.Dispose();

    private sealed class Refusing(bool isFull) : IArtifactStore
    {
        public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<BlobInfo> ListAsync(
            string container,
            string prefix,
            [EnumeratorCancellation] CancellationToken cancellation
        )
        {
            await Task.Yield();
            yield break;
        }

        public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => throw new StorageUnavailableException("There is no room.", isFull);

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            Stream content,
            string contentType,
            IReadOnlyDictionary<string, string> metadata,
            CancellationToken cancellation
        ) => throw new StorageUnavailableException("There is no room.", isFull);

        public Task<bool> TryCreateAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => throw new StorageUnavailableException("There is no room.", isFull);
    }
}
