using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>
/// What rendering faults are called and what mends them. Words of ours only; a component's path is built of its kind
/// and number.
/// </summary>
internal static class FaultWording
{
    private static readonly Dictionary<string, (string Title, string Remedy)> Words = new(StringComparer.Ordinal)
    {
        [FindingKinds.VolatileClock] = (
            "A date or time in {0} changes from request to request",
            "Take the date or time out of {0}, or put it behind all that stays the same"
        ),
        [FindingKinds.VolatileUuid] = ("A UUID in {0} changes from request to request", "Take the UUID out of {0}"),
        [FindingKinds.VolatilePath] = (
            "A path in {0} changes from request to request",
            "Name the working directory in the last message instead of {0}"
        ),
        [FindingKinds.VolatileId] = (
            "An identifier in {0} changes from request to request",
            "Take the identifier out of {0}, or derive it from what stays the same"
        ),
        [FindingKinds.VolatileCounter] = (
            "A number in {0} changes from request to request",
            "Take the changing number out of {0}"
        ),
        [FindingKinds.JsonKeyOrder] = (
            "The keys of JSON in {0} come in another order each time",
            "Serialise the JSON in {0} with sorted keys"
        ),
        [FindingKinds.UnorderedList] = ("A list in {0} comes in another order each time", "Sort the list in {0}"),
        [FindingKinds.ToolOrder] = ("The tools come in another order each time", "Sort the tools by name"),
        [FindingKinds.ToolsChanged] = (
            "The tools change within a conversation",
            "Offer the same tools throughout a conversation"
        ),
        [FindingKinds.SystemPromptChanged] = (
            "The system prompt changes between requests that should share it",
            "Keep the system prompt the same; put what changes into the last message"
        ),
        [FindingKinds.MessageChanged] = (
            "An earlier message is rewritten in later requests",
            "Send earlier messages as they were sent before"
        ),
        [FindingKinds.InsertedTurn] = ("A message is put in between earlier ones", "Append messages at the end only"),
        [FindingKinds.DroppedTurn] = (
            "An earlier turn is missing from later requests",
            "Keep all turns, or drop many at once and seldom"
        ),
        [FindingKinds.DuplicatedTurn] = ("A turn stands in the prompt twice", "Append each turn once"),
        [FindingKinds.TruncatedMessage] = (
            "An earlier message is cut in later requests",
            "Cut a message before it is first sent, or never"
        ),
        [FindingKinds.DoubleBos] = (
            "The prompt begins with two beginning-of-sequence tokens",
            "Let either the template or the tokenizer add the beginning-of-sequence token"
        ),
        [FindingKinds.MissingBos] = (
            "The beginning-of-sequence token is missing",
            "Add the beginning-of-sequence token that the model was trained with"
        ),
        [FindingKinds.TemplateMarkers] = (
            "Markers of the chat template are missing, left open or inside a message",
            "Render each turn through the template once"
        ),
        [FindingKinds.CacheMarkMoved] = (
            "A cache mark is taken away or moves back",
            "Leave cache marks where they are and add new ones behind them"
        ),
        [FindingKinds.Mojibake] = (
            "Text in {0} was decoded with the wrong encoding or lost characters",
            "Decode text as UTF-8 before it goes into {0}"
        ),
        [FindingKinds.LostWhitespace] = (
            "White space in {0} changes between requests",
            "Leave the white space of {0} as it was"
        ),
        [FindingKinds.MisattachedToolResult] = (
            "A tool result stands under a call that it does not answer",
            "Give each tool result the id of its own call"
        ),
    };

    public static string Title(RenderingFault fault) => Fill(Words[fault.Kind].Title, fault);

    public static string Remedy(RenderingFault fault) => Fill(Words[fault.Kind].Remedy, fault);

    public static Severity SeverityOf(RenderingFault fault) =>
        FindingCatalog.Require(fault.Kind).DefaultSeverity!.Value;

    private static string Fill(string pattern, RenderingFault fault) =>
        pattern.Replace(
            "{0}",
            fault.Part switch
            {
                ComponentKind.Tool => fault.Component,
                ComponentKind.System => "the system prompt",
                ComponentKind.Rendered => "the prompt",
                _ => "earlier messages",
            },
            StringComparison.Ordinal
        );
}
