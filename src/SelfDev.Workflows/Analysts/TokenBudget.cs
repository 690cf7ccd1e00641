namespace SelfDev.Workflows.Analysts;

/// <summary>
/// Tokens that each run may spend on models. A call reserves the most it can cost before it is made and settles what it
/// did cost afterwards, so that any number of concurrent calls together never pass the limit.
/// </summary>
/// <remarks>
/// Held in memory: one instance counts for one process, from its start. Where several processes work on one run, or one
/// is restarted in the middle, each of them spends up to the limit; set it to the total divided by the hosts. What a
/// run has really spent stands in its ledger entries. Of runs at rest only the <see cref="RememberedRuns"/> latest are
/// remembered.
/// </remarks>
public sealed class TokenBudget(long tokensPerRun)
{
    public const int RememberedRuns = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly Queue<string> _oldest = new();

    /// <value>Input and output tokens together.</value>
    public long TokensPerRun { get; } =
        tokensPerRun >= 0
            ? tokensPerRun
            : throw new ArgumentOutOfRangeException(
                nameof(tokensPerRun),
                tokensPerRun,
                "Tokens per run are 0 or more."
            );

    /// <summary>Sets tokens aside, or refuses.</summary>
    /// <param name="worstCase">The most that the call can cost.</param>
    /// <returns>Null where spent and reserved tokens leave less than <paramref name="worstCase"/>: then do not
    /// call.</returns>
    public TokenReservation? TryReserve(string runId, long worstCase)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(worstCase);
        lock (_gate)
        {
            var account = Open(runId);
            if (worstCase > TokensPerRun - account.Spent - account.Reserved)
            {
                return null;
            }

            account.Reserved += worstCase;
            return new TokenReservation(this, runId, worstCase);
        }
    }

    /// <summary>Tokens spent by the run so far.</summary>
    public long Spent(string runId)
    {
        lock (_gate)
        {
            return _accounts.GetValueOrDefault(runId)?.Spent ?? 0;
        }
    }

    internal void Settle(string runId, long reserved, long spent)
    {
        lock (_gate)
        {
            var account = _accounts[runId];
            account.Reserved -= reserved;
            account.Spent += spent;
        }
    }

    private Account Open(string runId)
    {
        if (_accounts.TryGetValue(runId, out var known))
        {
            return known;
        }

        // An account with a call under way goes to the back of the queue, never away.
        for (var looked = 0; _accounts.Count >= RememberedRuns && looked < _accounts.Count; looked++)
        {
            var oldest = _oldest.Dequeue();
            if (_accounts[oldest].Reserved == 0)
            {
                _accounts.Remove(oldest);
                break;
            }

            _oldest.Enqueue(oldest);
        }

        _oldest.Enqueue(runId);
        return _accounts[runId] = new Account();
    }

    private sealed class Account
    {
        public long Spent { get; set; }

        public long Reserved { get; set; }
    }
}

/// <summary>Tokens set aside for one call. Disposed unsettled it counts as spent in full: nobody knows what a lost call
/// cost.</summary>
public sealed class TokenReservation : IDisposable
{
    private readonly TokenBudget _budget;
    private readonly string _runId;
    private readonly long _reserved;
    private int _settled;

    internal TokenReservation(TokenBudget budget, string runId, long reserved)
    {
        _budget = budget;
        _runId = runId;
        _reserved = reserved;
    }

    /// <summary>Gives back what was not spent. Only the first call counts.</summary>
    public void Settle(long spent)
    {
        if (Interlocked.Exchange(ref _settled, 1) == 0)
        {
            _budget.Settle(_runId, _reserved, spent);
        }
    }

    public void Dispose() => Settle(_reserved);
}
