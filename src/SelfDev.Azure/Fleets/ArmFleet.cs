using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.ResourceManager;
using Azure.ResourceManager.Compute;
using Azure.ResourceManager.Compute.Models;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Virtual machine scale sets through Azure Resource Manager, by the genuine SDK. Writes go out once, conditional and
/// absolute; when the answer to one is lost, the set is read to find out what became of it. Thread-safe; one instance a
/// process, so that its throttling memory is shared.
/// </summary>
/// <remarks>
/// Roles that the identity needs on the scale set: <c>Microsoft.Compute/virtualMachineScaleSets/{read,write}</c>,
/// <c>.../instanceView/read</c>, <c>.../virtualMachines/{read,write,delete,reimage/action}</c>,
/// <c>.../delete/action</c>, <c>.../virtualMachines/instanceView/read</c>,
/// <c>Microsoft.Authorization/permissions/read</c>; on the subscription, for the preflight:
/// <c>Microsoft.Compute/locations/usages/read</c>,
/// <c>Microsoft.Compute/locations/operations/read</c>, <c>Microsoft.Compute/skus/read</c>,
/// <c>Microsoft.Insights/autoscaleSettings/read</c>.
/// </remarks>
public sealed class ArmFleet : IFleet
{
    /// <value>
    /// Scale sets and their instances are addressed with this version: the package's own (2023-07-01) declares neither
    /// ETag nor If-Match.
    /// </value>
    public const string ApiVersion = "2024-11-01";

    private readonly AzureFleetOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ArmClient _client;
    private readonly HttpPipeline _pipeline;
    private readonly ArmHeadroom _headroom;
    private readonly ArmPreflight _preflight;
    private readonly ArmCalls _calls;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ArmFleet(AzureFleetOptions options, TokenCredential credential, TimeProvider clock, ILogger<ArmFleet> logger)
    {
        options.Validate();
        _options = options;
        _clock = clock;
        _logger = logger;
        var client = ArmClients.Options(options, clock);
        _client = new ArmClient(credential, null, client);
        _pipeline = ArmClients.Pipeline(options, client, credential);
        _calls = new ArmCalls(options, clock, logger);
        _headroom = new ArmHeadroom(_client);
        _preflight = new ArmPreflight(_headroom, _pipeline, options);
    }

    /// <summary>With the credential that the options name.</summary>
    public ArmFleet(AzureFleetOptions options, TimeProvider clock, ILogger<ArmFleet> logger)
        : this(options, ArmClients.Credential(options), clock, logger) { }

    public Task<FleetState> GetAsync(string resourceId, CancellationToken cancellation) =>
        _calls.CallAsync(() => ReadAsync(ScaleSet(resourceId), cancellation), cancellation);

    public Task<IReadOnlyList<FleetInstance>> ListInstancesAsync(string resourceId, CancellationToken cancellation) =>
        _calls.CallAsync(() => ListAsync(ScaleSet(resourceId), cancellation), cancellation);

    public Task<IReadOnlyList<string>> PreflightAsync(
        string resourceId,
        int capacity,
        CancellationToken cancellation
    ) =>
        _calls.CallAsync(
            () => _preflight.FindObstaclesAsync(ScaleSet(resourceId), capacity, cancellation),
            cancellation
        );

    public Task<FleetHeadroom> GetHeadroomAsync(string resourceId, CancellationToken cancellation) =>
        _calls.CallAsync(
            async () =>
            {
                var set = ScaleSet(resourceId);
                return await _headroom.ReadAsync(
                    set.Id,
                    (await set.GetAsync(cancellationToken: cancellation)).Value.Data,
                    cancellation
                );
            },
            cancellation
        );

