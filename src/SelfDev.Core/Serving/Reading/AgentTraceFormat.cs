using System.Text;
using System.Text.Json;
using SelfDev.Core.Formats;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Traces of coding agents, one session a line (Azure/AzurePublicDataset, GitHubCopilotCodingAgents/schema.json): turns
/// of model calls with token counts and the type, role, sequence number and length of every message. A message is known
/// by its session and its sequence number.
/// </summary>
internal sealed class AgentTraceFormat(ServingTraffic traffic)
{
    public const string Name = "agent-trace";

    private readonly ServedRequest _request = new();
    private readonly byte[] _identity = new byte[64];

    public static bool IsTrace(ReadOnlySpan<byte> line) =>
        line.IndexOf("\"llm_calls\""u8) >= 0 && line.IndexOf("\"turns\""u8) >= 0;

    /// <returns>False where the line is no session; calls before the place of a fault are taken all the same.</returns>
    public bool TryTake(ReadOnlySpan<byte> line, long number, long offset)
    {
        var session = (string?)null;
        try
        {
            var reader = new Utf8JsonReader(line);
            var calls = 0;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            session = FindSession(line);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("llm_calls"u8))
                {
                    reader.Read();
                    var isArray = reader.TokenType == JsonTokenType.StartArray;
                    while (isArray && reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    {
                        calls += TakeCall(ref reader, session, number, offset) ? 1 : 0;
                    }
                }
            }

            return calls > 0;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The session's id may stand behind its turns.</summary>
    private static string? FindSession(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("session_id"u8);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }

            reader.Skip();
        }

        return null;
    }

    private bool TakeCall(ref Utf8JsonReader reader, string? session, long number, long offset)
    {
        _request.Clear();
        (_request.Session, _request.Line, _request.Offset) = (session, number, offset);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("tokens"u8))
            {
                reader.Read();
                ReadTokens(ref reader);
            }
            else if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                _request.Model = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                PromptText.SkipValue(ref reader);
            }
            else if (reader.ValueTextEquals("timestamp"u8))
            {
                reader.Read();
                _request.Time = JsonFigures.Time(ref reader);
            }
            else if (reader.ValueTextEquals("message_metadata"u8))
            {
                reader.Read();
                ReadMessages(ref reader, session);
            }
            else
            {
                reader.Read();
                PromptText.SkipValue(ref reader);
            }
        }

        if (_request.Components.Count == 0 && !_request.UsageFields.Any)
        {
            return false;
        }

        traffic.Take(_request);
        return true;
    }

    private void ReadTokens(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        ref var usage = ref _request.UsageFields;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isPrompt, isCached, isOutput) = (
                reader.ValueTextEquals("prompt"u8),
                reader.ValueTextEquals("cached"u8),
                reader.ValueTextEquals("completion"u8)
            );
            reader.Read();
            long? value =
                reader.TokenType == JsonTokenType.Number
                    ? reader.TryGetInt64(out var count)
                        ? count
                        : -1
                    : null;
            PromptText.SkipValue(ref reader);
            usage.PromptTokens = isPrompt ? value : usage.PromptTokens;
            usage.CachedTokens = isCached ? value : usage.CachedTokens;
            usage.OutputTokens = isOutput ? value : usage.OutputTokens;
            usage.Any |= isPrompt && value is not null;
        }
    }

    private void ReadMessages(ref Utf8JsonReader reader, string? session)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        var index = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var component = new PromptComponent { Kind = ComponentKind.Message, Index = index++ };
            var sequence = (long)component.Index;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("role"u8))
                {
                    reader.Read();
                    component.Role = PromptReader.RoleNamed(ref reader);
                }
                else if (reader.ValueTextEquals("sequenceId"u8))
                {
                    reader.Read();
                    sequence =
                        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var id) ? id : sequence;
                    PromptText.SkipValue(ref reader);
                }
                else if (reader.ValueTextEquals("token_len"u8))
                {
                    reader.Read();
                    component.Size =
                        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var size)
                            ? Math.Max(0, size)
                            : 0;
                    PromptText.SkipValue(ref reader);
                }
                else
                {
                    reader.Read();
                    PromptText.SkipValue(ref reader);
                }
            }

            component.Kind =
                component.Role == MessageRole.System && index == 1 ? ComponentKind.System : ComponentKind.Message;
            component.Hash = Identity(component.Kind == ComponentKind.System ? null : session, component, sequence);
            _request.Components.Add(component);
        }
    }

    /// <summary>System prompts of one length are taken for one prompt; messages are their session's own.</summary>
    private UInt128 Identity(string? session, in PromptComponent component, long sequence)
    {
        BitConverter.TryWriteBytes(_identity, component.Kind == ComponentKind.System ? 0 : sequence);
        BitConverter.TryWriteBytes(_identity.AsSpan(8), component.Size);
        BitConverter.TryWriteBytes(_identity.AsSpan(12), (int)component.Role);
        var own = Fingerprint.Of(_identity.AsSpan(0, 16));
        return session is null ? own : Fingerprint.Mix(Fingerprint.Of(Encoding.UTF8.GetBytes(session)), own);
    }
}
