using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>What is known of a request once its prompt has been compared with all earlier ones.</summary>
/// <param name="Booking">Null where the log says nothing usable about its tokens.</param>
/// <param name="Predecessor">The prompt that it continues or replaces, as it was; its last state until <see
/// cref="PromptHistory.Keep"/>.</param>
/// <param name="Common">Components that both begin with.</param>
/// <param name="Known">Components of the prompt's beginning that any earlier prompt had.</param>
/// <param name="IsContinuation">Whether it is of the same conversation, not only of the same application.</param>
internal readonly record struct AccountedRequest(
    Booking? Booking,
    UsageFault Fault,
    PastPrompt? Predecessor,
    int Common,
    int Known,
    bool IsContinuation,
    UInt128 Session,
    UInt128 Family,
    string Model,
    string Backend,
    ProviderRule Rule
);
