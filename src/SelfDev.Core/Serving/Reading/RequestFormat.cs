using System.Globalization;
using System.Text;
using System.Text.Json;
using SelfDev.Core.Formats;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Request logs as JSON, one object a request: full ones of OpenAI chat and Responses, Anthropic and litellm (prompt,
/// response and parameters at the top or one or two levels down), per-call metadata with message hashes instead of
/// text, and usage alone. Field names, not a declared type, tell what is what.
/// </summary>
internal sealed class RequestFormat
{
    public const string Full = "request-log";
    public const string Metadata = "call-metadata";
    public const string Usage = "usage-log";

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly CallHashes _hashes = new();

    public RequestFormat() => _lookup = _names.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The format of a line, or of the beginning of one; null where it is no request.</summary>
    public static string? Sniff(ReadOnlySpan<byte> line)
    {
        if (line.IndexOf("\"message_sha\""u8) >= 0)
        {
            return Metadata;
        }

        var usage =
            line.IndexOf("\"prompt_tokens\""u8) >= 0
            || line.IndexOf("\"input_tokens\""u8) >= 0
            || line.IndexOf("\"promptTokenCount\""u8) >= 0
            || line.IndexOf("\"prompt_cache_hit_tokens\""u8) >= 0;
        var prompt =
            line.IndexOf("\"messages\""u8) >= 0
                ? line.IndexOf("\"role\""u8) >= 0
                : (line.IndexOf("\"input\""u8) >= 0 || line.IndexOf("\"prompt\""u8) >= 0)
                    && line.IndexOf("\"model\""u8) >= 0;
        return prompt ? Full
            : usage ? Usage
            : null;
    }

    /// <summary>Reads one object that begins where the reader stands; the prompt's pieces are left in rendering
    /// order.</summary>
    /// <returns>False where it is no request: neither a prompt nor usage in it.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public bool TryRead(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        _hashes.Clear();
        ReadObject(ref reader, request, level: 0);
        _hashes.Complete(request);
        PromptOrder.Restore(request);
        return request.Components.Count > 0 || request.UsageFields.Any;
    }

    /// <summary>A name seen before as the same string: models, tenants and sessions repeat on every line.</summary>
    public string? Name(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            return Encoding.ASCII.GetString(reader.ValueSpan);
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            PromptText.SkipValue(ref reader);
            return null;
        }

        if (reader.ValueSpan.Length is 0 or > MaxNameBytes)
        {
            return null;
        }

        Span<char> text = stackalloc char[MaxNameBytes];
        int length;
        try
        {
            length = reader.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            return null;
        }

        var name = text[..length];
        if (_lookup.TryGetValue(name, out var known))
        {
            return known;
        }

        var added = name.ToString();
        if (_names.Count < MaxNames)
        {
            _names.Add(added, added);
        }

        return added;
    }

    private const int MaxNameBytes = 512;
    private const int MaxNames = 100_000;
    private const int MaxLevel = 3;

    private void ReadObject(ref Utf8JsonReader reader, ServedRequest request, int level)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (
                !ReadPrompt(ref reader, request)
                && !ReadRouting(ref reader, request)
                && !ReadFigures(ref reader, request)
                && !_hashes.TryReadField(ref reader)
            )
            {
                ReadNested(ref reader, request, level);
            }
        }
    }

    private static bool ReadPrompt(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("input"u8))
        {
            reader.Read();
            PromptReader.ReadMessages(ref reader, request);
        }
        else if (reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("instructions"u8))
        {
            reader.Read();
            PromptReader.ReadSystem(ref reader, request);
        }
        else if (reader.ValueTextEquals("tools"u8) || reader.ValueTextEquals("functions"u8))
        {
            reader.Read();
            PromptReader.ReadTools(ref reader, request);
        }
        else if (reader.ValueTextEquals("prompt"u8) || reader.ValueTextEquals("rendered_prompt"u8))
        {
            reader.Read();
            RenderedPrompt.Read(ref reader, request);
        }
        else
        {
            return false;
        }

        return true;
    }

    private bool ReadRouting(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.ValueTextEquals("model"u8))
        {
            reader.Read();
            request.Model = Name(ref reader) ?? request.Model;
        }
        else if (Is(ref reader, SessionNames))
        {
            reader.Read();
            request.Session = Name(ref reader) ?? request.Session;
        }
        else if (Is(ref reader, TenantNames))
        {
            reader.Read();
            request.Tenant = Name(ref reader) ?? request.Tenant;
        }
        else if (Is(ref reader, BackendNames))
        {
            reader.Read();
            request.Backend = Name(ref reader) ?? request.Backend;
        }
        else if (reader.ValueTextEquals("prompt_cache_key"u8) || reader.ValueTextEquals("cache_salt"u8))
        {
            reader.Read();
            request.CacheKey = Name(ref reader) ?? request.CacheKey;
        }
        else if (reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("request_id"u8))
        {
            reader.Read();
            request.Id = Name(ref reader) ?? request.Id;
        }
        else if (
            reader.ValueTextEquals("parent_id"u8)
            || reader.ValueTextEquals("parent_request_id"u8)
            || reader.ValueTextEquals("previous_response_id"u8)
        )
        {
            reader.Read();
            request.Parent = Name(ref reader) ?? request.Parent;
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool ReadFigures(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.ValueTextEquals("usage"u8) || reader.ValueTextEquals("usageMetadata"u8))
        {
            reader.Read();
            UsageReader.Read(ref reader, request);
        }
        else if (Is(ref reader, TimeNames))
        {
            reader.Read();
            var time = JsonFigures.Time(ref reader);
            request.Time = double.IsNaN(time) ? request.Time : time;
        }
        else if (
            reader.ValueTextEquals("cost"u8)
            || reader.ValueTextEquals("response_cost"u8)
            || reader.ValueTextEquals("spend"u8)
        )
        {
            reader.Read();
            request.Cost = JsonFigures.Number(ref reader) is { } cost && cost is >= 0 and < 1e9 ? cost : request.Cost;
        }
        else if (reader.ValueTextEquals("ttft"u8) || reader.ValueTextEquals("time_to_first_token"u8))
        {
            reader.Read();
            request.TimeToFirstToken = JsonFigures.Number(ref reader) ?? request.TimeToFirstToken;
        }
        else if (reader.ValueTextEquals("ttft_ms"u8) || reader.ValueTextEquals("time_to_first_token_ms"u8))
        {
            reader.Read();
            request.TimeToFirstToken = JsonFigures.Number(ref reader) / 1000 ?? request.TimeToFirstToken;
        }
        else
        {
            return UsageReader.TryReadField(ref reader, ref request.UsageFields);
        }

        return true;
    }

    private void ReadNested(ref Utf8JsonReader reader, ServedRequest request, int level)
    {
        if (Is(ref reader, ResponseNames))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadResponse(ref reader, request);
                return;
            }
        }
        else if (level < MaxLevel && Is(ref reader, RequestNames))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadObject(ref reader, request, level + 1);
                return;
            }
        }
        else
        {
            reader.Read();
        }

        PromptText.SkipValue(ref reader);
    }

    private void ReadResponse(ref Utf8JsonReader reader, ServedRequest request)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                request.ServedModel = Name(ref reader) ?? request.ServedModel;
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                request.Id = Name(ref reader) ?? request.Id;
            }
            else if (reader.ValueTextEquals("usage"u8) || reader.ValueTextEquals("usageMetadata"u8))
            {
                reader.Read();
                UsageReader.Read(ref reader, request);
            }
            else if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                ReplyReader.ReadChoices(ref reader, request);
            }
            else if (reader.ValueTextEquals("created"u8) || reader.ValueTextEquals("created_at"u8))
            {
                reader.Read();
                var time = JsonFigures.Time(ref reader);
                request.Time = double.IsNaN(request.Time) ? time : request.Time;
            }
            else
            {
                reader.Read();
                PromptText.SkipValue(ref reader);
            }
        }
    }

    private static readonly byte[][] SessionNames = Utf8(
        "session_id",
        "sessionId",
        "session",
        "conversation_id",
        "thread_id",
        "chat_id",
        "litellm_session_id",
        "task_id"
    );
    private static readonly byte[][] TenantNames = Utf8(
        "tenant",
        "tenant_id",
        "user_id",
        "user",
        "team",
        "team_id",
        "org",
        "organization",
        "customer",
        "end_user",
        "api_key_alias"
    );
    private static readonly byte[][] BackendNames = Utf8(
        "backend",
        "api_base",
        "replica",
        "host",
        "server",
        "deployment",
        "endpoint",
        "pod",
        "worker",
        "instance_id",
        "model_id"
    );
    private static readonly byte[][] TimeNames = Utf8(
        "timestamp",
        "time",
        "ts",
        "created",
        "created_at",
        "startTime",
        "start_time",
        "request_time"
    );
    private static readonly byte[][] ResponseNames = Utf8("response", "response_body", "resp", "completion");
    private static readonly byte[][] RequestNames = Utf8(
        "kwargs",
        "request",
        "request_body",
        "body",
        "optional_params",
        "params",
        "extra_body",
        "metadata",
        "payload",
        "data",
        "req",
        "litellm_params"
    );

    private static byte[][] Utf8(params string[] names) => [.. names.Select(Encoding.UTF8.GetBytes)];

    private static bool Is(ref Utf8JsonReader reader, byte[][] names)
    {
        foreach (var name in names)
        {
            if (reader.ValueTextEquals(name))
            {
                return true;
            }
        }

        return false;
    }
}
