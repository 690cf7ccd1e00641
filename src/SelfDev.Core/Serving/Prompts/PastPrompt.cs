using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

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

    public RequestPlace Place => new(File, FileName, Line, Offset, Number, Time);

    /// <value>Prefix family of the prompt.</value>
    public UInt128 Family { get; set; }

    /// <value>The reply to it, where the log has it; 0 otherwise.</value>
    public UInt128 ReplyHash { get; private set; }

    /// <value>What a later prompt of the same conversation is recognised by where its beginning changed; 0
    /// without.</value>
    public UInt128 Tail { get; set; }

    public LinkedListNode<PastPrompt>? Age { get; set; }

    public long Bytes => _text.Length + (Components.Length * 120L);

    public ReadOnlySpan<PromptComponent> Parts => Components.AsSpan(0, Count);

    public ReadOnlySpan<byte> TextOf(in PromptComponent component) => _text.AsSpan(component.Start, component.Length);

    /// <summary>Text of a rendered prompt from its beginning to a piece of it.</summary>
    public ReadOnlySpan<byte> TextBefore(int at)
    {
        var first = at;
        while (first > 0 && Components[first - 1].Kind == ComponentKind.Rendered)
        {
            first--;
        }

        return _text.AsSpan(Components[first].Start..Components[at].Start);
    }

    /// <summary>Text from a piece to the prompt's end.</summary>
    public ReadOnlySpan<byte> TextFrom(int at) =>
        _text.AsSpan(Components[at].Start..(Components[Count - 1].Start + Components[Count - 1].Length));

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
        ReplyHash = request.Reply is { Length: > 0 } reply
            ? PromptReader.HashOf(request.TextOf(reply), reply with { Role = MessageRole.Assistant })
            : 0;
    }

    /// <summary>Components that both prompts begin with.</summary>
    public int CommonWith(ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var text = request.Text;
        var common = 0;
        while (common < Count && common < components.Length && Components[common].Hash == components[common].Hash)
        {
            common++;
        }

        // The end of a rendered prompt opens the reply, which then follows in the same piece.
        if (
            common == Count - 1
            && common < components.Length
            && Components[common].Kind == ComponentKind.Rendered
            && text.Slice(components[common].Start, components[common].Length).StartsWith(TextOf(Components[common]))
        )
        {
            common++;
        }

        return common;
    }
}
