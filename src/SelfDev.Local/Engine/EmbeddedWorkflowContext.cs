using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Json;
using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>The workflow port over one <see cref="WorkflowExecution"/>.</summary>
internal sealed class EmbeddedWorkflowContext(WorkflowExecution execution, ILoggerFactory loggers) : IWorkflowContext
{
    private int _nextGuid;

    public string InstanceId => execution.Identity.InstanceId;

    public string? ParentInstanceId => execution.Identity.ParentInstanceId;

    public DateTime CurrentUtcDateTime => execution.Now;

    public bool IsReplaying => execution.IsReplaying;

    public string Version => execution.Identity.Version;

    public int CompareVersionTo(string version)
    {
        var mine = Version.Split('.');
        var other = version.Split('.');
        for (var part = 0; part < Math.Max(mine.Length, other.Length); part++)
        {
            var order = Part(mine, part).CompareTo(Part(other, part));
            if (order != 0)
            {
                return order;
            }
        }

        return 0;

        static long Part(string[] parts, int index) =>
            index < parts.Length ? long.Parse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture) : 0;
    }

    /// <remarks>Version 8 of RFC 9562 (custom): SHA-256 of instance, generation, start time and a counter.</remarks>
    public Guid NewGuid()
    {
        execution.EnsureInTurn();
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{InstanceId}\0{execution.Identity.Generation}\0{execution.StartedAt.Ticks}\0{_nextGuid++}"
        );
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    public Task<TOut> CallActivityAsync<TIn, TOut>(
        Activity<TIn, TOut> activity,
        TIn input,
        RetryPolicy? retry = null
    ) => CallAsync<TOut>(HistoryKind.ActivityScheduled, activity.Name, Payload.Serialize(input), _ => null, retry);

    public Task<TOut> CallWorkflowAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string? instanceId = null,
        RetryPolicy? retry = null
    ) =>
        CallAsync<TOut>(
            HistoryKind.ChildScheduled,
            workflow.Name,
            Payload.Serialize(input),
            place =>
                instanceId
                ?? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{InstanceId}:{execution.Identity.Generation}:{place.Call}{(place.Attempt == 1 ? "" : $".{place.Attempt}")}"
                ),
            retry
        );

    private async Task<TOut> CallAsync<TOut>(
        HistoryKind kind,
        string name,
        string input,
        Func<(int Call, int Attempt), string?> target,
        RetryPolicy? retry
    )
    {
        execution.EnsureInTurn();
        var call = execution.NextCall();
        var first = CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            var result = await execution.Open(kind, call, execution.Now, name, input, target((call, attempt))).Result;
            if (result.Kind is HistoryKind.ActivityCompleted or HistoryKind.ChildCompleted)
            {
                return Payload.Deserialize<TOut>(result.Data)!;
            }

            var failure = JsonSerializer.Deserialize<FailureDetails>(result.Data!, SelfDevJson.Payload)!;
            if (retry is null || attempt >= retry.MaxNumberOfAttempts || !retry.Handles(failure))
            {
                throw new WorkflowTaskFailedException(name, failure);
            }

            var again = CurrentUtcDateTime + retry.DelayBefore(attempt + 1);
            if (retry.RetryTimeout is { } timeout && again - first > timeout)
            {
                throw new WorkflowTaskFailedException(name, failure);
            }

            await execution.Timer(again, CancellationToken.None);
        }
    }

    public Task CreateTimer(DateTime fireAt, CancellationToken cancellation)
    {
        execution.EnsureInTurn();
        return execution.Timer(Utc(fireAt), cancellation);
    }

    public async Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, CancellationToken cancellation = default)
    {
        execution.EnsureInTurn();
        return Payload.Deserialize<T>((await execution.Event(name.Name, cancellation)).Data)!;
    }

    public async Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, TimeSpan timeout)
    {
        execution.EnsureInTurn();
        using var stopWaiting = new CancellationTokenSource();
        using var stopTimer = new CancellationTokenSource();
        var raised = execution.Event(name.Name, stopWaiting.Token);
        if (!raised.IsCompleted)
        {
            var timer = execution.Timer(CurrentUtcDateTime + timeout, stopTimer.Token);
            if (await Task.WhenAny(raised, timer) == timer)
            {
                stopWaiting.Cancel();
                throw new TaskCanceledException($"No event '{name.Name}' came within {timeout}.");
            }

            stopTimer.Cancel();
        }

        return Payload.Deserialize<T>((await raised).Data)!;
    }

    public void SetCustomStatus<T>(T status)
    {
        execution.EnsureInTurn();
        execution.SetCustomStatus(Payload.Serialize(status));
    }

    public void ContinueAsNew<TIn>(TIn input)
    {
        execution.EnsureInTurn();
        execution.ContinueAsNew(Payload.Serialize(input));
    }

    public ILogger CreateReplaySafeLogger(string category) =>
        new ReplaySafeLogger(loggers.CreateLogger(category), execution);

    private static DateTime Utc(DateTime time) =>
        time.Kind switch
        {
            DateTimeKind.Utc => time,
            DateTimeKind.Local => time.ToUniversalTime(),
            _ => DateTime.SpecifyKind(time, DateTimeKind.Utc),
        };

    private sealed class ReplaySafeLogger(ILogger inner, WorkflowExecution execution) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => !execution.IsReplaying && inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (!execution.IsReplaying)
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
