using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SelfDev.Local.ArmSimulator;

/// <summary>One request and its answer on the wire: ids, throttling counts, and the headers of long-running
/// operations.</summary>
internal sealed class ArmExchange
{
    private const int MaxBodyChars = 4096;

    private readonly HttpContext _context;
    private readonly DateTimeOffset _time;
    private readonly string _requestId = Guid.NewGuid().ToString();

    public ArmExchange(HttpContext context, TimeProvider clock)
    {
        _context = context;
        _time = clock.GetUtcNow();
        Origin = $"{context.Request.Scheme}://{context.Request.Host}";
        var headers = context.Response.Headers;
        var correlation = context.Request.Headers["x-ms-correlation-request-id"].ToString();
        headers["x-ms-request-id"] = _requestId;
        headers["x-ms-correlation-request-id"] = Guid.TryParse(correlation, out _) ? correlation : _requestId;
        headers["x-ms-routing-request-id"] = string.Create(
            CultureInfo.InvariantCulture,
            $"SIMULATOR:{_time:yyyyMMdd'T'HHmmss'Z'}:{_requestId}"
        );
        headers.CacheControl = "no-cache";
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains";
        headers.XContentTypeOptions = "nosniff";
        if (
            string.Equals(
                context.Request.Headers["x-ms-return-client-request-id"],
                "true",
                StringComparison.OrdinalIgnoreCase
            ) && Guid.TryParse(context.Request.Headers["x-ms-client-request-id"], out var client)
        )
        {
            headers["x-ms-client-request-id"] = client.ToString();
        }
    }

    /// <value>What links in the answer begin with.</value>
    public string Origin { get; set; }

    public void Remaining(string policy, int count) =>
        _context.Response.Headers["x-ms-ratelimit-remaining-resource"] = string.Create(
            CultureInfo.InvariantCulture,
            $"Microsoft.Compute/{policy};{count}"
        );

    public ArmRequestEntry Entry(int status, string? fault) =>
        new(
            _time,
            _context.Request.Method,
            _context.Request.Path,
            _context.Request.QueryString.ToString(),
            _context.Request.Headers.IfMatch is { Count: > 0 } match ? match.ToString() : null,
            status,
            _requestId,
            fault
        );

    /// <summary>Adds an accepted change to those that the state keeps.</summary>
    public void NoteWrite(List<AcceptedWrite> writes, JsonNode? body, int status)
    {
        var text = body?.ToJsonString();
        writes.Add(
            new AcceptedWrite(
                _time,
                _context.Request.Method,
                _context.Request.Path,
                _context.Request.Headers.IfMatch is { Count: > 0 } match ? match.ToString() : null,
                text?.Length > MaxBodyChars ? text[..MaxBodyChars] : text,
                status
            )
        );
        if (writes.Count > ArmState.MaxWrites)
        {
            writes.RemoveAt(0);
        }
    }

    public Task SendAsync(ArmAnswer answer, TimeSpan pollInterval)
    {
        if (answer.Operation is { } operation)
        {
            var version = Uri.EscapeDataString(_context.Request.Query["api-version"].ToString());
            var location =
                $"{Origin}/subscriptions/{operation.SubscriptionId}/providers/Microsoft.Compute/locations/{operation.Region}/operations/{operation.Id}";
            var headers = _context.Response.Headers;
            headers.RetryAfter = Seconds(pollInterval);
            if (_context.Request.Method != "GET")
            {
                headers["Azure-AsyncOperation"] = $"{location}?api-version={version}";
                headers.Location = answer.Status == 202 ? $"{location}?monitor=true&api-version={version}" : default;
            }
        }

        return SendAsync(answer.Status, answer.Body);
    }

    public Task SendAsync(ArmError error)
    {
        var headers = _context.Response.Headers;
        if (error.RetryAfter is { } wait)
        {
            headers.RetryAfter = Seconds(wait);
        }

        if (error.ThrottlingPolicy is { } policy)
        {
            Remaining(policy, 0);
        }

        if (error.Status == 401)
        {
            headers.WWWAuthenticate =
                $"Bearer authorization_uri=\"https://login.windows.net/common\", error=\"invalid_token\", "
                + $"error_description=\"{error.Message}\"";
        }

        return SendAsync(error.Status, error.Body());
    }

    private static string Seconds(TimeSpan time) =>
        Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private async Task SendAsync(int status, JsonNode? body)
    {
        _context.Response.StatusCode = status;
        if (body is not null)
        {
            _context.Response.ContentType = "application/json; charset=utf-8";
            await _context.Response.WriteAsync(body.ToJsonString(), _context.RequestAborted);
        }
    }
}
