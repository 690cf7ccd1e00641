namespace SelfDev.Core.Serving.Model;

/// <summary>What a backend says about one request's tokens, whatever shape it says it in.</summary>
/// <param name="Prompt">All prompt tokens, cached ones included.</param>
/// <param name="Cached">Prompt tokens served from cache, 0 to <paramref name="Prompt"/>.</param>
/// <param name="Written">Prompt tokens newly written to the cache, where the backend bills that.</param>
/// <param name="Output">Tokens generated.</param>
/// <param name="ReportsCache">Whether the backend said anything about its cache; one without a cache says null or
/// nothing.</param>
public readonly record struct TokenUsage(long Prompt, long Cached, long Written, long Output, bool ReportsCache);

/// <summary>Why a usage record cannot be booked.</summary>
public enum UsageFault
{
    None,
    Missing,
    Negative,
}

/// <summary>
/// The usage fields of all shapes while one request is read. Who includes cached tokens in the prompt's: OpenAI (chat
/// and Responses), litellm, Gemini and DeepSeek do, Anthropic does not (<c>input_tokens</c> leaves out what was read
/// from and written to the cache).
/// </summary>
internal struct UsageFields
{
    public long? PromptTokens { get; set; }

    public long? InputTokens { get; set; }

    public long? OutputTokens { get; set; }

    public long? CachedTokens { get; set; }

    public long? CacheRead { get; set; }

    public long? CacheCreation { get; set; }

    public long? CacheWrite { get; set; }

    /// <value>DeepSeek's pair: what was hit and what was missed.</value>
    public long? CacheMiss { get; set; }

    public bool Any { get; set; }

    /// <returns>The usage where it can be booked; the fault otherwise.</returns>
    public readonly (TokenUsage Usage, UsageFault Fault) Normalise()
    {
        if ((PromptTokens ?? InputTokens) is not { } given)
        {
            return CachedTokens is { } hit && CacheMiss is { } miss && hit >= 0 && miss >= 0
                ? (new TokenUsage(hit + miss, hit, 0, OutputTokens ?? 0, true), UsageFault.None)
                : (default, UsageFault.Missing);
        }

        var cached = CachedTokens ?? CacheRead;
        var written = CacheCreation ?? CacheWrite ?? 0;
        if (
            given < 0
            || cached < 0
            || written < 0
            || OutputTokens < 0
            || given > MaxTokens
            || cached > MaxTokens
            || written > MaxTokens
        )
        {
            return (default, UsageFault.Negative);
        }

        // Anthropic's own shape, or a proxy that passed its counts on unchanged.
        var excludes =
            (PromptTokens is null && CachedTokens is null && (CacheRead is not null || CacheCreation is not null))
            || cached > given;
        var prompt = excludes ? given + (cached ?? 0) + (CacheCreation ?? 0) : given;
        return (
            new TokenUsage(
                prompt,
                cached ?? 0,
                Math.Min(written, prompt - (cached ?? 0)),
                OutputTokens ?? 0,
                cached is not null
            ),
            UsageFault.None
        );
    }

    /// <summary>A request beyond this is a broken counter, not a prompt.</summary>
    private const long MaxTokens = 1L << 32;
}
