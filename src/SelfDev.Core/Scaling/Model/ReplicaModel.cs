namespace SelfDev.Core.Scaling.Model;

/// <summary>
/// What one replica can do: the time of one engine step by what is in its batch, and how much fits into the batch. The
/// step is that of continuous batching with chunked prefill (Agrawal et al., Sarathi-Serve, OSDI 2024; the default of
/// vLLM V1): each step gives every running sequence one token and takes up to a chunk of waiting prompt tokens. Its
/// time is linear in the batch, as in llm-d's workload-variant autoscaler (ITL = alpha + beta * batch), with the
/// context read by attention added.
/// </summary>
public sealed record ReplicaModel
{
    /// <value>Seconds of a step whatever is in it (reading the weights), 0 and up.</value>
    public required double StepSeconds { get; init; }

    /// <value>Seconds that each running sequence adds, 0 and up.</value>
    public required double SequenceSeconds { get; init; }

    /// <value>Seconds that each token of context of the running sequences adds, 0 and up.</value>
    public double ContextTokenSeconds { get; init; }

    /// <value>Seconds that each prompt token adds while it is prefilled, 0 and up.</value>
    public required double PrefillTokenSeconds { get; init; }

    /// <value>Sequences at once, 1 to 4096.</value>
    public required int BatchLimit { get; init; }

    /// <value>Tokens of prompt and answer that the key-value cache holds, at least 1; a longer request gets the cache
    /// for itself.</value>
    public long CacheTokens { get; init; } = long.MaxValue;

    /// <value>Prompt tokens of one step, at least 1. Default 2048 as vLLM's <c>max_num_batched_tokens</c>.</value>
    public int PrefillChunkTokens { get; init; } = 2048;

    /// <value>GPUs of one replica, at least 1.</value>
    public int Gpus { get; init; } = 1;

    /// <summary>Seconds of a step with <paramref name="sequences"/> running over <paramref name="contextTokens"/>
    /// tokens and <paramref name="prefillTokens"/> of prompts.</summary>
    public double StepTime(int sequences, double contextTokens, double prefillTokens) =>
        StepSeconds
        + (SequenceSeconds * sequences)
        + (ContextTokenSeconds * contextTokens)
        + (PrefillTokenSeconds * prefillTokens);

    /// <summary>
    /// Seconds of a replica's time that a request takes beside what all share: the measure of demand. A fleet with less
    /// of it a second than replicas is overloaded whatever it does.
    /// </summary>
    public double WorkSeconds(double prefillTokens, double outputTokens) =>
        (PrefillTokenSeconds * prefillTokens)
        + (
            Math.Max(0, outputTokens - 1)
            * (SequenceSeconds + (ContextTokenSeconds * (prefillTokens + (outputTokens / 2))))
        );
}
