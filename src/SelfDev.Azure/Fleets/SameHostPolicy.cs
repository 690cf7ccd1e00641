using Azure.Core;
using Azure.Core.Pipeline;

namespace SelfDev.Azure.Fleets;

/// <summary>Refuses to send anything, and with it our token, to another host than ARM's: page links and operation
/// addresses come from outside.</summary>
internal sealed class SameHostPolicy(Uri endpoint) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        var target = message.Request.Uri.ToUri();
        if (!ArmAddress.IsOn(endpoint, target))
        {
            throw new ForeignAddressException(target);
        }
    }
}

internal sealed class ForeignAddressException(Uri address)
    : Exception($"{address.Scheme}://{address.Authority} is not the ARM endpoint; nothing was sent there.");
