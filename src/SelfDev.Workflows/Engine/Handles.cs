namespace SelfDev.Workflows.Engine;

/// <summary>Typed name of a workflow. The name is persisted in histories: never rename one.</summary>
/// <param name="Name">Letters and digits, unique in the catalog.</param>
public sealed record Workflow<TIn, TOut>(string Name);

/// <summary>Typed name of an activity. The name is persisted in histories: never rename one.</summary>
/// <param name="Name">Letters and digits, unique in the catalog.</param>
public sealed record Activity<TIn, TOut>(string Name);

/// <summary>Typed name of an external event.</summary>
/// <param name="Name">Carries its round where a workflow waits repeatedly, e.g.
/// <c>approval:{planHash}:{round}</c>.</param>
public sealed record WorkflowEvent<T>(string Name);

/// <summary>Stands for "no value" where a handle needs a type.</summary>
public sealed record Nothing
{
    public static Nothing Value { get; } = new();
}
