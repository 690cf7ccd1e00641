using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Effects;

/// <summary>
/// Actions that another system carries out (the training job, the gateway, the release gate): an approved one becomes a
/// blob in <c>commands/&lt;kind&gt;/&lt;subject&gt;/&lt;planHash&gt;.json</c>, for that system to pick up. It is
/// written once; only a host that is killed within moments of its being picked up and deleted may write it again, so
/// that system tells repetitions by the hash.
/// </summary>
public sealed class CommandExecutor(
    IArtifactStore store,
    EffectIntents intents,
    ITreeHeadSigner signer,
    TamperReports tampering
) : IEffectExecutor
{
    public ActionCarrier Carrier => ActionCarrier.Command;

    public Task<PlannedEffect> PlanAsync(ProposedAction action, PlanningFacts facts, CancellationToken cancellation)
    {
        var parameters = JsonSerializer.SerializeToNode(action, SelfDevJson.Signed)!.AsObject();
        var to = parameters
            .Where(parameter => parameter.Value is not null && parameter.Key != "action")
            .ToDictionary(parameter => parameter.Key, parameter => parameter.Value!.ToString());
        var from = to.ToDictionary(parameter => parameter.Key, _ => "-");
        return Task.FromResult(new PlannedEffect($"{Containers.Commands}/{facts.Subject}", from, to, ETag: null));
    }

    public async Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation)
    {
        var command = CommandDocument.Of(plan, planHash);
        await CommandDocument.SignAsync(command, signer, cancellation);
        var (name, content) = (
            BlobName(plan, planHash),
            JsonSerializer.SerializeToUtf8Bytes(command, SelfDevJson.StoredIndented)
        );
        // From here on it may be there: an attempt after a crash must not say that nothing was done, whatever has
        // changed by then.
        await intents.SetAsync(planHash, cancellation);
        // Finding it there, and signed, means that an earlier attempt of this very plan wrote it: the name is the
        // plan's hash.
        if (
            !await store.TryCreateAsync(Containers.Commands, name, content, StoreJson.ContentType, cancellation)
            && !await IsGenuineAsync(name, planHash, cancellation)
        )
        {
            await store.WriteAsync(Containers.Commands, name, content, StoreJson.ContentType, cancellation);
        }

        return new EffectStart(EffectStartKind.Started, null, null, null, plan.From);
    }

    public Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation) =>
        Task.FromResult(new OperationState(OperationPhase.Succeeded, null, null, "The command lies ready."));

    public async Task<IReadOnlyDictionary<string, string>> ObserveAsync(
        EffectPlan plan,
        string planHash,
        CancellationToken cancellation
    )
    {
        var name = BlobName(plan, planHash);
        return
            await store.GetInfoAsync(Containers.Commands, name, cancellation) is not null
            && await IsGenuineAsync(name, planHash, cancellation)
            ? plan.To
            : plan.From;
    }

    // Whoever else wrote there is reported.
    private async Task<bool> IsGenuineAsync(string name, string planHash, CancellationToken cancellation)
    {
        byte[] bytes;
        try
        {
            await using var stream = await store.OpenReadAsync(
                new BlobRef(Containers.Commands, name, null),
                cancellation
            );
            bytes = new byte[Math.Min(stream.Length, TrustStoreLimits.MaxBytes)];
            await stream.ReadExactlyAsync(bytes, cancellation);
        }
        catch (BlobGoneException)
        {
            // Picked up and deleted: that it was written, the mark says.
            return true;
        }

        if (CommandDocument.IsGenuine(bytes, name, planHash, signer))
        {
            return true;
        }

        await tampering.ReportAsync(
            $"{Containers.Commands}/{name}",
            "no approved plan of ours put it there",
            bytes,
            cancellation
        );
        return false;
    }

    private static string BlobName(EffectPlan plan, string planHash) =>
        CommandDocument.BlobName(plan.Resource, planHash);
}
