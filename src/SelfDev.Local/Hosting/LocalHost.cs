using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using SelfDev.Local.ArmSimulator;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Engine;
using SelfDev.Local.Intake;
using SelfDev.Local.Reconcile;
using SelfDev.Local.Spool;
using SelfDev.Local.Sqlite;
using SelfDev.Local.Storage;
using SelfDev.Local.Trust;
using SelfDev.Web;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Hosting;

/// <summary>
/// The whole of SelfDev in one process: storage and ARM (embedded unless named), engine, intake, HTTP. May be killed at
/// any moment and started again on the same data.
/// </summary>
public sealed class LocalHost : IAsyncDisposable
{
    private readonly LocalStorage _storage;
    private readonly WebApplication _web;
    private readonly EmbeddedEngine _engine;
    private readonly Telemetry _telemetry;
    private readonly DataDirectory _data;
    private readonly FileStream _hold;

    private LocalHost(
        DataDirectory data,
        FileStream hold,
        LocalStorage storage,
        ArmSimulatorServer? simulator,
        WebApplication web,
        Telemetry telemetry,
        RunningHost address
    )
    {
        (_data, _hold) = (data, hold);
        _storage = storage;
        Simulator = simulator;
        _web = web;
        _engine = web.Services.GetRequiredService<EmbeddedEngine>();
        _telemetry = telemetry;
        Address = address;
        Lost = storage.Azurite is { } azurite ? LostStorageAsync(azurite) : new TaskCompletionSource<string>().Task;
    }

    /// <value>Where it listens, and its API keys.</value>
    public RunningHost Address { get; }

    public IServiceProvider Services => _web.Services;

    /// <summary>Makes an address that signs one browser in as the operator, once, within ten minutes (<see
    /// cref="SignInLinks"/>).</summary>
    public Uri SignInAddress() =>
        new(
            Services.GetRequiredService<HostAddress>().Value,
            Services.GetRequiredService<SignInLinks>().Issue(Services.GetRequiredService<WebOptions>().Principals[0])
        );

    public IWorkflowClient Workflows => _engine;

    /// <value>Completes, with what to tell a person, when something that the host cannot do without has ended on its
    /// own.</value>
    public Task<string> Lost { get; }

    /// <value>The account that others upload to, without seals.</value>
    internal LocalStorage Storage => _storage;

    /// <value>Null where the settings named a real ARM.</value>
    internal ArmSimulatorServer? Simulator { get; }

