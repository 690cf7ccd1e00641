namespace SelfDev.Local.ArmSimulator;

/// <summary>What went over the wire, once. <c>Path</c> is without the query; <c>Status</c> is what ARM answered, also
/// where the answer was lost.</summary>
/// <param name="Fault">Name of the injected fault that touched it; null for none.</param>
public sealed record ArmRequestEntry(
    DateTimeOffset Time,
    string Method,
    string Path,
    string Query,
    string? IfMatch,
    int Status,
    string RequestId,
    string? Fault
);

/// <summary>Trouble to come, for tests and demos. Thread-safe; faults of one kind are used up in the order in which
/// they were asked for.</summary>
public sealed class ArmFaults
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];

    /// <summary>The next matching requests get 429 with that Retry-After (null: none, as has been seen) and change
    /// nothing.</summary>
    public void Throttle(int requests, TimeSpan? retryAfter, string? method = null) =>
        Add(new Fault(FaultKind.Throttle, requests) { Method = method, Duration = retryAfter });

    /// <summary>The next matching requests get that 5xx status and change nothing.</summary>
    public void ServerError(int requests, int status = 503, string? method = null) =>
        Add(new Fault(FaultKind.ServerError, requests) { Method = method, Number = status });

    /// <summary>The next matching requests are carried out, but the connection breaks before the answer.</summary>
    public void LoseResponse(int requests, string? method = null) =>
        Add(new Fault(FaultKind.LoseResponse, requests) { Method = method });

    /// <summary>The connection of the next matching requests breaks before anything is done.</summary>
    public void LoseRequest(int requests, string? method = null) =>
        Add(new Fault(FaultKind.LoseRequest, requests) { Method = method });

    /// <summary>Before each of the next writes to a scale set, somebody else changes its model, so that a conditional
    /// write gets 412.</summary>
    public void ChangeUnderway(int writes) => Add(new Fault(FaultKind.ChangeUnderway, writes));

    /// <summary>
    /// The next scale-outs get only that many of their new instances; the operation then fails with the code, plainly
    /// or, as deployments show it, among the details of a <c>ResourceOperationFailure</c>.
    /// </summary>
    public void FailAllocation(
        int operations = 1,
        int granted = 0,
        string code = "AllocationFailed",
        bool wrapped = false
    ) =>
        Add(
            new Fault(FaultKind.FailAllocation, operations)
            {
                Number = granted,
                Text = code,
                IsWrapped = wrapped,
            }
        );

    /// <summary>The next operations stay InProgress for ever, and so do their instances.</summary>
    public void NeverFinish(int operations = 1) => Add(new Fault(FaultKind.NeverFinish, operations));

    /// <summary>The next operations take that many times as long.</summary>
    public void Slow(int operations, int factor) => Add(new Fault(FaultKind.Slow, operations) { Number = factor });

    /// <summary>Links in the next answers (pages, operations) point to that origin, as a hostile or broken server's
    /// might.</summary>
    public void ForeignLinks(int requests, string origin, string? method = null) =>
        Add(new Fault(FaultKind.ForeignLinks, requests) { Method = method, Text = origin });

    /// <summary>Forgets all faults that have not struck yet.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _faults.Clear();
        }
    }

    internal Fault? Take(FaultKind kind, string? method = null)
    {
        lock (_gate)
        {
            var fault = _faults.Find(candidate =>
                candidate.Kind == kind
                && (
                    candidate.Method is null
                    || string.Equals(candidate.Method, method, StringComparison.OrdinalIgnoreCase)
                )
            );
            if (fault is not null && --fault.Remaining <= 0)
            {
                _faults.Remove(fault);
            }

            return fault;
        }
    }

    private void Add(Fault fault)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fault.Remaining);
        lock (_gate)
        {
            _faults.Add(fault);
        }
    }

    internal sealed class Fault(FaultKind kind, int remaining)
    {
        public FaultKind Kind { get; } = kind;

        public int Remaining { get; set; } = remaining;

        public string? Method { get; init; }

        public TimeSpan? Duration { get; init; }

        public int Number { get; init; }

        public string Text { get; init; } = "";

        public bool IsWrapped { get; init; }
    }

    internal enum FaultKind
    {
        Throttle,
        ServerError,
        LoseResponse,
        LoseRequest,
        ChangeUnderway,
        FailAllocation,
        NeverFinish,
        Slow,
        ForeignLinks,
    }
}
