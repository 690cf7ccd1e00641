using System.Text;
using OpenAI.Chat;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.Analysts;

namespace SelfDev.Azure.Analysts;

/// <summary>One question with its repairs: what is sent, and what all rounds together have cost.</summary>
internal sealed class Conversation(AnalystPrompt prompt, string schema)
{
    // Role markers and separators of a chat template, a handful of tokens a message; generous.
    private const int TokensAroundMessages = 64;

    public string Schema { get; } = schema;

    /// <value>As the server reported it with its last answer, made harmless; null until it has named one.</value>
    public string? Checkpoint { get; private set; }

    public long InputTokens { get; private set; }

    public long CachedTokens { get; private set; }

    public long OutputTokens { get; private set; }

    /// <param name="rejection">Why the last answer was unusable; null in the first round. The answer itself is not sent
    /// back.</param>
    public List<ChatMessage> Messages(string? rejection)
    {
        List<ChatMessage> messages = [new SystemChatMessage(prompt.Instructions), new UserChatMessage(prompt.Question)];
        if (rejection is not null)
        {
            messages.Add(new UserChatMessage(RepairRequest(rejection)));
        }

        return messages;
    }

    /// <summary>
    /// Input tokens at most: a byte-level tokenizer makes no more tokens than there are UTF-8 bytes, and the schema is
    /// counted as part of the prompt.
    /// </summary>
    public long WorstCaseTokens(string? rejection) =>
        Encoding.UTF8.GetByteCount(prompt.Instructions)
        + Encoding.UTF8.GetByteCount(prompt.Question)
        + Encoding.UTF8.GetByteCount(Schema)
        + (rejection is null ? 0 : Encoding.UTF8.GetByteCount(RepairRequest(rejection)))
        + TokensAroundMessages;

    public void Count(ModelReply reply)
    {
        InputTokens += reply.InputTokens;
        CachedTokens += reply.CachedTokens;
        OutputTokens += reply.OutputTokens;
        if (!string.IsNullOrWhiteSpace(reply.Model))
        {
            Checkpoint = ModelName.Shown(reply.Model);
        }
    }

    private static string RepairRequest(string rejection) =>
        $"Your answer was rejected: {rejection}. Answer once more, in exactly the given JSON form.";
}

/// <param name="Text">The answer; null where there is none.</param>
/// <param name="Failure">Why there is none; null otherwise.</param>
internal sealed record ModelReply(
    string? Text,
    string? Failure,
    string? Model,
    long InputTokens,
    long CachedTokens,
    long OutputTokens
)
{
    public static ModelReply Failed(string why) => new(null, why, null, 0, 0, 0);
}
