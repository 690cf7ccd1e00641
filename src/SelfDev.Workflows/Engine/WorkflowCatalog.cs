namespace SelfDev.Workflows.Engine;

/// <summary>
/// Every workflow and activity there is, by name. Both hosts are built from it, so that neither can lack one. Hosts
/// read <see cref="Workflows"/> and <see cref="Activities"/>; adding happens once, at start-up.
/// </summary>
public sealed class WorkflowCatalog
{
    /// <value>Version that new instances get; raise it when a workflow's order of calls changes, and branch on <see
    /// cref="IWorkflowContext.CompareVersionTo"/>.</value>
    public const string DefaultVersion = "1.1";

    private readonly SortedDictionary<string, WorkflowEntry> _workflows = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ActivityEntry> _activities = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, WorkflowEntry> Workflows => _workflows;

    public IReadOnlyDictionary<string, ActivityEntry> Activities => _activities;

    /// <param name="run">A static, deterministic function; see <see cref="IWorkflowContext"/>.</param>
    public WorkflowCatalog Add<TIn, TOut>(Workflow<TIn, TOut> workflow, Func<IWorkflowContext, TIn, Task<TOut>> run)
    {
        _workflows.Add(
            workflow.Name,
            new WorkflowEntry(
                workflow.Name,
                async (context, input) => Payload.Serialize(await run(context, Payload.Deserialize<TIn>(input)!))
            )
        );
        return this;
    }

    /// <param name="create">Makes the activity from the host's services, once an execution.</param>
    public WorkflowCatalog Add<TIn, TOut>(
        Activity<TIn, TOut> activity,
        Func<IServiceProvider, IActivity<TIn, TOut>> create
    )
    {
        _activities.Add(
            activity.Name,
            new ActivityEntry(
                activity.Name,
                async (services, input, context) =>
                    Payload.Serialize(await create(services).RunAsync(Payload.Deserialize<TIn>(input)!, context))
            )
        );
        return this;
    }
}

/// <param name="RunAsync">Context and JSON input in, JSON output out.</param>
public sealed record WorkflowEntry(string Name, Func<IWorkflowContext, string?, Task<string>> RunAsync);

/// <param name="RunAsync">Services, JSON input and call context in, JSON output out.</param>
public sealed record ActivityEntry(
    string Name,
    Func<IServiceProvider, string?, ActivityContext, Task<string>> RunAsync
);
