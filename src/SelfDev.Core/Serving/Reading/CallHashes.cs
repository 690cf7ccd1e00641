using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Per-call metadata: parallel arrays of roles, hashes and character counts of the messages, and one hash of all tools.
/// A message whose hash with cache marks differs from its hash without them carries a mark.
/// </summary>
internal sealed class CallHashes
{
    private readonly List<MessageRole> _roles = [];
    private readonly List<UInt128> _hashes = [];
    private readonly List<UInt128> _rawHashes = [];
    private readonly List<int> _sizes = [];
    private UInt128 _tools;
    private int _toolsSize;

    /// <value>In metadata the task, which is a session; in other logs the machine that answered.</value>
    private string? _instance;

    public void Clear()
    {
        _roles.Clear();
        _hashes.Clear();
        _rawHashes.Clear();
        _sizes.Clear();
        (_tools, _toolsSize, _instance) = (0, 0, null);
    }

    public bool TryReadField(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("message_sha"u8))
        {
            reader.Read();
            ReadArray(ref reader, _hashes, static (ref Utf8JsonReader item) => PromptText.IdOf(ref item));
        }
        else if (reader.ValueTextEquals("message_raw_sha"u8))
        {
            reader.Read();
            ReadArray(ref reader, _rawHashes, static (ref Utf8JsonReader item) => PromptText.IdOf(ref item));
        }
        else if (reader.ValueTextEquals("message_chars"u8))
        {
            reader.Read();
            ReadArray(
                ref reader,
                _sizes,
                static (ref Utf8JsonReader item) =>
                    item.TokenType == JsonTokenType.Number && item.TryGetInt32(out var size) ? Math.Max(0, size) : 0
            );
        }
        else if (reader.ValueTextEquals("roles"u8))
        {
            reader.Read();
            ReadArray(ref reader, _roles, static (ref Utf8JsonReader item) => PromptReader.RoleNamed(ref item));
        }
        else if (reader.ValueTextEquals("tools_sha"u8))
        {
            reader.Read();
            _tools = PromptText.IdOf(ref reader);
            PromptText.SkipValue(ref reader);
        }
        else if (reader.ValueTextEquals("tools_chars"u8))
        {
            reader.Read();
            _toolsSize =
                reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var size) ? Math.Max(0, size) : 0;
            PromptText.SkipValue(ref reader);
        }
        else if (reader.ValueTextEquals("instance"u8))
        {
            reader.Read();
            _instance =
                reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length < 512 && !reader.ValueIsEscaped
                    ? System.Text.Encoding.UTF8.GetString(reader.ValueSpan)
                    : null;
            PromptText.SkipValue(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    public void Complete(ServedRequest request)
    {
        if (request.Components.Count > 0 || _hashes.Count == 0)
        {
            request.Backend ??= _instance;
            return;
        }

        request.Session ??= _instance;

        if (_tools != 0)
        {
            request.Components.Add(
                new PromptComponent
                {
                    Kind = ComponentKind.Tool,
                    Hash = _tools,
                    Size = _toolsSize,
                }
            );
        }

        var inSystem = true;
        for (var i = 0; i < _hashes.Count; i++)
        {
            var role = i < _roles.Count ? _roles[i] : MessageRole.None;
            inSystem &= role == MessageRole.System;
            request.Components.Add(
                new PromptComponent
                {
                    Kind = inSystem ? ComponentKind.System : ComponentKind.Message,
                    Role = role,
                    Index = i,
                    Hash = Fingerprint.Mix((uint)role, _hashes[i]),
                    Size = i < _sizes.Count ? _sizes[i] : 0,
                    Marked = i < _rawHashes.Count && _rawHashes[i] != _hashes[i],
                }
            );
        }
    }

    private delegate T ItemReader<T>(ref Utf8JsonReader reader);

    private static void ReadArray<T>(ref Utf8JsonReader reader, List<T> items, ItemReader<T> read)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(read(ref reader));
            PromptText.SkipValue(ref reader);
        }
    }
}
