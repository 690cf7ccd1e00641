using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Reading;

/// <summary>Reads usage objects of OpenAI (chat, Responses), litellm, Anthropic, Gemini and DeepSeek.</summary>
internal static class UsageReader
{
    public static void Read(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        ref var usage = ref request.UsageFields;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryReadField(ref reader, ref usage))
            {
                reader.Read();
                PromptText.SkipValue(ref reader);
            }
        }
    }

    /// <summary>Reads one field if it is one of usage, wherever it stands.</summary>
    /// <returns>False where it is not; the reader then still stands on its name.</returns>
    public static bool TryReadField(ref Utf8JsonReader reader, ref UsageFields usage)
    {
        if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("promptTokenCount"u8))
        {
            usage.PromptTokens = Long(ref reader) ?? usage.PromptTokens;
        }
        else if (reader.ValueTextEquals("input_tokens"u8))
        {
            usage.InputTokens = Long(ref reader) ?? usage.InputTokens;
        }
        else if (
            reader.ValueTextEquals("completion_tokens"u8)
            || reader.ValueTextEquals("output_tokens"u8)
            || reader.ValueTextEquals("candidatesTokenCount"u8)
        )
        {
            usage.OutputTokens = Long(ref reader) ?? usage.OutputTokens;
        }
        else if (
            reader.ValueTextEquals("cached_tokens"u8)
            || reader.ValueTextEquals("cachedContentTokenCount"u8)
            || reader.ValueTextEquals("prompt_cache_hit_tokens"u8)
        )
        {
            usage.CachedTokens = Long(ref reader) ?? usage.CachedTokens;
        }
        else if (reader.ValueTextEquals("prompt_cache_miss_tokens"u8))
        {
            usage.CacheMiss = Long(ref reader) ?? usage.CacheMiss;
        }
        else if (reader.ValueTextEquals("cache_read_input_tokens"u8))
        {
            usage.CacheRead = Long(ref reader) ?? usage.CacheRead;
        }
        else if (reader.ValueTextEquals("cache_creation_input_tokens"u8))
        {
            usage.CacheCreation = Long(ref reader) ?? usage.CacheCreation;
        }
        else if (reader.ValueTextEquals("cache_write_tokens"u8))
        {
            usage.CacheWrite = Long(ref reader) ?? usage.CacheWrite;
        }
        else if (reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8))
        {
            reader.Read();
            ReadDetails(ref reader, ref usage);
        }
        else
        {
            return false;
        }

        usage.Any = true;
        return true;
    }

    private static void ReadDetails(ref Utf8JsonReader reader, ref UsageFields usage)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8))
            {
                usage.CachedTokens = Long(ref reader) ?? usage.CachedTokens;
            }
            else if (reader.ValueTextEquals("cache_write_tokens"u8))
            {
                usage.CacheWrite = Long(ref reader) ?? usage.CacheWrite;
            }
            else
            {
                reader.Read();
                PromptText.SkipValue(ref reader);
            }
        }
    }

    /// <summary>A whole number; null for null; what is no count of tokens becomes a negative one, which the normaliser
    /// refuses.</summary>
    private static long? Long(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt64(out var value) ? value
                : reader.TryGetDouble(out var number) && Math.Floor(number) == number && Math.Abs(number) < 1e15
                    ? (long)number
                : -1;
        }

        if (reader.TokenType is JsonTokenType.Null)
        {
            return null;
        }

        PromptText.SkipValue(ref reader);
        return -1;
    }
}
