namespace SelfDev.Core.Serving.Model;

/// <summary>What a piece of a prompt is, in the order in which providers render them.</summary>
internal enum ComponentKind : byte
{
    Tool,
    System,

    /// <summary>A piece of a prompt that was logged as it was rendered.</summary>
    Rendered,
    Message,
}

internal enum MessageRole : byte
{
    None,
    System,
    User,
    Assistant,
    Tool,
}

/// <summary>One piece of a prompt: a tool, a system prompt, a message.</summary>
internal struct PromptComponent
{
    public ComponentKind Kind;
    public MessageRole Role;

    /// <summary>0-based among the pieces of its kind, as the log orders them.</summary>
    public int Index;

    /// <summary>Place of its text in the prompt's buffer; a length of 0 where the log holds hashes only.</summary>
    public int Start;
    public int Length;

    /// <summary>Size by which tokens are apportioned: bytes of the text, or the characters that a log of hashes
    /// states.</summary>
    public int Size;

    /// <summary>Of role and text, cache marks left out.</summary>
    public UInt128 Hash;

    /// <summary>Whether a cache mark (<c>cache_control</c>) stands on it.</summary>
    public bool Marked;

    /// <summary>Hash of the tool call id that a tool result answers; 0 without.</summary>
    public UInt128 Answers;

    /// <summary>Tool calls in it.</summary>
    public int Calls;

    /// <summary>Whether any of them has an id.</summary>
    public bool HasCallIds;

    /// <summary>Tool calls whose arguments are no JSON.</summary>
    public int BrokenCalls;

    /// <summary>Hash of the tool calls without their ids; 0 without calls.</summary>
    public UInt128 CallsHash;

    /// <summary>Whether it is what every conversation of an application begins with: tools and system prompt.</summary>
    public readonly bool IsStable =>
        Kind is ComponentKind.Tool or ComponentKind.System
        || (Kind == ComponentKind.Rendered && Role == MessageRole.System);

    /// <summary>A readable path such as <c>tools[2]</c>, <c>system</c> or <c>messages[4]</c>.</summary>
    public readonly string Path =>
        Kind switch
        {
            ComponentKind.Tool => Indexed("tools"),
            ComponentKind.System => Index == 0 ? "system" : Indexed("system"),
            ComponentKind.Rendered => "prompt",
            _ => Indexed("messages"),
        };

    private readonly string Indexed(string name) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}[{Index}]");
}

internal static class PromptComponents
{
    /// <summary>A prompt without the opening of the reply, which ends every rendered one.</summary>
    public static ReadOnlySpan<PromptComponent> WithoutReply(this ReadOnlySpan<PromptComponent> components) =>
        components is [.., { Kind: ComponentKind.Rendered, Role: MessageRole.Assistant }]
            ? components[..^1]
            : components;
}
