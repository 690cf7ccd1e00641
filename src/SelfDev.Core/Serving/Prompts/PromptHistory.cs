using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>
/// The last prompts of all conversations, in bounded memory: the least recently used are forgotten first. A
/// conversation is named by the log, else by its first message, or where that changed by the last turn of its earlier
/// prompt; where one has several lines (side tasks, retries, forks) the one that shares the longest beginning is the
/// predecessor.
/// </summary>
internal sealed class PromptHistory(long maxBytes)
{
    private const int LinesPerSession = 4;
    private const int Representatives = 8;

    /// <summary>Last turns of a prompt that are tried for the end of an earlier one.</summary>
    private const int TailReach = 12;

    /// <summary>A shorter pair of turns ("Hello!", "Thanks") is said in many conversations.</summary>
    private const int TailBytes = 48;

    private readonly Dictionary<UInt128, List<PastPrompt>> _sessions = [];
    private readonly LinkedList<PastPrompt> _byAge = new();
    private readonly List<PastPrompt> _families = [];
    private readonly Dictionary<string, UInt128> _sessionHashes = new(StringComparer.Ordinal);
    private readonly Dictionary<UInt128, UInt128> _sessionsByTail = [];
    private long _bytes;

    /// <value>Conversations whose last prompt had to be forgotten.</value>
    public long Forgotten { get; private set; }

    public UInt128 SessionOf(ServedRequest request)
    {
        if (request.Session is { } name)
        {
            if (!_sessionHashes.TryGetValue(name, out var hash))
            {
                hash = Fingerprint.Of(Encoding.UTF8.GetBytes(name));
                if (_sessionHashes.Count > 100_000)
                {
                    _sessionHashes.Clear();
                }

                _sessionHashes.Add(name, hash);
            }

            return hash;
        }

        var components = CollectionsMarshal.AsSpan(request.Components);
        var first = 0;
        while (first < components.Length - 1 && components[first].IsStable)
        {
            first++;
        }

        var guessed = components.IsEmpty ? 0 : components[first].Hash;
        return _sessions.ContainsKey(guessed) ? guessed : ByTail(components) ?? guessed;
    }

    private UInt128? ByTail(ReadOnlySpan<PromptComponent> components)
    {
        for (var last = components.Length - 1; last > Math.Max(0, components.Length - TailReach); last--)
        {
            if (
                TailOf(components[..(last + 1)]) is var tail
                && tail != 0
                && _sessionsByTail.TryGetValue(tail, out var session)
            )
            {
                return session;
            }
        }

        return null;
    }

    /// <summary>The last two messages of a prompt, one of them the assistant's; 0 where they are too short to tell a
    /// conversation by.</summary>
    private static UInt128 TailOf(ReadOnlySpan<PromptComponent> components)
    {
        components = components.WithoutReply();
        if (
            components.Length < 2
            || components[^1].Kind < ComponentKind.Rendered
            || components[^2].Kind < ComponentKind.Rendered
        )
        {
            return 0;
        }

        ref readonly var before = ref components[^2];
        ref readonly var last = ref components[^1];
        return
            before.Role == MessageRole.Assistant
            && last.Role != MessageRole.Assistant
            && (long)before.Size + last.Size >= TailBytes
            ? Fingerprint.Mix(before.Hash, last.Hash)
            : 0;
    }

    /// <summary>The prompt that this one continues.</summary>
    /// <param name="common">Components that both begin with.</param>
    public PastPrompt? Predecessor(UInt128 session, ServedRequest request, out int common)
    {
        common = 0;
        PastPrompt? best = null;
        if (!_sessions.TryGetValue(session, out var lines))
        {
            return null;
        }

        foreach (var line in lines)
        {
            var shared = line.CommonWith(request);
            if (best is null || shared > common || (shared == common && line.Number > best.Number))
            {
                (best, common) = (line, shared);
            }
        }

        return best;
    }

    /// <summary>An earlier prompt, of any conversation, whose tools and system prompt are like this one's.</summary>
    public PastPrompt? Relative(ServedRequest request, string model)
    {
        PastPrompt? best = null;
        foreach (var candidate in _families)
        {
            if (
                candidate.Model == model
                && PromptLikeness.SameStart(candidate, request)
                && (best is null || candidate.Number > best.Number)
            )
            {
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>Keeps the request's prompt for the next one.</summary>
    /// <param name="predecessor">The one it continues and replaces; null where it begins a new line.</param>
    public PastPrompt Keep(UInt128 session, ServedRequest request, PastPrompt? predecessor)
    {
        var kept = predecessor;
        if (kept is null)
        {
            if (!_sessions.TryGetValue(session, out var lines))
            {
                _sessions.Add(session, lines = []);
            }

            if (lines.Count == LinesPerSession)
            {
                Drop(lines.MinBy(line => line.Number)!, lines);
            }

            kept = new PastPrompt { Session = session };
            kept.Age = _byAge.AddLast(kept);
            lines.Add(kept);
        }
        else
        {
            _bytes -= kept.Bytes;
            _byAge.Remove(kept.Age!);
            _byAge.AddLast(kept.Age!);
        }

        kept.Take(request);
        _sessionsByTail.Remove(kept.Tail);
        kept.Tail = request.Session is null ? TailOf(kept.Parts) : 0;
        if (kept.Tail != 0)
        {
            _sessionsByTail[kept.Tail] = session;
        }

        _bytes += kept.Bytes;
        while (_bytes > maxBytes && _byAge.Count > 1)
        {
            var oldest = _byAge.First!.Value;
            Drop(oldest, _sessions[oldest.Session]);
            Forgotten++;
        }

        return kept;
    }

    /// <summary>Keeps a prompt as the example of its prefix family.</summary>
    public void Represent(PastPrompt prompt)
    {
        _families.RemoveAll(known => known.Family == prompt.Family || known == prompt);
        if (_families.Count == Representatives)
        {
            _families.RemoveAt(0);
        }

        _families.Add(prompt);
    }

    private void Drop(PastPrompt prompt, List<PastPrompt> lines)
    {
        _bytes -= prompt.Bytes;
        _byAge.Remove(prompt.Age!);
        lines.Remove(prompt);
        _sessionsByTail.Remove(prompt.Tail);
        if (lines.Count == 0)
        {
            _sessions.Remove(prompt.Session);
        }
    }
}
