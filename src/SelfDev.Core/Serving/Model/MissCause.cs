using System.Runtime.CompilerServices;

namespace SelfDev.Core.Serving.Model;

/// <summary>Why a prompt token was not served from cache. Every missed token has exactly one cause: the first that
/// applies, in this order.</summary>
public enum MissCause
{
    /// <summary>No earlier prompt began like this: no cache could have had it.</summary>
    Compulsory,

    /// <summary>It would have been known, had the prompt gone on as its predecessor did: a component before it
    /// changed.</summary>
    Divergence,

    /// <summary>Known, but to another backend, or under another cache key.</summary>
    Routing,

    /// <summary>Known to this backend, but unused for longer than it keeps entries.</summary>
    Expiry,

    /// <summary>The known prefix is shorter than what the provider caches at all.</summary>
    BelowMinimum,

    /// <summary>Behind the last whole block or step, or the last token, which engines always compute.</summary>
    Rounding,

    /// <summary>Known, kept without a time limit, and yet gone: pushed out by other prompts.</summary>
    Eviction,

    /// <summary>Nothing in the log explains it.</summary>
    Unexplained,
}

/// <summary>What changed where a prompt left its predecessor.</summary>
public enum DivergedPart
{
    None,
    Model,
    Tools,
    System,
    Message,

    /// <summary>The prompt is the same, but no cache mark stands where the cache was told to keep it before.</summary>
    CacheMark,
}

/// <summary>Tokens by cause.</summary>
[InlineArray(8)]
internal struct CauseTokens
{
    private long _first;

    public readonly long Sum
    {
        get
        {
            long sum = 0;
            foreach (var tokens in this)
            {
                sum += tokens;
            }

            return sum;
        }
    }
}

/// <summary>One request, booked.</summary>
/// <param name="Unmarked">Tokens of <see cref="MissCause.Divergence"/> that were lost to cache marks alone.</param>
/// <param name="Ceiling">Tokens that an infinite cache, shared by all backends, would have served.</param>
internal readonly record struct Booking(
    long Prompt,
    long Cached,
    long Ceiling,
    CauseTokens Causes,
    long Unmarked,
    DivergedPart Part
)
{
    /// <summary>
    /// Books the tokens of one prompt by their place: <c>[0, cached)</c> was served, and each bound that follows says
    /// how far a cache would have served under one more condition. The bounds are brought into falling order here, so
    /// the causes and the cached tokens always sum to the prompt.
    /// </summary>
    /// <param name="reach">Tokens by condition, all counted from the prompt's beginning.</param>
    public static Booking Of(TokenUsage usage, in PrefixReach reach, ProviderRule rule, DivergedPart part)
    {
        var (prompt, cached) = (usage.Prompt, usage.Cached);
        var expected = Math.Clamp(reach.Expected, cached, prompt);
        var known = Math.Clamp(reach.Known, cached, expected);
        var here = Math.Clamp(reach.KnownHere, cached, known);
        var kept = Math.Clamp(reach.Kept, cached, here);
        var live = Math.Clamp(reach.Live, cached, kept);
        var servable = Math.Clamp(rule.Servable(live, prompt), cached, live);

        var causes = default(CauseTokens);
        causes[(int)MissCause.Compulsory] = prompt - expected;
        causes[(int)MissCause.Divergence] = (expected - known) + (here - kept);
        causes[(int)MissCause.Routing] = known - here;
        causes[(int)MissCause.Expiry] = kept - live;
        causes[(int)(live < rule.MinimumTokens ? MissCause.BelowMinimum : MissCause.Rounding)] = live - servable;
        causes[(int)(rule.Evicts ? MissCause.Eviction : MissCause.Unexplained)] = servable - cached;
        return new Booking(
            prompt,
            cached,
            known,
            causes,
            here - kept,
            part is DivergedPart.None && here > kept ? DivergedPart.CacheMark : part
        );
    }
}

/// <summary>How far from its beginning a prompt is known, in tokens, under ever more conditions.</summary>
/// <param name="Expected">Had it gone on as its predecessor did.</param>
/// <param name="Known">To any backend.</param>
/// <param name="KnownHere">To the backend and cache key that served it.</param>
/// <param name="Kept">And told to keep it, and asked for it.</param>
/// <param name="Live">And used within the time it keeps entries.</param>
internal readonly record struct PrefixReach(long Expected, long Known, long KnownHere, long Kept, long Live);
