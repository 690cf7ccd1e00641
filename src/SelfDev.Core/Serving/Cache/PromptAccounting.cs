using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Cache;

/// <summary>Compares each prompt with every earlier one and books its tokens.</summary>
internal sealed class PromptAccounting(
    ServingOptions options,
    ProviderRules rules,
    PromptHistory history,
    CapacityCurve curve
)
{
    /// <summary>Bytes of text a token stands for where nobody counted (OpenAI, "What are tokens and how to count them":
    /// four characters of English).</summary>
    private const int BytesAToken = 4;

    /// <summary>Components before a cache mark that Anthropic looks back over ("20 blocks").</summary>
    private const int LookBack = 20;

    private readonly CacheScopes _scopes = new(options, rules);
    private readonly PrefixIndex _index = new();
    private readonly TokenPlaces _places = new();
    private readonly HashSet<string> _marking = new(StringComparer.Ordinal);
    private readonly int _blockTokens = options.BlockTokens ?? 16;
    private UInt128[] _chain = new UInt128[64];
    private PrefixNode?[] _nodes = new PrefixNode?[64];

    public AccountedRequest Take(ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var served = request.ServedModel ?? request.Model ?? "unknown";
        var (model, root, rule) = _scopes.ModelOf(served);
        var backend = _scopes.NamedBackend(request.Backend ?? served);
        var scope = _scopes.Of(backend, request.CacheKey);
        var (usage, fault) = request.UsageFields.Normalise();
        var prompt = fault == UsageFault.None ? usage.Prompt : EstimateTokens(components);

        var known = FollowChain(components, root);
        _places.Place(components, _nodes, prompt);
        if (fault == UsageFault.None && rule.Breakpoints)
        {
            LearnPlace(components, usage);
        }

        var session = history.SessionOf(request);
        var predecessor = history.Predecessor(session, request, out var common);
        var continues = predecessor is not null && Continuation.Is(predecessor, common, request);
        var reference =
            continues ? predecessor
            : known < PromptLikeness.StableCount(components) ? history.Relative(request, model)
            : null;
        var shared = continues ? common : reference?.CommonWith(request) ?? 0;

        var marks = MarksOf(components, model);
        var (expected, part) = Expect(
            components,
            request,
            model,
            prompt,
            continues ? predecessor : null,
            reference,
            shared,
            known
        );
        var partial =
            known < components.Length
            && reference is not null
            && reference.Model == model
            && SharesPart(components, shared, known)
            && !(rule.Breakpoints && _marking.Contains(model))
                ? CommonTokens(reference, request, known)
                : 0;
        var reach = Reach(components, scope, request.Time, rule, marks, known, expected, partial, reference);
        Booking? booking =
            fault == UsageFault.None && components.Length > 0 ? Booking.Of(usage, reach, rule, part) : null;
        if (fault == UsageFault.None && components.Length == 0)
        {
            booking = WithoutPrompt(usage);
        }

        Simulate(components, prompt);
        Remember(components, scope, request.Time, marks, usage, fault == UsageFault.None);
        var family = reference is { } like && like.Family != 0 ? like.Family : FamilyOf(components, root);
        return new AccountedRequest(
            booking,
            fault,
            continues ? predecessor : reference,
            shared,
            known,
            continues,
            session,
            family,
            model,
            backend,
            rule
        );
    }

    /// <summary>Keeps the prompt as the one that its conversation's next is compared with.</summary>
    public void Keep(ServedRequest request, in AccountedRequest accounted)
    {
        if (request.Components.Count == 0)
        {
            return;
        }

        var kept = history.Keep(accounted.Session, request, accounted.IsContinuation ? accounted.Predecessor : null);
        kept.PromptTokens = accounted.Booking?.Prompt ?? EstimateTokens(CollectionsMarshal.AsSpan(request.Components));
        kept.Model = accounted.Model;
        kept.Scope = _scopes.Of(accounted.Backend, request.CacheKey);
        (kept.File, kept.FileName, kept.Line, kept.Offset, kept.Number, kept.Time) = (
            request.File,
            request.FileName,
            request.Line,
            request.Offset,
            request.Number,
            request.Time
        );
        kept.Family = accounted.Family;
        if (!accounted.IsContinuation)
        {
            history.Represent(kept);
        }
    }

    /// <summary>A log of usage alone does not say what was first seen: only what the provider's rules forbid is
    /// known.</summary>
    private static Booking WithoutPrompt(TokenUsage usage)
    {
        var causes = default(CauseTokens);
        causes[(int)MissCause.Unexplained] = usage.Prompt - usage.Cached;
        return new Booking(usage.Prompt, usage.Cached, usage.Cached, causes, 0, DivergedPart.None);
    }

    /// <returns>Components of the beginning that are known to any backend.</returns>
    private int FollowChain(ReadOnlySpan<PromptComponent> components, UInt128 root)
    {
        if (_chain.Length < components.Length)
        {
            _chain = new UInt128[components.Length * 2];
            _nodes = new PrefixNode?[components.Length * 2];
        }

        var known = components.Length;
        var chain = root;
        for (var i = 0; i < components.Length; i++)
        {
            chain = Fingerprint.Mix(chain, components[i].Hash);
            _chain[i] = chain;
            _nodes[i] = i <= known ? _index.Find(chain) : null;
            if (_nodes[i] is null && known > i)
            {
                known = i;
            }
        }

        return known;
    }

    /// <summary>
    /// With marks, a cache returns exactly what ends at one of them: that place is then known to the token. Anthropic's
    /// own counts tell where the last mark is as well (read and written together).
    /// </summary>
    private void LearnPlace(ReadOnlySpan<PromptComponent> components, TokenUsage usage)
    {
        var last = -1;
        for (var i = 0; i < components.Length; i++)
        {
            last = components[i].Marked ? i : last;
        }

        if (last < 0 || usage.Cached == 0)
        {
            return;
        }

        var best = -1;
        for (var i = 0; i < components.Length - 1; i++)
        {
            if (
                (components[i].Marked || _nodes[i] is { IsExact: true })
                && !(i == last && usage.Written > 0)
                && (best < 0 || Math.Abs(_places.Ends[i] - usage.Cached) < Math.Abs(_places.Ends[best] - usage.Cached))
            )
            {
                best = i;
            }
        }

        if (best >= 0 && _nodes[best] is not { IsExact: true })
        {
            _nodes[best] ??= _index.Add(_chain[best]);
            _nodes[best]!.Tokens = usage.Cached;
            _nodes[best]!.IsExact = true;
            _places.Place(components, _nodes, usage.Prompt);
        }
    }

    /// <summary>How far the prompt would be known had nothing before changed, and which part did change.</summary>
    private (long Tokens, DivergedPart Part) Expect(
        ReadOnlySpan<PromptComponent> components,
        ServedRequest request,
        string model,
        long prompt,
        PastPrompt? predecessor,
        PastPrompt? relative,
        int shared,
        int known
    )
    {
        if (predecessor is not null)
        {
            if (predecessor.Model != model && shared > known)
            {
                return (_places.Through(shared), DivergedPart.Model);
            }

            if (shared == predecessor.Count || shared == components.Length)
            {
                return (0, DivergedPart.None);
            }

            return (
                Math.Min(
                    Math.Min(prompt, predecessor.PromptTokens),
                    _places.Through(Continuation.EndOfOld(components, predecessor, shared))
                ),
                Continuation.ChangedPart(components[shared], predecessor.Parts[shared])
            );
        }

        var stable = PromptLikeness.StableCount(components);
        return relative is not null && shared < stable && shared < relative.Count
            ? (_places.Through(stable), Continuation.ChangedPart(components[shared], relative.Parts[shared]))
            : (0, DivergedPart.None);
    }

    /// <summary>Whether the first unknown component is where the prompt left its counterpart. The open end of a
    /// rendered prompt counts as common, though its piece is new.</summary>
    private static bool SharesPart(ReadOnlySpan<PromptComponent> components, int shared, int known) =>
        shared == known || (shared == known + 1 && components[known].Kind == ComponentKind.Rendered);

    /// <summary>Tokens that the first unknown component shares with its counterpart: caches work on tokens, not on
    /// messages.</summary>
    private long CommonTokens(PastPrompt reference, ServedRequest request, int at)
    {
        var component = request.Components[at];
        if (at >= reference.Count || component.Length == 0)
        {
            return 0;
        }

        ref readonly var other = ref reference.Parts[at];
        if (other.Kind != component.Kind || other.Role != component.Role)
        {
            return 0;
        }

        var common = request.TextOf(component).CommonPrefixLength(reference.TextOf(other));
        var tokens = _places.Through(at + 1) - _places.Through(at);
        return (long)(tokens * ((double)common / component.Length));
    }

    private PrefixReach Reach(
        ReadOnlySpan<PromptComponent> components,
        int scope,
        double now,
        ProviderRule rule,
        (int First, int Last) marks,
        int known,
        long expected,
        long partial,
        PastPrompt? reference
    )
    {
        var ttl = options.TtlSeconds ?? rule.TtlSeconds ?? double.PositiveInfinity;
        var (here, kept, live) = (0, 0, 0);
        for (var i = 0; i < known && _nodes[i]!.Sight(scope) is { } sight; i++)
        {
            here = i + 1;
            if (
                sight.IsKept
                && (!rule.Breakpoints || marks.Last < 0 || (i <= marks.Last && i >= marks.First - LookBack))
            )
            {
                kept = here;
                // A clock that runs backwards makes no entry old.
                live = double.IsNaN(now) || double.IsNaN(sight.Time) || now - sight.Time <= ttl ? here : live;
            }
        }

        var knownTokens = _places.Through(known) + partial;
        if (partial == 0 || reference!.Scope != scope || here < known)
        {
            return new PrefixReach(
                Math.Max(expected, knownTokens),
                knownTokens,
                _places.Through(here),
                _places.Through(kept),
                _places.Through(live)
            );
        }

        var isLive = double.IsNaN(now) || double.IsNaN(reference.Time) || now - reference.Time <= ttl;
        return new PrefixReach(
            Math.Max(expected, knownTokens),
            knownTokens,
            knownTokens,
            knownTokens,
            isLive ? knownTokens : _places.Through(live)
        );
    }

    /// <summary>First and last cache mark; -1 and -1 where the log shows none for the model at all, so that nothing can
    /// be said about them.</summary>
    private (int First, int Last) MarksOf(ReadOnlySpan<PromptComponent> components, string model)
    {
        var (first, last) = (-1, -1);
        for (var i = 0; i < components.Length; i++)
        {
            if (components[i].Marked)
            {
                (first, last) = (first < 0 ? i : first, i);
            }
        }

        if (last >= 0)
        {
            _marking.Add(model);
        }

        return last >= 0 || !_marking.Contains(model) ? (first, last) : (0, 0);
    }

    private void Simulate(ReadOnlySpan<PromptComponent> components, long prompt)
    {
        curve.BeginRequest();
        var left = prompt;
        for (var i = 0; i < components.Length; i++)
        {
            var blocks = (int)
                Math.Min(int.MaxValue, (_places.Through(i + 1) / _blockTokens) - (_places.Through(i) / _blockTokens));
            var node = _nodes[i];
            if (node is { Item: >= 0 })
            {
                left -= (long)node.Blocks * _blockTokens;
                curve.Touch(node.Item, node.Blocks, (long)node.Blocks * _blockTokens);
            }
            else if (blocks > 0 && left >= (long)blocks * _blockTokens)
            {
                node = _nodes[i] ??= _index.Add(_chain[i]);
                node.Blocks = blocks;
                left -= (long)blocks * _blockTokens;
                node.Item = curve.Insert(blocks, (long)blocks * _blockTokens);
            }
        }

        curve.AddUncachable(left);
    }

    private void Remember(
        ReadOnlySpan<PromptComponent> components,
        int scope,
        double now,
        (int First, int Last) marks,
        TokenUsage usage,
        bool isCounted
    )
    {
        for (var i = 0; i < components.Length; i++)
        {
            var node = _nodes[i] ??= _index.Add(_chain[i]);
            if (!node.IsExact)
            {
                node.Tokens = _places.Through(i + 1);
            }

            if (i == components.Length - 1 && isCounted)
            {
                // What was read and written ends at the mark; the few tokens after it open the reply and are no part of
                // the next prompt's beginning.
                var toMark = usage.Written > 0 && components[i].Marked;
                (node.Tokens, node.IsExact) = (toMark ? usage.Cached + usage.Written : usage.Prompt, true);
            }

            node.See(scope, now, marks.Last < 0 || components[i].Marked);
        }
    }

    private static UInt128 FamilyOf(ReadOnlySpan<PromptComponent> components, UInt128 root)
    {
        var family = root;
        foreach (ref readonly var component in components[..PromptLikeness.StableCount(components)])
        {
            family = Fingerprint.Mix(family, component.Hash);
        }

        return family;
    }

    private static long EstimateTokens(ReadOnlySpan<PromptComponent> components)
    {
        long size = 0;
        foreach (ref readonly var component in components)
        {
            size += component.Size;
        }

        return size / BytesAToken;
    }
}