    /// <summary>Starts everything, the engine last: what it takes up again finds storage, ARM and addresses in
    /// place.</summary>
    /// <param name="progress">One line a step, for a person.</param>
    /// <exception cref="LocalHostException">Something it needs is missing, wrong or taken; the message says what to
    /// do.</exception>
    public static async Task<LocalHost> StartAsync(
        LocalHostOptions options,
        Action<string> progress,
        CancellationToken cancellation
    )
    {
        FileStream? hold = null;
        LocalStorage? storage = null;
        ArmSimulatorServer? simulator = null;
        WebApplication? web = null;
        Telemetry? telemetry = null;
        try
        {
            options.Webhook?.Validate();
            options.Model?.Validate();
            options.Data.Create(progress);
            hold = await HoldAsync(options.Data, cancellation);
            var reconciliation = await Reconciliation.BeginAsync(
                options.Data,
                string.IsNullOrWhiteSpace(options.Storage),
                options.AcceptLoss,
                options.Clock.GetUtcNow(),
                cancellation
            );
            storage = await LocalStorage.OpenAsync(
                options.Storage,
                new AzuriteOptions { DataFolder = options.Data.Storage, Progress = progress },
                cancellation
            );
            progress(
                storage.Azurite is { } azurite
                    ? $"storage: Azurite at {azurite.Endpoint}"
                    : "storage: the account that SELFDEV_STORAGE names"
            );

            simulator = options.ArmEndpoint is null ? await StartSimulatorAsync(options, cancellation) : null;
            progress(simulator is null ? $"ARM: {options.ArmEndpoint}" : $"ARM: simulator at {simulator.Endpoint}");

            var policy = new PolicyFile(options.Data.EnsurePolicy());
            var reading = await policy.ReadAsync(cancellation);
            foreach (var error in reading.Errors)
            {
                progress($"policy: {error} Until it is mended, every action is refused.");
            }

            var principals = ApiKeyFile.ReadOrCreate(options.Data.ApiKeys, reading.Policy);
            telemetry = Telemetry.Start();
            web = Build(
                options,
                services =>
                    services.AddLocalHost(options, policy, principals, storage, simulator).AddSingleton(reconciliation)
            );
            await OpenStoresAsync(web.Services, cancellation);
            await web
                .Services.GetRequiredService<HostParts>()
                .CompleteAsync(web.Services.GetRequiredService<ILedgerStore>(), cancellation);
            await ReplaySpoolAsync(web.Services, progress, cancellation);
            await web.StartAsync(cancellation);
            var host = new RunningHost(
                Reachable(web.Urls.First()),
                principals[0].Key,
                Environment.ProcessId,
                [.. principals.Skip(1).Select(principal => new ApproverKey(principal.Name, principal.Key))]
            );
            web.Services.GetRequiredService<HostAddress>().Set(options.PublicUrl ?? new Uri(host.Url));
            await web.Services.GetRequiredService<EmbeddedEngine>().StartAsync(cancellation);
            await web.Services.GetRequiredService<ApprovalDecisions>().WakeAllAsync(cancellation);
            await web.Services.GetRequiredService<IntakeWatcher>().StartAsync(cancellation);
            await (web.Services.GetService<SpoolKeeper>()?.StartAsync(cancellation) ?? Task.CompletedTask);
            await web.Services.GetRequiredService<LedgerCheck>().StartAsync(cancellation);
            await web.Services.GetRequiredService<LastSeenKeeper>().StartAsync(cancellation);
            options.Data.WriteHost(host);
            return new LocalHost(options.Data, hold, storage, simulator, web, telemetry, host);
        }
        catch (Exception failure)
        {
            telemetry?.Dispose();
            await DisposeAllAsync(web, simulator, storage, hold);
            if (Explain(failure, options) is { } explanation)
            {
                throw new LocalHostException(explanation, failure);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _data.DeleteHost();
        await _web.Services.GetRequiredService<IntakeWatcher>().StopAsync(CancellationToken.None);
        await _web.Services.GetRequiredService<LedgerCheck>().StopAsync(CancellationToken.None);
        await _engine.StopAsync(CancellationToken.None);
        var spool = _web.Services.GetService<SpoolKeeper>();
        await (spool?.StopAsync(CancellationToken.None) ?? Task.CompletedTask);
        await _web.Services.GetRequiredService<LastSeenKeeper>().StopAsync(CancellationToken.None);
        _telemetry.Dispose();
        await DisposeAllAsync(_web, Simulator, _storage);
        // Storage has saved its index with its end: what is in it need not be looked at again at the next start.
        await (spool?.TryLetGoAsync() ?? Task.CompletedTask);
        await _hold.DisposeAsync();
    }

    // One host a folder, whatever storage it uses. A host that was just killed holds it for a moment.
    private static async Task<FileStream> HoldAsync(DataDirectory data, CancellationToken cancellation) =>
        await LockFile.WaitAsync(data.Lock, TimeSpan.FromSeconds(5), null, cancellation)
        ?? throw new LocalHostException(
            $"The data folder {data.Root} is in use by another SelfDev host. Stop that one, or choose another folder "
                + $"with --data."
        );

    // Before the intake is looked at, so that no run starts on a version that is about to be replaced.
    private static async Task ReplaySpoolAsync(
        IServiceProvider services,
        Action<string> progress,
        CancellationToken cancellation
    )
    {
        if (
            services.GetService<SpoolReplay>() is { } replay
            && await replay.RunAsync(cancellation) is > 0 and var again
        )
        {
            progress($"intake: {again} acknowledged drop(s) that storage had lost were put again");
        }
    }

    // Before anybody can ask: a store that is damaged, or a ledger that is not the one that was seen last, is refused
    // here.
    private static async Task OpenStoresAsync(IServiceProvider services, CancellationToken cancellation)
    {
        _ = services.GetRequiredService<ITrustStore>();
        _ = services.GetRequiredService<SqliteArtifactStore>();
        await services.GetRequiredService<LedgerStore>().OpenAsync(cancellation);
    }

    private static async Task<string> LostStorageAsync(AzuriteProcess azurite)
    {
        await azurite.Exited;
        return $"The storage emulator has ended on its own. Start the host again; it goes on where it was. Azurite's "
            + $"last words: {azurite.LastOutput}";
    }

    private static WebApplication Build(LocalHostOptions options, Action<IServiceCollection> register)
    {
        // Nothing but what stands here: other builders read appsettings.json of the current folder and the environment,
        // which could have the host listen elsewhere too, log whole addresses, or answer a failure with its stack
        // trace.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(options.Address, options.Port));
        // Standard output belongs to the person in front of it; logs are JSON lines on standard error.
        builder.Logging.ClearProviders().AddJsonConsole().SetMinimumLevel(options.LogLevel);
        builder.Logging.HideAddresses();
        // It tells why the listener did not start, which we tell ourselves, in a line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (options.AlsoLogTo is { } also)
        {
            builder.Logging.AddProvider(also);
        }

        builder.Services.Configure<ConsoleLoggerOptions>(console =>
            console.LogToStandardErrorThreshold = LogLevel.Trace
        );
        register(builder.Services);
        var web = builder.Build();
        web.MapSelfDev();
        return web;
    }

    // Who listens on every address is reached at each; clients of this machine take loopback.
    private static string Reachable(string url)
    {
        var address = new UriBuilder(url);
        if (
            IPAddress.TryParse(address.Host.Trim('[', ']'), out var listening)
            && (listening.Equals(IPAddress.Any) || listening.Equals(IPAddress.IPv6Any))
        )
        {
            address.Host = (listening.Equals(IPAddress.Any) ? IPAddress.Loopback : IPAddress.IPv6Loopback).ToString();
        }

        return address.Uri.AbsoluteUri;
    }

    private static Task<ArmSimulatorServer> StartSimulatorAsync(
        LocalHostOptions options,
        CancellationToken cancellation
    ) =>
        ArmSimulatorServer.StartAsync(
            new ArmSimulatorOptions
            {
                DataDirectory = options.Data.Simulator,
                ProvisioningTime = options.SimulatedProvisioning,
                ProvisioningStagger = options.SimulatedProvisioning / 8,
            },
            TimeProvider.System,
            cancellation
        );

    private static string? Explain(Exception failure, LocalHostOptions options) =>
        failure switch
        {
            AzuriteException
            or DataFolderInUseException
            or CorruptStoreException
            or LedgerDamagedException
            or ArgumentException => failure.Message,
            IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
                $"Port {options.Port} is taken: is another host running? Choose another with --port, or 0 for any.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                $"This machine has no address {options.Address}. Choose another with --bind.",
            SocketException { SocketErrorCode: SocketError.AccessDenied } =>
                $"You may not listen on port {options.Port}. Choose one from 1024 on with --port.",
            _ => null,
        };

    private static async Task DisposeAllAsync(params IAsyncDisposable?[] parts)
    {
        foreach (var part in parts)
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }
    }
}

/// <summary>The host cannot start; the message is for the person who started it.</summary>
public sealed class LocalHostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The address that links start with; known once the listener is bound.</summary>
public sealed class HostAddress
{
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="InvalidOperationException">Asked for before the listener was bound.</exception>
    public Uri Value =>
        _address.Task.IsCompletedSuccessfully
            ? _address.Task.Result
            : throw new InvalidOperationException("The host's address is not known before it listens.");

    public void Set(Uri address) => _address.TrySetResult(address);
}
