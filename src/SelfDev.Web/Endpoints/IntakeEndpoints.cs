using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Text;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Endpoints;

/// <summary>Dropping an artifact over HTTP, for those who have no access to the storage account.</summary>
internal static class IntakeEndpoints
{
    /// <summary><c>PUT</c> or <c>POST /api/intake/{**path}</c>: the body, streamed, becomes the blob
    /// <c>intake/&lt;path&gt;</c>.</summary>
    public static async Task<IResult> DropAsync(HttpRequest request)
    {
        var path = request.RouteValues["path"] as string ?? "";
        if (ArtifactName.Parse(path, out var refusal) is null)
        {
            return WebErrors.Problem(
                request,
                StatusCodes.Status400BadRequest,
                $"The name '{SafeText.SingleLine(path)}' is refused: {refusal}"
            );
        }

        var services = request.HttpContext.RequestServices;
        var limit = services.GetRequiredService<WebOptions>().MaxIntakeBytes;
        if (request.ContentLength > limit)
        {
            return TooLarge(request, limit);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = limit;
        }

        var metadata = services.GetRequiredService<DropProvenance>().Sign(path, WebRoute.CallerOf(request).Name);
        try
        {
            await using var body = new CappedStream(request.Body, limit);
            var blob = await services
                .GetRequiredService<IArtifactStore>()
                .WriteAsync(
                    Containers.Intake,
                    path,
                    body,
                    "application/octet-stream",
                    metadata,
                    request.HttpContext.RequestAborted
                );
            await StartAsync(request, blob);
            return Results.Json(
                new DropAnswer($"{blob.Container}/{blob.Name}", blob.ETag),
                statusCode: StatusCodes.Status202Accepted
            );
        }
        catch (BodyTooLargeException)
        {
            return TooLarge(request, limit);
        }
        catch (StorageUnavailableException refused)
        {
            return WebErrors.Problem(
                request,
                refused.IsFull ? StatusCodes.Status507InsufficientStorage : StatusCodes.Status503ServiceUnavailable,
                refused.Message
            );
        }
    }

    // A sweep finds it anyway, so that a failure here costs the one who dropped it nothing but time.
    private static async Task StartAsync(HttpRequest request, BlobRef blob)
    {
        var services = request.HttpContext.RequestServices;
        try
        {
            await services
                .GetRequiredService<DiagnosisStart>()
                .StartDroppedAsync(blob, WebRoute.CallerOf(request).Name, CancellationToken.None);
        }
        catch (Exception failure)
        {
            services.GetRequiredService<ILoggerFactory>().CreateLogger("SelfDev.Web").DropNotStarted(failure);
        }
    }

    private static IResult TooLarge(HttpRequest request, long limit) =>
        WebErrors.Problem(
            request,
            StatusCodes.Status413PayloadTooLarge,
            $"An artifact dropped over HTTP has at most {limit} bytes; write larger ones to the container 'intake' "
                + $"itself."
        );

    private sealed class BodyTooLargeException : IOException;

    // A chunked body has no length to look at beforehand, and not every server enforces the feature above.
    private sealed class CappedStream(Stream inner, long limit) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            _read += count;
            return _read <= limit ? count : throw new BodyTooLargeException();
        }

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException("Bodies are read asynchronously.");

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <param name="Blob"><c>container/name</c>.</param>
public sealed record DropAnswer(string Blob, string? ETag);
