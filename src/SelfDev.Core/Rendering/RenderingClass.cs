namespace SelfDev.Core.Rendering;

/// <summary>What kind of change makes two renderings of the same content differ.</summary>
public enum RenderingClass
{
    /// <summary>They are equal.</summary>
    None,

    /// <summary>Another number of beginning-of-sequence tokens, e.g. one added by the template and one by the
    /// tokenizer.</summary>
    BeginOfSequence,

    /// <summary>Role and turn markers differ, the text between them does not.</summary>
    ChatTemplate,

    /// <summary>The system prompt, or instructions before the first turn.</summary>
    SystemPrompt,

    /// <summary>The same examples in another order.</summary>
    FewShotOrder,

    /// <summary>More, fewer or other examples before the same question.</summary>
    FewShotExamples,

    /// <summary>Spaces, tabs and line ends only.</summary>
    Whitespace,

    /// <summary>Tool definitions: their order, their keys' order, their content.</summary>
    ToolSchema,

    /// <summary>Dates and times only.</summary>
    Date,

    /// <summary>Identifiers that change with every run: UUIDs, long hexadecimal numbers, temporary paths.</summary>
    Identifier,

    /// <summary>None of the above explains it.</summary>
    Content,
}
