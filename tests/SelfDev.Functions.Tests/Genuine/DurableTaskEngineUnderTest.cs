using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Functions.Engine;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Tests.Genuine;

/// <summary>
/// The genuine Durable Task worker on its in-memory backend, through the adapter as shipped. The backend keeps nothing
/// beyond the process, so there is no crash to survive; its clock is the machine's.
/// </summary>
public sealed class DurableTaskEngineUnderTest : IEngineUnderTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private DurableTaskTestHost? _host;

    public EngineAbilities Abilities => EngineAbilities.None;

    public TimeSpan Tick { get; } = TimeSpan.FromMilliseconds(200);

    public IWorkflowClient Client { get; private set; } = null!;

    /// <value>What a function gets by its durable client binding.</value>
    public DurableTaskClient DurableClient => _host!.Client;

    public Task StartAsync(WorkflowCatalog catalog) =>
        StartAsync(catalog, new ServiceCollection().BuildServiceProvider());

    /// <param name="services">What activities are made of.</param>
    public async Task StartAsync(WorkflowCatalog catalog, IServiceProvider services)
    {
        var runner = new CatalogRunner(catalog);
        _host = await DurableTaskTestHost.StartAsync(
            registry =>
            {
                foreach (var workflow in catalog.Workflows.Keys)
                {
                    registry.AddOrchestratorFunc<JsonElement, JsonElement>(
                        workflow,
                        (context, _) => runner.RunWorkflowAsync(context)
                    );
                }

                foreach (var activity in catalog.Activities.Keys)
                {
                    registry.AddActivityFunc<ActivityCall, JsonElement>(
                        activity,
                        (_, call) => runner.RunActivityAsync(activity, call, services, CancellationToken.None)
                    );
                }
            },
            new DurableTaskTestHostOptions { LoggerFactory = NullLoggerFactory.Instance }
        );
        Client = new DurableTaskWorkflowClient(_host.Client);
    }

    public async Task StopAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
            _host = null;
        }
    }

    public Task CrashAsync() => throw new NotSupportedException("The in-memory backend dies with its process.");

    public Task AdvanceAsync(TimeSpan by) => Task.Delay(by, TestContext.Current.CancellationToken);

    public async Task<WorkflowInstance> WaitUntilAsync(string instanceId, Func<WorkflowInstance, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (true)
        {
            if (await Client.GetAsync(instanceId, limit.Token) is { } instance && condition(instance))
            {
                return instance;
            }

            await Task.Delay(Poll, limit.Token);
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}
