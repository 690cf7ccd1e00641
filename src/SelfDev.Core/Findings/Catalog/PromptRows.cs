namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// What prompts rendered to; each one proposes to mend the prompt.
/// </summary>
internal static class PromptRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.VolatileClock,
            Title = "Time in the prompt",
            Means =
                "A time in a part of the prompt that should stay the same changes every token behind it, and a cache "
                + "matches from the beginning only.",
            CheckFirst = "where the prompt is put together, and whether the time can stand in the last message.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.VolatileUuid,
            Title = "UUID in the prompt",
            Means =
                "An identifier that is made anew for each request stands in a part of the prompt that should stay the "
                + "same, so nothing behind it is served from a cache.",
            CheckFirst = "which code writes the UUID into the prompt, and whether the model needs it at all.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.VolatilePath,
            Title = "Path in the prompt",
            Means =
                "A working directory or another path stands in a part of the prompt that all requests should share.",
            CheckFirst = "the tool descriptions and the system prompt for paths of the machine.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.VolatileId,
            Title = "Identifier in the prompt",
            Means =
                "A request, session or trace identifier stands in a part of the prompt that should stay the same, so "
                + "nothing behind it is served from a cache.",
            CheckFirst =
                "where the identifier comes from, and whether it can be left out or derived from what stays the same.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.VolatileCounter,
            Title = "Changing number in the prompt",
            Means =
                "A number that counts or measures, such as a turn, a budget or a load, stands in a part of the prompt "
                + "that should stay the same.",
            CheckFirst = "what the number counts, and whether it can stand in the last message.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.JsonKeyOrder,
            Title = "Order of JSON keys",
            Means = "A dictionary without a fixed order is serialised anew for each request.",
            CheckFirst = "the serialiser's setting for sorted keys.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.UnorderedList,
            Title = "Order of a list",
            Means =
                "The entries of a list are the same and their order is not: they come from a set, a directory or "
                + "servers as they answer.",
            CheckFirst = "where the list is built, and sort it there.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.ToolOrder,
            Title = "Order of the tools",
            Means = "Tools are collected in an order that is not fixed, for example from servers as they answer.",
            CheckFirst = "where the list of tools is built.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.ToolsChanged,
            Title = "Change of the tools",
            Means =
                "Tools stand at the beginning of the prompt: a tool that is added, removed or described otherwise "
                + "within a conversation changes every token behind it.",
            CheckFirst = "which tool changed, and what adds or removes tools while a conversation goes on.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.SystemPromptChanged,
            Title = "Change of the system prompt",
            Means =
                "The text of the system prompt itself differs between requests that should share it: another version, "
                + "another user's part or a state that is written into it.",
            CheckFirst = "the cited spans, and what fills the template of the system prompt.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.MessageChanged,
            Title = "Rewritten message",
            Means =
                "A message that was sent before is sent again with another text: history that is edited, summarised or "
                + "rendered anew.",
            CheckFirst = "the code that keeps the history, and what rewrites it after it was sent.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.DoubleBos,
            Title = "Two beginning-of-sequence tokens",
            Means =
                "The template writes the beginning-of-sequence token and the tokenizer adds another one; quality "
                + "suffers silently.",
            CheckFirst = "whether the text is rendered before it is tokenised with special tokens added.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.MissingBos,
            Title = "No beginning-of-sequence token",
            Means =
                "The beginning-of-sequence token that this model's prompts have elsewhere is not there: the text was "
                + "rendered or tokenised in another way, and quality suffers silently.",
            CheckFirst = "whether the chat template and the tokenizer both leave the token to each other.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.TemplateMarkers,
            Title = "Broken template markers",
            Means =
                "Markers of the chat template are missing, are not closed, or stand inside a message: a prompt was "
                + "rendered twice, or put together by hand.",
            CheckFirst = "every place that renders the template, and whether messages are escaped before.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.TruncatedMessage,
            Title = "Cut message",
            Means =
                "A message that was sent whole before is sent without its end or its middle: tool results or long "
                + "messages are cut after the fact, and the model sees less than it answered to.",
            CheckFirst = "the limit that cuts messages, and when it is applied.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.DroppedTurn,
            Title = "Dropped turn",
            Means =
                "The history is trimmed at its beginning, so the prompt no longer begins as the cached one does, and "
                + "the model forgets.",
            CheckFirst = "the rule that trims the history.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.DuplicatedTurn,
            Title = "Duplicated turn",
            Means =
                "The same message, or the same pair of messages, stands twice on end: it was appended by two places or "
                + "again after a retry.",
            CheckFirst = "the retry path and every place that appends to the history.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.InsertedTurn,
            Title = "Inserted turn",
            Means =
                "A message that earlier requests did not have stands between messages that they had: reminders or "
                + "retrieved text are put in front instead of at the end.",
            CheckFirst = "what inserts it, and whether it can be appended at the end.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.CacheMarkMoved,
            Title = "Cache mark moved",
            Means =
                "A cache mark that earlier requests had was taken from the tools or the system prompt, or the last one "
                + "moved back although the conversation went on; what was written to the cache is then not read.",
            CheckFirst = "the code that sets cache marks when messages are appended or trimmed.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.Mojibake,
            Title = "Wrongly decoded text",
            Means = "Text was decoded as Latin-1 or Windows-1252 that is UTF-8, or cut within a character.",
            CheckFirst = "the encoding at the boundary where the text enters.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.LostWhitespace,
            Title = "Changed white space",
            Means =
                "The text is the same but for spaces or line breaks, which are other tokens: it was trimmed, rejoined "
                + "or parsed and written again.",
            CheckFirst = "what trims or reformats text between two requests.",
            DefaultSeverity = Severity.Warning,
            Proposals = [FixPrompt.KindName],
        },
        new()
        {
            Kind = FindingKinds.MisattachedToolResult,
            Title = "Tool result at the wrong call",
            Means = "Results of parallel calls were matched by their place and not by their id.",
            CheckFirst = "the code that appends tool results.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixPrompt.KindName],
        },
    ];
}
