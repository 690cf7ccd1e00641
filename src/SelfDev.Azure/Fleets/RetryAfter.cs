using System.Globalization;
using Azure;

namespace SelfDev.Azure.Fleets;

/// <summary>The time that ARM names for the next call.</summary>
internal static class RetryAfter
{
    // RFC 9110, section 10.2.3: seconds or an HTTP date. A day is the longest that we believe.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static TimeSpan? Of(Response? response, TimeProvider clock)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out var text))
        {
            return null;
        }

        TimeSpan? wait =
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParseExact(
                text,
                "R",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var date
            )
                ? date - clock.GetUtcNow()
            : null;
        return wait is { } time
            ? (
                time < TimeSpan.Zero ? TimeSpan.Zero
                : time > Longest ? Longest
                : time
            )
            : null;
    }
}
