using Azure.Core;
using Azure.Core.Pipeline;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Sets If-Match on writes made inside <see cref="Use"/>: version 1.2.0 of the package has no parameter for it.
/// </summary>
internal sealed class IfMatchPolicy : HttpPipelineSynchronousPolicy
{
    private const string Property = "SelfDev.IfMatch";

    public static IDisposable Use(string etag) =>
        HttpPipeline.CreateHttpMessagePropertiesScope(
            new Dictionary<string, object?> { [Property] = "\"" + etag + "\"" }
        );

    public override void OnSendingRequest(HttpMessage message)
    {
        if (
            message.Request.Method != RequestMethod.Get
            && message.TryGetProperty(Property, out var value)
            && value is string etag
        )
        {
            message.Request.Headers.SetValue("If-Match", etag);
        }
    }
}
