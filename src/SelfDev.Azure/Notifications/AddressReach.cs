using System.Net;
using System.Net.Sockets;

namespace SelfDev.Azure.Notifications;

/// <summary>How far an address reaches. What is not known to be public is not.</summary>
internal enum AddressReach
{
    /// <summary>Special purpose: link-local, multicast, unspecified, documentation, cloud metadata,
    /// tunnels...</summary>
    Never,
    Loopback,
    Private,
    Public,
}

/// <summary>
/// Classifies addresses by IANA's special-purpose registries (RFC 6890 and what was registered since) and the metadata
/// services of clouds, which hand out credentials to whoever can reach them.
/// </summary>
internal static class AddressReaches
{
    private static readonly (IPNetwork Network, AddressReach Reach)[] Ipv4 =
    [
        (IPNetwork.Parse("10.0.0.0/8"), AddressReach.Private), // RFC 1918
        (IPNetwork.Parse("172.16.0.0/12"), AddressReach.Private),
        (IPNetwork.Parse("192.168.0.0/16"), AddressReach.Private),
        (IPNetwork.Parse("127.0.0.0/8"), AddressReach.Loopback), // RFC 1122
        (IPNetwork.Parse("0.0.0.0/8"), AddressReach.Never), // "This network": Linux connects 0.0.0.0 to itself
        (IPNetwork.Parse("100.64.0.0/10"), AddressReach.Never), // RFC 6598, carrier-grade NAT; Alibaba's metadata service
        (IPNetwork.Parse("169.254.0.0/16"), AddressReach.Never), // RFC 3927, link-local; metadata services of Azure, AWS, GCP
        (IPNetwork.Parse("168.63.129.16/32"), AddressReach.Never), // Azure's WireServer, reachable from every Azure host
        (IPNetwork.Parse("192.0.0.0/24"), AddressReach.Never), // RFC 6890, protocol assignments; Oracle's metadata service
        (IPNetwork.Parse("192.0.2.0/24"), AddressReach.Never), // RFC 5737, documentation
        (IPNetwork.Parse("198.51.100.0/24"), AddressReach.Never),
        (IPNetwork.Parse("203.0.113.0/24"), AddressReach.Never),
        (IPNetwork.Parse("192.88.99.0/24"), AddressReach.Never), // RFC 7526, former 6to4 relays
        (IPNetwork.Parse("198.18.0.0/15"), AddressReach.Never), // RFC 2544, benchmarking
        (IPNetwork.Parse("224.0.0.0/4"), AddressReach.Never), // RFC 5771, multicast
        (IPNetwork.Parse("240.0.0.0/4"), AddressReach.Never), // RFC 1112, reserved; limited broadcast
    ];

    private static readonly (IPNetwork Network, AddressReach Reach)[] Ipv6 =
    [
        (IPNetwork.Parse("::1/128"), AddressReach.Loopback), // RFC 4291
        (IPNetwork.Parse("fd00:ec2::254/128"), AddressReach.Never), // AWS's metadata service
        (IPNetwork.Parse("fd20:ce::254/128"), AddressReach.Never), // GCP's metadata service
        (IPNetwork.Parse("fc00::/7"), AddressReach.Private), // RFC 4193
        (IPNetwork.Parse("2001::/23"), AddressReach.Never), // RFC 2928, protocol assignments: Teredo, benchmarking, ORCHID
        (IPNetwork.Parse("2001:db8::/32"), AddressReach.Never), // RFC 3849, documentation
        (IPNetwork.Parse("3fff::/20"), AddressReach.Never), // RFC 9637, documentation
        (IPNetwork.Parse("2002::/16"), AddressReach.Never), // RFC 3056, 6to4: carries any IPv4 address
        (IPNetwork.Parse("2000::/3"), AddressReach.Public), // RFC 4291, the only block that IANA hands out
    ];

    // RFC 6052: how an IPv6-only network names IPv4 hosts; reaches what the embedded address reaches.
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    public static AddressReach Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        else if (address.AddressFamily == AddressFamily.InterNetworkV6 && Nat64.Contains(address))
        {
            address = new IPAddress(address.GetAddressBytes().AsSpan(12));
        }

        return address.AddressFamily switch
        {
            AddressFamily.InterNetwork => First(Ipv4, address) ?? AddressReach.Public,
            AddressFamily.InterNetworkV6 => First(Ipv6, address) ?? AddressReach.Never,
            _ => AddressReach.Never,
        };
    }

    private static AddressReach? First((IPNetwork Network, AddressReach Reach)[] table, IPAddress address)
    {
        foreach (var (network, reach) in table)
        {
            if (network.Contains(address))
            {
                return reach;
            }
        }

        return null;
    }
}
