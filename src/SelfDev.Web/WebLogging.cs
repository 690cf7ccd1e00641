using Microsoft.Extensions.Logging;

namespace SelfDev.Web;

/// <summary>What ASP.NET Core may log beside us. Each host applies it.</summary>
public static class WebLogging
{
    /// <summary>
    /// Keeps the addresses of requests out of logs, at every level: those of approval pages hold a token that lets its
    /// bearer decide. ASP.NET Core logs addresses in lines of its own (below warnings), and, while the hosting category
    /// may log anything at all, as a scope around every line of ours.
    /// </summary>
    public static ILoggingBuilder HideAddresses(this ILoggingBuilder logging) =>
        logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None);
}
