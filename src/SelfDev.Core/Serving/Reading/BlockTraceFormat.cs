using System.Text.Json;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Block traces: one request a line with the hashes of its prompt's blocks, no text. Mooncake (kvcache-ai/Mooncake,
/// 512-token blocks, milliseconds) and Bailian (alibaba-edu/qwen-bailian-usagetraces-anon, 16-token blocks, seconds,
/// <c>chat_id</c> and <c>parent_chat_id</c>).
/// </summary>
internal sealed class BlockTraceFormat(CapacityCurve curve, int? blockTokens)
{
    public const string Mooncake = "mooncake-trace";
    public const string Bailian = "bailian-trace";
    public const int MooncakeBlockTokens = 512;
    public const int BailianBlockTokens = 16;

    private readonly Dictionary<long, int> _items = [];
    private readonly Ancestry<long> _ancestry = new();
    private double _lastTime = double.NaN;
    private long[] _blocks = new long[256];

    public long Requests { get; private set; }

    public long PromptTokens { get; private set; }

    /// <value>Tokens that stand in no hashed block: the prompt's rest after its last one.</value>
    public long UnblockedTokens { get; private set; }

    /// <value>Blocks of a request that its length has no tokens for.</value>
    public long EmptyBlocks { get; private set; }

    public long ClockReversals { get; private set; }

    /// <value>Conversations that name themselves or a later one as their parent, so that their order cannot be
    /// followed.</value>
    public long CyclicIds { get; private set; }

    /// <summary>Whether a line is of such a trace, and of which.</summary>
    public static string? Sniff(ReadOnlySpan<byte> line) =>
        line.IndexOf("\"hash_ids\""u8) < 0 || line.IndexOf("\"input_length\""u8) < 0 ? null
        : line.IndexOf("\"chat_id\""u8) >= 0 ? Bailian
        : Mooncake;

    /// <summary>Takes one line.</summary>
    /// <returns>False where it is no such request; nothing of it is counted then.</returns>
    public bool TryTake(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        long input = -1,
            chat = 0,
            parent = 0;
        var (time, count, isBailian) = (double.NaN, -1, false);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("hash_ids"u8))
                {
                    reader.Read();
                    count = ReadBlocks(ref reader);
                }
                else if (reader.ValueTextEquals("input_length"u8))
                {
                    input = ReadLong(ref reader);
                }
                else if (reader.ValueTextEquals("timestamp"u8))
                {
                    reader.Read();
                    time =
                        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value)
                            ? value
                            : double.NaN;
                }
                else if (reader.ValueTextEquals("chat_id"u8))
                {
                    isBailian = true;
                    chat = ReadLong(ref reader);
                }
                else if (reader.ValueTextEquals("parent_chat_id"u8))
                {
                    parent = ReadLong(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }

            if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            {
                return false;
            }
        }
        catch (JsonException)
        {
            return false;
        }

        if (count < 0 || input < 0 || input > MaxTokens)
        {
            return false;
        }

        Take(count, input, blockTokens ?? (isBailian ? BailianBlockTokens : MooncakeBlockTokens));
        NoteTime(time);
        if (isBailian)
        {
            // Bailian's -1: a conversation's first request.
            CyclicIds += parent >= 0 && !_ancestry.TryAdd(chat, parent) ? 1 : 0;
        }

        return true;
    }

    private const long MaxTokens = 1L << 32;

    private void Take(int count, long input, int size)
    {
        Requests++;
        PromptTokens += input;
        curve.BeginRequest();
        var left = input;
        foreach (var block in _blocks.AsSpan(0, count))
        {
            var tokens = Math.Min(size, left);
            left -= tokens;
            EmptyBlocks += tokens == 0 ? 1 : 0;
            if (_items.TryGetValue(block, out var item))
            {
                curve.Touch(item, 1, tokens);
            }
            else
            {
                _items.Add(block, curve.Insert(1, tokens));
            }
        }

        UnblockedTokens += left;
        curve.AddUncachable(left);
    }

    private void NoteTime(double time)
    {
        if (double.IsNaN(time))
        {
            return;
        }

        ClockReversals += time < _lastTime ? 1 : 0;
        _lastTime = time;
    }

    private int ReadBlocks(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return -1;
        }

        var count = 0;
        var valid = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == _blocks.Length)
            {
                Array.Resize(ref _blocks, count * 2);
            }

            if (
                reader.TokenType == JsonTokenType.Number
                && (reader.TryGetInt64(out var id) || Unsigned(ref reader, out id))
            )
            {
                _blocks[count++] = id;
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                _blocks[count++] = unchecked((long)(ulong)Fingerprint.Of(reader.ValueSpan));
            }
            else
            {
                reader.Skip();
                valid = false;
            }
        }

        return valid ? count : -1;
    }

    private static bool Unsigned(ref Utf8JsonReader reader, out long id)
    {
        var read = reader.TryGetUInt64(out var value);
        id = unchecked((long)value);
        return read;
    }

    private static long ReadLong(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value))
        {
            return value;
        }

        reader.Skip();
        return -1;
    }
}
