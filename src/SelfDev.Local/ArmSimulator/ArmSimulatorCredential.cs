using Azure.Core;

namespace SelfDev.Local.ArmSimulator;

/// <summary>Tokens for the simulator in this process, for clients that take the SDK's credentials.</summary>
public sealed class ArmSimulatorCredential(ArmSimulatorServer server) : TokenCredential
{
    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        server.IssueToken();

    public override ValueTask<AccessToken> GetTokenAsync(
        TokenRequestContext requestContext,
        CancellationToken cancellationToken
    ) => new(server.IssueToken());
}
