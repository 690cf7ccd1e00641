using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Engine;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>The embedded engine on a folder of its own and a clock that moves only when told to.</summary>
internal sealed class EmbeddedEngineUnderTest(Func<EmbeddedEngineOptions, EmbeddedEngineOptions>? configure = null)
    : IEngineUnderTest
{
    private static readonly TimeSpan RealLimit = TimeSpan.FromSeconds(60);

    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private EmbeddedEngine? _engine;
    private volatile bool _crash;

    public FakeClock Clock { get; } = new();

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "selfdev-engine-" + Path.GetRandomFileName());

    public EngineAbilities Abilities =>
        EngineAbilities.Crash
        | EngineAbilities.Quarantine
        | EngineAbilities.ReusesFinishedChildIds
        | EngineAbilities.CancelsActivities
        | EngineAbilities.RefusesLiveChildIds
        | EngineAbilities.EndsWithOpenCalls;

    public TimeSpan Tick => TimeSpan.FromMinutes(1);

    public EmbeddedEngine Engine => _engine ?? throw new InvalidOperationException("Not started.");

    public IWorkflowClient Client => Engine;

    public async Task StartAsync(WorkflowCatalog catalog)
    {
        _crash = false;
        var options = new EmbeddedEngineOptions
        {
            DataFolder = Folder,
            Clock = Clock,
            StopGrace = TimeSpan.Zero,
        };
        options = configure?.Invoke(options) ?? options;
        var inner = options.Probe;
        options = options with
        {
            Probe = point =>
            {
                if (_crash)
                {
                    throw new CrashException();
                }

                inner?.Invoke(point);
            },
        };
        _engine = new EmbeddedEngine(options, catalog, _services, NullLoggerFactory.Instance);
        await _engine.StartAsync(CancellationToken.None);
    }

    public async Task StopAsync()
    {
        if (_engine is { } engine)
        {
            _engine = null;
            await engine.StopAsync(CancellationToken.None).WaitAsync(RealLimit);
            engine.Dispose();
        }
    }

    /// <summary>The engine's thread dies at its next step; the files stay as they are at that moment.</summary>
    public async Task CrashAsync()
    {
        var engine = Engine;
        _crash = true;
        try
        {
            await engine.WaitForCompletionAsync("no such instance", CancellationToken.None).WaitAsync(RealLimit);
        }
        catch (Exception exception) when (exception is EngineStoppedException or KeyNotFoundException)
        {
            // Either is the answer of a dying engine.
        }

        await StopAsync();
    }

    public Task AdvanceAsync(TimeSpan by)
    {
        Clock.Advance(by);
        return Task.CompletedTask;
    }

    public async Task<WorkflowInstance> WaitUntilAsync(string instanceId, Func<WorkflowInstance, bool> condition)
    {
        var reached = new TaskCompletionSource<WorkflowInstance>(TaskCreationOptions.RunContinuationsAsynchronously);
        var engine = Engine;
        engine.Changed += Look;
        try
        {
            Look([instanceId]);
            return await reached.Task.WaitAsync(RealLimit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"'{instanceId}' never got there; it is {await engine.GetAsync(instanceId, CancellationToken.None)}"
            );
        }
        finally
        {
            engine.Changed -= Look;
        }

        void Look(IReadOnlyList<string> changed)
        {
            if (
                changed.Contains(instanceId)
                && engine.GetAsync(instanceId, CancellationToken.None).Result is { } instance
                && condition(instance)
            )
            {
                reached.TrySetResult(instance);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}

internal sealed class CrashException() : Exception("The test pulled the plug.");
