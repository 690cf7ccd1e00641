using System.Net;
using Microsoft.AspNetCore.Http;

namespace SelfDev.Web;

/// <summary>
/// Under which names this host answers. Against DNS rebinding: a page of <c>evil.example</c> may let its own name lead
/// to this machine, and is then of one origin with what answers there, cookies and all but the name. A request that
/// asks for a name of which nobody said that it is ours is therefore not answered.
/// <para>
/// Ours are loopback names and addresses (nobody outside can make them lead here), the address at which the connection
/// came in (an address cannot be rebound), the public address's host, and <see cref="WebOptions.AllowedHosts"/>. The
/// port does not matter: it may be forwarded.
/// </para>
/// </summary>
internal static class HostNames
{
    public const string Refusal =
        "This host does not answer under the name that was asked for. Use its own address; to let it answer under more "
        + "names, put them into "
        + "SELFDEV_ALLOWED_HOSTS (in Azure: SelfDev__AllowedHosts).";

    public static bool IsOurs(HttpRequest request, WebOptions options)
    {
        var name = request.Host.Host.Trim('[', ']');
        if (IPAddress.TryParse(name, out var address))
        {
            return IPAddress.IsLoopback(address)
                || Equals(address, Plain(request.HttpContext.Connection.LocalIpAddress))
                || options.AllowedHosts.Any(known =>
                    IPAddress.TryParse(known, out var allowed) && allowed.Equals(address)
                )
                || IsPublic(name, options);
        }

        return IsSame(name, "localhost")
            || IsPublic(name, options)
            || options.AllowedHosts.Any(known => IsSame(name, known));
    }

    /// <returns>Null for a host name or address without scheme, port and wild card, else what is wrong with
    /// it.</returns>
    public static string? Problem(string name) =>
        Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            ? null
            : $"'{name}' is no host name or address. Write it without scheme, port, path and '*'.";

    private static bool IsPublic(string name, WebOptions options) =>
        options.PublicUrl is { } known && IsSame(name, known.IdnHost.Trim('[', ']'));

    private static bool IsSame(string name, string known) =>
        string.Equals(name, known, StringComparison.OrdinalIgnoreCase);

    // A socket for both families tells an IPv4 address as one of IPv6.
    private static IPAddress? Plain(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
