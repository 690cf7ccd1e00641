using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Tests;

/// <summary>One pass of a workflow whose activities, child workflows and events answer as a test says. Timers fire at
/// once.</summary>
internal sealed class ScriptedContext(DateTimeOffset start) : IWorkflowContext
{
    private readonly Dictionary<string, Func<object?, object?>> _answers = new(StringComparer.Ordinal);

    public string InstanceId { get; init; } = "run7:action:1";

    public string? ParentInstanceId => null;

    public DateTime CurrentUtcDateTime { get; private set; } = start.UtcDateTime;

    public bool IsReplaying => false;

    public string Version => "1.1";

    /// <value>Names of activities and child workflows with what they were given, in order.</value>
    public List<(string Name, object? Input)> Calls { get; } = [];

    /// <value>How long each timer was to run.</value>
    public List<TimeSpan> Timers { get; } = [];

    /// <value>Events that were waited for; <see cref="Wakes"/> says which of them came.</value>
    public List<string> Waits { get; } = [];

    /// <value>For each wait in turn whether its event comes; then none does.</value>
    public Queue<bool> Wakes { get; } = new();

    /// <value>Bodies of ledger entries by type and key.</value>
    public IReadOnlyList<LedgerEntry> Recorded => [.. Calls.Select(call => call.Input).OfType<LedgerEntry>()];

    public void On<TIn, TOut>(Activity<TIn, TOut> activity, Func<TIn, TOut> answer) =>
        _answers[activity.Name] = input => answer((TIn)input!);

    public void On<TIn, TOut>(Workflow<TIn, TOut> workflow, Func<TIn, TOut> answer) =>
        _answers[workflow.Name] = input => answer((TIn)input!);

    /// <summary>What a failed activity looks like to its workflow.</summary>
    public static WorkflowTaskFailedException Failure(string task, string message) =>
        new(task, new FailureDetails(typeof(IOException).FullName!, message));

    public IReadOnlyList<T> Inputs<T>() => [.. Calls.Select(call => call.Input).OfType<T>()];

    public int CompareVersionTo(string version) => string.CompareOrdinal(Version, version);

    public Guid NewGuid() => throw new NotSupportedException();

    public Task<TOut> CallActivityAsync<TIn, TOut>(
        Activity<TIn, TOut> activity,
        TIn input,
        RetryPolicy? retry = null
    ) => AnswerAsync<TOut>(activity.Name, input);

    public Task<TOut> CallWorkflowAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string? instanceId = null,
        RetryPolicy? retry = null
    ) => AnswerAsync<TOut>(workflow.Name, input);

    public Task CreateTimer(DateTime fireAt, CancellationToken cancellation)
    {
        Timers.Add(fireAt - CurrentUtcDateTime);
        CurrentUtcDateTime = fireAt;
        return Task.CompletedTask;
    }

    public Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, TimeSpan timeout)
    {
        Waits.Add(name.Name);
        if (Wakes.TryDequeue(out var comes) && comes)
        {
            return Task.FromResult<T>(default!);
        }

        Timers.Add(timeout);
        CurrentUtcDateTime += timeout;
        return Task.FromException<T>(new TaskCanceledException());
    }

    public void SetCustomStatus<T>(T status) { }

    public void ContinueAsNew<TIn>(TIn input) => throw new NotSupportedException();

    public ILogger CreateReplaySafeLogger(string category) => NullLogger.Instance;

    private Task<TOut> AnswerAsync<TOut>(string name, object? input)
    {
        Calls.Add((name, input));
        if (!_answers.TryGetValue(name, out var answer))
        {
            return Task.FromResult<TOut>(default!);
        }

        try
        {
            return Task.FromResult((TOut)answer(input)!);
        }
        catch (WorkflowTaskFailedException failed)
        {
            return Task.FromException<TOut>(failed);
        }
    }
}
