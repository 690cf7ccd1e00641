using Azure;
using Azure.Core;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>How calls to ARM end: accepted, throttled, refused, or unclear and then found out by reading.</summary>
internal sealed class ArmCalls(AzureFleetOptions options, TimeProvider clock, ILogger logger)
{
    /// <summary>Address at which a resource tells its own provisioning state.</summary>
    public string ResourceAddress(ResourceIdentifier id) =>
        $"{options.Endpoint.GetLeftPart(UriPartial.Authority)}{id}?api-version={ArmFleet.ApiVersion}";

    public static OperationStart AlreadyDone(string? operationUri, string message) =>
        new(OperationStartKind.Accepted, operationUri, null, FleetCodes.AlreadyDone, message);

    /// <summary>Sends a write once.</summary>
    /// <param name="findTrace">Reads what became of it when the answer does not tell; null for no trace.</param>
    /// <exception cref="FleetException">The answer was lost and there is no trace of the write.</exception>
    public async Task<OperationStart> StartAsync(
        ResourceIdentifier id,
        Func<Task<Response>> send,
        Func<Exception, Task<OperationStart?>> findTrace,
        CancellationToken cancellation
    )
    {
        try
        {
            var response = await send();
            FleetLogs.OperationStarted(logger, id.ToString(), response.Status);
            return new OperationStart(
                OperationStartKind.Accepted,
                OperationUri(response, id),
                RetryAfter.Of(response, clock),
                null,
                null
            );
        }
        catch (Exception failure) when (ArmFailure.Covers(failure, cancellation))
        {
            var refusal = failure as RequestFailedException;
            var retryAfter = failure is ThrottledException held
                ? held.Rest
                : RetryAfter.Of(refusal?.GetRawResponse(), clock);
            if (refusal?.Status == 429)
            {
                FleetLogs.Throttled(logger, id.ToString(), retryAfter);
                return new OperationStart(
                    OperationStartKind.Throttled,
                    null,
                    retryAfter ?? options.DefaultRetryAfter,
                    FleetCodes.TooManyRequests,
                    ArmFailure.Of(refusal).Message
                );
            }

            if (refusal is { Status: >= 400 and < 500 and not (404 or 408 or 412) })
            {
                var cause = ArmFailure.Of(refusal);
                FleetLogs.Refused(logger, id.ToString(), refusal.Status, cause.Code);
                return new OperationStart(OperationStartKind.Refused, null, retryAfter, cause.Code, cause.Message);
            }

            var known = ArmFailure.Exception(failure, retryAfter);
            FleetLogs.AnswerUnclear(logger, id.ToString(), known.Code);
            var trace = await CallAsync(() => findTrace(failure), cancellation);
            return trace ?? throw known;
        }
    }

    // Null where ARM finished at once. An address on another host would not be polled: the resource itself then tells
    // the state.
    private string? OperationUri(Response response, ResourceIdentifier id)
    {
        foreach (var header in (string[])["Azure-AsyncOperation", "Location"])
        {
            if (response.Headers.TryGetValue(header, out var text))
            {
                return
                    Uri.TryCreate(text, UriKind.Absolute, out var address) && ArmAddress.IsOn(options.Endpoint, address)
                    ? text
                    : ResourceAddress(id);
            }
        }

        return response.Status == 202 ? ResourceAddress(id) : null;
    }

    /// <summary>Makes a read; failures come out as the port's.</summary>
    public async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            return await call();
        }
        catch (Exception failure) when (ArmFailure.Covers(failure, cancellation))
        {
            var retryAfter = failure is ThrottledException held
                ? held.Rest
                : RetryAfter.Of((failure as RequestFailedException)?.GetRawResponse(), clock);
            throw ArmFailure.Exception(failure, retryAfter);
        }
    }
}
