namespace SelfDev.Azure.Analysts;

/// <summary>Which model explains, and how much it may cost and take.</summary>
public sealed record LanguageModelOptions
{
    /// <value>
    /// The server's base address, e.g. <c>https://{resource}.openai.azure.com/openai/v1/</c>, or any server that speaks
    /// the same protocol. HTTPS; plain HTTP on a loopback address only.
    /// </value>
    public required Uri Endpoint { get; init; }

    /// <value>Name of the model; on Azure the name of the deployment.</value>
    public required string Model { get; init; }

    /// <value>Key of the server; null where a token credential is given to <see cref="LanguageModelAnalyst"/>.</value>
    public string? Key { get; init; }

    /// <value>Scope of the token. Default: that of Azure OpenAI's v1 endpoint.</value>
    public string TokenScope { get; init; } = "https://ai.azure.com/.default";

    /// <value>Tokens of one answer, its reasoning included, 64 to 100,000. Default 2,000.</value>
    public int MaxOutputTokens { get; init; } = 2_000;

    /// <value>Input and output tokens of one run, in this process (see <c>TokenBudget</c>); 0 makes no call. Default
    /// 300,000.</value>
    public long TokensPerRun { get; init; } = 300_000;

    /// <value>For one attempt, its last byte included, 1 s to 10 min. Default 60 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <value>Calls under way at once, over all runs, 1 to 64. Default 4.</value>
    public int MaxConcurrency { get; init; } = 4;

    /// <value>Attempts after the first where the server is busy or failing, 0 to 10. Default 3.</value>
    public int MaxRetries { get; init; } = 3;

    /// <value>Before the first retry; doubles, with jitter. Default 1 s. A longer Retry-After is obeyed.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>A server that asks to wait longer gets no retry: the report does not wait for it. Default 30 s.</value>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <value>How long no call is made after half of at least <see cref="BreakerThroughput"/> attempts within <see
    /// cref="BreakerWindow"/> failed. 0.5 s to a day. Default 30 s.</value>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <value>Attempts within <see cref="BreakerWindow"/> before the breaker judges, 2 or more. Default 6.</value>
    public int BreakerThroughput { get; init; } = 6;

    /// <value>What the breaker looks back on: two time-outs of an attempt, at least 30 s.</value>
    public TimeSpan BreakerWindow => Timeout * 2 > TimeSpan.FromSeconds(30) ? Timeout * 2 : TimeSpan.FromSeconds(30);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (
            !Endpoint.IsAbsoluteUri
            || (Endpoint.Scheme != Uri.UriSchemeHttps && !(Endpoint.Scheme == Uri.UriSchemeHttp && Endpoint.IsLoopback))
        )
        {
            throw new ArgumentException(
                "The model's endpoint must be an https:// address (http:// on a loopback address only)."
            );
        }

        ArgumentException.ThrowIfNullOrWhiteSpace(Model);
        Require(MaxOutputTokens is >= 64 and <= 100_000, nameof(MaxOutputTokens), "64 to 100,000");
        Require(TokensPerRun >= 0, nameof(TokensPerRun), "0 or more");
        Require(
            Timeout >= TimeSpan.FromSeconds(1) && Timeout <= TimeSpan.FromMinutes(10),
            nameof(Timeout),
            "1 s to 10 min"
        );
        Require(MaxConcurrency is >= 1 and <= 64, nameof(MaxConcurrency), "1 to 64");
        Require(MaxRetries is >= 0 and <= 10, nameof(MaxRetries), "0 to 10");
        Require(RetryDelay >= TimeSpan.Zero && RetryDelay <= MaxRetryDelay, nameof(RetryDelay), "0 to MaxRetryDelay");
        Require(
            BreakDuration >= TimeSpan.FromMilliseconds(500) && BreakDuration <= TimeSpan.FromDays(1),
            nameof(BreakDuration),
            "0.5 s to a day"
        );
        Require(BreakerThroughput >= 2, nameof(BreakerThroughput), "2 or more");
    }

    /// <summary>Keeps the key out of logs.</summary>
    public override string ToString() => $"{Model} at {Endpoint}";

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} is {range}.");
        }
    }
}
