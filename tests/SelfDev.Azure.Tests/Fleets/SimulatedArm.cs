using global::Azure.Core;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Azure.Fleets;
using SelfDev.Local.ArmSimulator;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Fleets;

/// <summary>The genuine SDK in front of the simulator, both on one fake clock.</summary>
internal sealed class SimulatedArm : IAsyncDisposable
{
    private SimulatedArm(ArmSimulatorServer server, FakeClock clock)
    {
        Server = server;
        Clock = clock;
        Fleet = NewFleet();
    }

    public ArmSimulatorServer Server { get; }

    public FakeClock Clock { get; }

    public ArmFleet Fleet { get; }

    public string Set => Server.ScaleSetIds[0];

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Requests of one method so far.</summary>
    public int Count(string method) => Server.Requests.Count(request => request.Method == method);

    public static async Task<SimulatedArm> StartAsync(ArmSimulatorOptions? options = null, FakeClock? clock = null)
    {
        clock ??= new FakeClock();
        return new SimulatedArm(
            await ArmSimulatorServer.StartAsync(options ?? new ArmSimulatorOptions(), clock, Cancellation),
            clock
        );
    }

    public ArmFleet NewFleet(string? thumbprint = null, TokenCredential? credential = null) =>
        new(
            new AzureFleetOptions
            {
                Endpoint = Server.Endpoint,
                CertificateThumbprint = thumbprint ?? Server.Thumbprint,
                RetryDelay = TimeSpan.FromMilliseconds(1),
            },
            credential ?? new ArmSimulatorCredential(Server),
            Clock,
            NullLogger<ArmFleet>.Instance
        );

    public Task<FleetState> GetAsync() => Fleet.GetAsync(Set, Cancellation);

    public Task<IReadOnlyList<FleetInstance>> ListAsync() => Fleet.ListInstancesAsync(Set, Cancellation);

    /// <summary>Reads the set and starts the change with the ETag just read.</summary>
    public async Task<OperationStart> ScaleAsync(int capacity) =>
        await Fleet.StartScaleAsync(Set, capacity, (await GetAsync()).ETag, Cancellation);

    public Task<OperationState> PollAsync(string? operationUri) =>
        Fleet.PollAsync(Assert.IsType<string>(operationUri), Cancellation);

    /// <summary>Moves the clock in steps until the operation has ended, an hour at most.</summary>
    public async Task<OperationState> FinishAsync(string? operationUri)
    {
        for (var waited = 0; waited < 3600; waited += 5)
        {
            var state = await PollAsync(operationUri);
            if (state.Phase != OperationPhase.Running)
            {
                return state;
            }

            Clock.Advance(TimeSpan.FromSeconds(5));
        }

        throw new InvalidOperationException("The operation has not ended within an hour of simulated time.");
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
