namespace SelfDev.Core.Serving.Model;

/// <summary>One request as every reader hands it on. Reused for the next one: whoever keeps something copies
/// it.</summary>
internal sealed class ServedRequest
{
    private readonly Dictionary<UInt128, int> _callsById = [];
    private byte[] _text = new byte[64 * 1024];

    public int File { get; set; }

    public string FileName { get; set; } = "";

    public long Line { get; set; }

    public long Offset { get; set; }

    /// <value>Number of the request in the artifact, from 1.</value>
    public long Number { get; set; }

    /// <value>Seconds since 1970; NaN where the log has no time.</value>
    public double Time { get; set; }

    public string? Session { get; set; }

    public string? Parent { get; set; }

    public string? Id { get; set; }

    public string? Tenant { get; set; }

    public string? Backend { get; set; }

    /// <value>What the caller sent to steer the routing (<c>prompt_cache_key</c>) or to keep caches apart
    /// (<c>cache_salt</c>).</value>
    public string? CacheKey { get; set; }

    /// <value>Model as asked for.</value>
    public string? Model { get; set; }

    /// <value>Model as answered: at a gateway it names the deployment that served the request.</value>
    public string? ServedModel { get; set; }

    public UsageFields UsageFields;

    public double? Cost { get; set; }

    public double? TimeToFirstToken { get; set; }

    public List<PromptComponent> Components { get; } = [];

    /// <value>Hashes of the ids of all tool calls in the prompt, in order, with the component that makes them.</value>
    public List<(UInt128 Id, int Component)> ToolCalls { get; } = [];

    /// <summary>Where in the prompt the call with an id stands; null where there is none.</summary>
    public int? CallOf(UInt128 id)
    {
        if (_callsById.Count == 0)
        {
            foreach (var (call, component) in ToolCalls)
            {
                _callsById.TryAdd(call, component);
            }
        }

        return _callsById.TryGetValue(id, out var place) ? place : null;
    }

    /// <value>The reply as a message; its text follows the prompt's in the buffer. Null where the log has none.</value>
    public PromptComponent? Reply { get; set; }

    /// <value>Strings that are no text: lone surrogates, malformed UTF-8.</value>
    public int BrokenStrings { get; set; }

    public int TextLength { get; private set; }

    public ReadOnlySpan<byte> TextOf(in PromptComponent component) => _text.AsSpan(component.Start, component.Length);

    public ReadOnlySpan<byte> Text => _text.AsSpan(0, TextLength);

    public void Clear()
    {
        (TextLength, BrokenStrings) = (0, 0);
        (Session, Parent, Id, Tenant, Backend, CacheKey, Model, ServedModel) = (
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null
        );
        (Time, Cost, TimeToFirstToken, Reply) = (double.NaN, null, null, null);
        UsageFields = default;
        Components.Clear();
        ToolCalls.Clear();
        _callsById.Clear();
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        TextLength += bytes.Length;
    }

    public void Append(byte value)
    {
        Room(1)[0] = value;
        TextLength++;
    }

    /// <summary>Room for so many bytes after the text; <see cref="Advance"/> keeps what was written there.</summary>
    public Span<byte> Room(int bytes)
    {
        if (_text.Length - TextLength < bytes)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, TextLength + bytes));
        }

        return _text.AsSpan(TextLength);
    }

    public void Advance(int bytes) => TextLength += bytes;

    public void Cut(int length) => TextLength = length;
}
