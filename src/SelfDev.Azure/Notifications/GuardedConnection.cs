using System.Net;
using System.Net.Sockets;

namespace SelfDev.Azure.Notifications;

/// <summary>
/// Connects to addresses that a webhook may have, and to no other. The name is resolved here and the connection made to
/// the very address that was checked, so that a name which answers differently the second time (DNS rebinding) gains
/// nothing.
/// </summary>
/// <param name="resolve">Addresses of a host name; a literal address is not asked for.</param>
internal sealed class GuardedConnection(
    WebhookNetwork network,
    Func<string, CancellationToken, Task<IPAddress[]>> resolve
)
{
    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressRefusedException">The host has no address that is allowed.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await resolve(host, cancellation).ConfigureAwait(false);
        var isPlain = context.InitialRequestMessage.RequestUri!.Scheme == Uri.UriSchemeHttp;
        var allowed = addresses
            .Where(address => IsAllowed(AddressReaches.Of(address), isPlain))
            .Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            .ToArray();
        if (allowed.Length == 0)
        {
            throw new AddressRefusedException();
        }

        return await ConnectAsync(allowed, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
    }

    // Plain HTTP never leaves the machine, whatever "localhost" resolves to.
    private bool IsAllowed(AddressReach reach, bool isPlain) =>
        reach switch
        {
            AddressReach.Public => !isPlain,
            AddressReach.Private => !isPlain && network == WebhookNetwork.Private,
            AddressReach.Loopback => network == WebhookNetwork.Loopback,
            _ => false,
        };

    private static async Task<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellation)
    {
        for (var index = 0; ; index++)
        {
            var socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            {
                NoDelay = true,
            };
            try
            {
                await socket.ConnectAsync(addresses[index], port, cancellation).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (index + 1 < addresses.Length)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}

/// <summary>The host may not be reached. Names neither host nor address: the message goes into logs.</summary>
internal sealed class AddressRefusedException() : Exception("The host has no address that may be reached.");
