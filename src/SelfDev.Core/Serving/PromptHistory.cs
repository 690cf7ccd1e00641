using System.Runtime.InteropServices;
using System.Text;

namespace SelfDev.Core.Serving;

/// <summary>The last prompt of one line of conversation: what the next one is expected to begin with.</summary>
internal sealed class PastPrompt
{
    private byte[] _text = [];

    public UInt128 Session { get; set; }

    public PromptComponent[] Components { get; private set; } = [];

    public int Count { get; private set; }

    public int TextLength { get; private set; }

    public long PromptTokens { get; set; }

    public string Model { get; set; } = "";

    public int Scope { get; set; }

    public int File { get; set; }

    public string FileName { get; set; } = "";

    public long Line { get; set; }

    public long Offset { get; set; }

    public long Number { get; set; }

    public double Time { get; set; }

    /// <value>Prefix family of the prompt.</value>
    public UInt128 Family { get; set; }

    public LinkedListNode<PastPrompt>? Age { get; set; }

    public long Bytes => _text.Length + (Components.Length * 120L);

    public ReadOnlySpan<PromptComponent> Parts => Components.AsSpan(0, Count);

    public ReadOnlySpan<byte> TextOf(in PromptComponent component) => _text.AsSpan(component.Start, component.Length);

    /// <summary>Takes the request's prompt over; what both have in common is not copied again.</summary>
    public void Take(ServedRequest request)
    {
        var length = 0;
        foreach (ref readonly var component in CollectionsMarshal.AsSpan(request.Components))
        {
            length = Math.Max(length, component.Start + component.Length);
        }

        if (_text.Length < length)
        {
            // Some room to grow, as conversations do.
            _text = new byte[length + (length >> 2)];
        }

        request.Text[..length].CopyTo(_text);
        TextLength = length;
        Count = request.Components.Count;
        if (Components.Length < Count)
        {
            Components = new PromptComponent[Count + (Count >> 2) + 1];
        }

        CollectionsMarshal.AsSpan(request.Components).CopyTo(Components);
    }

    /// <summary>Components that both prompts begin with.</summary>
    public int CommonWith(ReadOnlySpan<PromptComponent> components)
    {
        var common = 0;
        while (common < Count && common < components.Length && Components[common].Hash == components[common].Hash)
        {
            common++;
        }

        return common;
    }
}

/// <summary>
/// The last prompts of all conversations, in bounded memory: the least recently used are forgotten first. A conversation is named by the log, else by its first message; where one
/// has several lines (side tasks, retries) the one that shares the longest beginning is the predecessor.
/// </summary>
internal sealed class PromptHistory(long maxBytes)
{
    private const int LinesPerSession = 4;
    private const int Representatives = 8;

    private readonly Dictionary<UInt128, List<PastPrompt>> _sessions = [];
    private readonly LinkedList<PastPrompt> _byAge = new();
    private readonly List<PastPrompt> _families = [];
    private readonly Dictionary<string, UInt128> _sessionHashes = new(StringComparer.Ordinal);
    private long _bytes;

    /// <value>Conversations whose last prompt had to be forgotten.</value>
    public long Forgotten { get; private set; }

    public UInt128 SessionOf(ServedRequest request)
    {
        if (request.Session is { } name)
        {
            if (!_sessionHashes.TryGetValue(name, out var hash))
            {
                hash = PromptReader.Sha(Encoding.UTF8.GetBytes(name));
                if (_sessionHashes.Count > 100_000)
                {
                    _sessionHashes.Clear();
                }

                _sessionHashes.Add(name, hash);
            }

            return hash;
        }

        foreach (ref readonly var component in CollectionsMarshal.AsSpan(request.Components))
        {
            if (component.Kind is ComponentKind.Message or ComponentKind.Rendered)
            {
                return component.Hash;
            }
        }

        return request.Components.Count > 0 ? request.Components[^1].Hash : 0;
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
            var shared = line.CommonWith(CollectionsMarshal.AsSpan(request.Components));
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
            if (candidate.Model == model && PromptLikeness.SameStart(candidate, request) && (best is null || candidate.Number > best.Number))
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
        if (lines.Count == 0)
        {
            _sessions.Remove(prompt.Session);
        }
    }
}