    /// <inheritdoc/>
    /// <remarks>
    /// After a 412 or a lost answer the set is read: at the target already counts as accepted (<see
    /// cref="FleetCodes.AlreadyDone"/>), for then an earlier call of ours, or somebody else's, has had the same effect.
    /// A lost call that left no trace throws a transient exception; repeating it with the same ETag is safe.
    /// </remarks>
    public Task<OperationStart> StartScaleAsync(
        string resourceId,
        int capacity,
        string etag,
        CancellationToken cancellation
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        ArgumentException.ThrowIfNullOrWhiteSpace(etag);
        var set = ScaleSet(resourceId);
        return _calls.StartAsync(
            set.Id,
            async () =>
            {
                using var condition = IfMatchPolicy.Use(etag);
                var operation = await set.UpdateAsync(
                    WaitUntil.Started,
                    new VirtualMachineScaleSetPatch { Sku = new ComputeSku { Capacity = capacity } },
                    cancellation
                );
                return operation.GetRawResponse();
            },
            async failure =>
            {
                var now = await ReadAsync(set, cancellation);
                return now.Capacity == capacity
                        ? ArmCalls.AlreadyDone(_calls.ResourceAddress(set.Id), $"The capacity is {capacity} already.")
                    : failure is RequestFailedException { Status: 412 } || now.ETag != etag
                        ? new OperationStart(
                            OperationStartKind.Drifted,
                            null,
                            null,
                            "PreconditionFailed",
                            $"The set has changed: capacity {now.Capacity}, ETag {now.ETag}; {etag} was expected."
                        )
                    : null;
            },
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <remarks>Reimaging twice has the effect of once. After a lost answer, an instance that is being worked on counts
    /// as accepted.</remarks>
    public Task<OperationStart> StartReimageAsync(string resourceId, string instanceId, CancellationToken cancellation)
    {
        var instance = Instance(resourceId, instanceId);
        return _calls.StartAsync(
            instance.Id,
            async () => (await instance.ReimageAsync(WaitUntil.Started, null, cancellation)).GetRawResponse(),
            async _ =>
            {
                var now = await instance.GetAsync(cancellationToken: cancellation);
                return FleetInstances.IsSettled(now.Value.Data.ProvisioningState)
                    ? null
                    : ArmCalls.AlreadyDone(_calls.ResourceAddress(instance.Id), "The instance is being worked on.");
            },
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <remarks>
    /// An instance that is not there, or is being deleted, counts as accepted. ARM may give an instance id again later:
    /// compare <see cref="FleetInstance.ComputerName"/> or <see cref="FleetInstance.VmId"/> before deleting by an id
    /// that was read long ago.
    /// </remarks>
    public Task<OperationStart> StartDeleteAsync(string resourceId, string instanceId, CancellationToken cancellation)
    {
        var instance = Instance(resourceId, instanceId);
        return _calls.StartAsync(
            instance.Id,
            async () =>
                (await instance.DeleteAsync(WaitUntil.Started, cancellationToken: cancellation)).GetRawResponse(),
            async _ =>
            {
                try
                {
                    var now = await instance.GetAsync(cancellationToken: cancellation);
                    return now.Value.Data.ProvisioningState == "Deleting"
                        ? ArmCalls.AlreadyDone(
                            _calls.ResourceAddress(instance.Id) + "#" + ArmAddress.UntilAbsent,
                            "The instance is being deleted."
                        )
                        : null;
                }
                catch (RequestFailedException gone) when (gone.Status == 404)
                {
                    return ArmCalls.AlreadyDone(null, "The instance is gone.");
                }
            },
            cancellation
        );
    }

    /// <inheritdoc/>
    public async Task<OperationStart> StartDeleteInstancesAsync(
        string resourceId,
        IReadOnlyList<FleetInstance> instances,
        CancellationToken cancellation
    )
    {
        var set = ScaleSet(resourceId);
        var there = FleetInstances.StillThere(
            instances,
            await _calls.CallAsync(() => ListAsync(set, cancellation), cancellation)
        );
        var known = instances
            .Where(instance => instance.IsProtected)
            .Select(instance => instance.InstanceId)
            .ToHashSet(StringComparer.Ordinal);
        if (there.Find(instance => instance.IsProtected && !known.Contains(instance.InstanceId)) is { } busy)
        {
            return new OperationStart(
                OperationStartKind.Refused,
                null,
                null,
                FleetCodes.InstanceProtected,
                $"Instance {busy.InstanceId} ({busy.ComputerName}) is protected from scale-in; none was deleted."
            );
        }

        var chosen = there
            .FindAll(instance => instance.State != "Deleting")
            .ConvertAll(instance => instance.InstanceId);
        return chosen.Count == 0
            ? Leaving(there)
            : await _calls.StartAsync(
                set.Id,
                async () =>
                    (
                        await set.DeleteInstancesAsync(
                            WaitUntil.Started,
                            new VirtualMachineScaleSetVmInstanceRequiredIds(chosen),
                            cancellationToken: cancellation
                        )
                    ).GetRawResponse(),
                async _ =>
                {
                    var rest = FleetInstances.StillThere(there, await ListAsync(set, cancellation));
                    return rest.TrueForAll(instance => instance.State == "Deleting") ? Leaving(rest) : null;
                },
                cancellation
            );

        OperationStart Leaving(List<FleetInstance> rest) =>
            rest.Count == 0
                ? ArmCalls.AlreadyDone(null, "The instances are gone.")
                : ArmCalls.AlreadyDone(
                    _calls.ResourceAddress(Instance(resourceId, rest[^1].InstanceId).Id) + "#" + ArmAddress.UntilAbsent,
                    "The instances are being deleted."
                );
    }

    /// <inheritdoc/>
    /// <remarks>Conditional on the instance as just read; needs <c>.../virtualMachines/write</c>.</remarks>
    public Task<OperationStart> StartProtectAsync(
        string resourceId,
        string instanceId,
        bool isProtected,
        CancellationToken cancellation
    )
    {
        var instance = Instance(resourceId, instanceId);
        return _calls.StartAsync(
            instance.Id,
            async () =>
            {
                var now = await instance.GetAsync(cancellationToken: cancellation);
                using var condition = IfMatchPolicy.Use(ETagOf(now.GetRawResponse(), instance.Id));
                // The model as a whole would be that of an older API version and could drop what newer ones added: send
                // the one field.
                var change = new VirtualMachineScaleSetVmData(now.Value.Data.Location)
                {
                    ProtectionPolicy = new VirtualMachineScaleSetVmProtectionPolicy
                    {
                        ProtectFromScaleIn = isProtected,
                    },
                };
                return (await instance.UpdateAsync(WaitUntil.Started, change, cancellation)).GetRawResponse();
            },
            async _ =>
            {
                var now = (await instance.GetAsync(cancellationToken: cancellation)).Value.Data;
                return (now.ProtectionPolicy?.ProtectFromScaleIn ?? false) == isProtected
                    ? ArmCalls.AlreadyDone(
                        _calls.ResourceAddress(instance.Id),
                        isProtected ? "The instance is protected." : "The instance is not protected."
                    )
                    : null;
            },
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <exception cref="FleetException"><c>OperationUriRefused</c> for an address that is not ARM's; transient ones
    /// when ARM cannot be reached.</exception>
    public Task<OperationState> PollAsync(string operationUri, CancellationToken cancellation)
    {
        var address = ArmAddress.Operation(_options.Endpoint, operationUri);
        return _calls.CallAsync(
            async () =>
            {
                using var response = await ArmClients.GetAsync(_pipeline, address, cancellation);
                var state = ArmOperationState.Read(
                    response,
                    RetryAfter.Of(response, _clock),
                    address.Fragment == "#" + ArmAddress.UntilAbsent
                );
                if (state.Phase == OperationPhase.Failed)
                {
                    FleetLogs.OperationFailed(_logger, address.AbsolutePath, state.Code);
                }

                return state.Code == FleetCodes.TooManyRequests
                    ? state with
                    {
                        RetryAfter = state.RetryAfter ?? _options.DefaultRetryAfter,
                    }
                    : state;
            },
            cancellation
        );
    }

    private VirtualMachineScaleSetResource ScaleSet(string resourceId) =>
        _client.GetVirtualMachineScaleSetResource(ArmAddress.ScaleSet(resourceId));

    private VirtualMachineScaleSetVmResource Instance(string resourceId, string instanceId)
    {
        var set = ArmAddress.ScaleSet(resourceId);
        return _client.GetVirtualMachineScaleSetVmResource(
            VirtualMachineScaleSetVmResource.CreateResourceIdentifier(
                set.SubscriptionId,
                set.ResourceGroupName,
                set.Name,
                ArmAddress.Instance(instanceId)
            )
        );
    }

    private static async Task<IReadOnlyList<FleetInstance>> ListAsync(
        VirtualMachineScaleSetResource set,
        CancellationToken cancellation
    )
    {
        var instances = new List<FleetInstance>();
        await foreach (
            var instance in set.GetVirtualMachineScaleSetVms()
                .GetAllAsync(expand: "instanceView", cancellationToken: cancellation)
        )
        {
            instances.Add(FleetInstances.Of(instance.Data));
        }

        return instances;
    }

    private static async Task<FleetState> ReadAsync(VirtualMachineScaleSetResource set, CancellationToken cancellation)
    {
        var answer = await set.GetAsync(cancellationToken: cancellation);
        var data = answer.Value.Data;
        var view = await set.GetInstanceViewAsync(cancellation);
        var isSpot = data.VirtualMachineProfile?.Priority == VirtualMachinePriorityType.Spot;
        // The summary counts an evicted instance as provisioned; only the instances themselves tell.
        var evicted = isSpot ? (await ListAsync(set, cancellation)).Count(FleetInstances.IsEvicted) : 0;
        return new FleetState(
            data.Id.ToString(),
            data.Sku?.Name ?? "",
            (int)(data.Sku?.Capacity ?? 0),
            ETagOf(answer.GetRawResponse(), set.Id),
            data.ProvisioningState ?? "Succeeded",
            view.Value.VirtualMachineStatusesSummary.Where(status =>
                    string.Equals(status.Code, "ProvisioningState/succeeded", StringComparison.OrdinalIgnoreCase)
                )
                .Sum(status => status.Count ?? 0) - evicted,
            data.Location.Name
        )
        {
            Zones = [.. data.Zones],
            IsSpot = isSpot,
            EvictedInstances = evicted,
        };
    }

    // The package's model of 2023-07-01 has no place for the ETag: read it from the answer itself.
    private static string ETagOf(Response response, ResourceIdentifier id)
    {
        using var json = JsonDocument.Parse(response.Content);
        var etag = json.RootElement.TryGetProperty("etag", out var value) ? value.GetString() : null;
        etag ??= response.Headers.TryGetValue("ETag", out var header) ? header : null;
        return etag?.Trim('"') is { Length: > 0 } known
            ? known
            : throw new FleetException(
                FleetCodes.ETagMissing,
                $"ARM gave no ETag for {id}; without one no change can be made conditional, so none is made.",
                isTransient: false
            );
    }
}
