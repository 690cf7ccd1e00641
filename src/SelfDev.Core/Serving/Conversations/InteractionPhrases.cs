using System.Buffers;
using System.Text;
using System.Text.Json;

namespace SelfDev.Core.Serving.Conversations;

/// <summary>Phrases by which messages count as corrections, complaints, thanks and refusals. Data of
/// <c>interaction-phrases.json</c>.</summary>
internal sealed class InteractionPhrases
{
    /// <summary>A reaction stands at a message's beginning; pasted documents and logs behind it are not the user's
    /// words.</summary>
    private const int MaxChars = 300;

    private readonly SearchValues<string> _corrections;
    private readonly SearchValues<string> _complaints;
    private readonly SearchValues<string> _thanks;
    private readonly SearchValues<string> _refusals;

    private InteractionPhrases(PhraseFile file)
    {
        _corrections = SearchValues.Create([.. file.Corrections], StringComparison.OrdinalIgnoreCase);
        _complaints = SearchValues.Create([.. file.Complaints], StringComparison.OrdinalIgnoreCase);
        _thanks = SearchValues.Create([.. file.Thanks], StringComparison.OrdinalIgnoreCase);
        _refusals = SearchValues.Create([.. file.Refusals], StringComparison.OrdinalIgnoreCase);
    }

    public static InteractionPhrases Default { get; } = Load();

    public (bool Correction, bool Complaint, bool Thanks) OfUser(ReadOnlySpan<byte> message)
    {
        Span<char> start = stackalloc char[MaxChars];
        var text = Start(message, start);
        return (text.ContainsAny(_corrections), text.ContainsAny(_complaints), text.ContainsAny(_thanks));
    }

    /// <summary>A refusal, and a question back to the user: a message without calls that ends in a question
    /// mark.</summary>
    public (bool Refusal, bool Question) OfAssistant(ReadOnlySpan<byte> message, bool hasCalls)
    {
        Span<char> start = stackalloc char[MaxChars];
        return (
            Start(message, start).ContainsAny(_refusals),
            !hasCalls && message.TrimEnd(" \t\r\n"u8).EndsWith("?"u8)
        );
    }

    private static ReadOnlySpan<char> Start(ReadOnlySpan<byte> message, Span<char> buffer)
    {
        Encoding.UTF8.TryGetChars(message[..Math.Min(message.Length, MaxChars)], buffer, out var length);
        for (var i = 0; i < length; i++)
        {
            // Typographic apostrophes are the same word.
            buffer[i] = buffer[i] == '’' ? '\'' : buffer[i];
        }

        return buffer[..length];
    }

    private static InteractionPhrases Load()
    {
        using var stream = typeof(InteractionPhrases).Assembly.GetManifestResourceStream(
            "SelfDev.Core.Serving.interaction-phrases.json"
        )!;
        return new InteractionPhrases(JsonSerializer.Deserialize<PhraseFile>(stream, JsonSerializerOptions.Web)!);
    }

    private sealed record PhraseFile(
        IReadOnlyList<string> Corrections,
        IReadOnlyList<string> Complaints,
        IReadOnlyList<string> Thanks,
        IReadOnlyList<string> Refusals
    );
}
