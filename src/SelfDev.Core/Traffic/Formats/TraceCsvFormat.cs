using System.Buffers.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Formats;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Formats;

/// <summary>
/// Traces as comma-separated values, columns found by their header: Azure's LLM inference traces
/// (<c>TIMESTAMP,ContextTokens,GeneratedTokens</c>, github.com/Azure/AzurePublicDataset) and BurstGPT with 6 or 8
/// columns (<c>Timestamp,Model,Request tokens,Response tokens,...</c>, github.com/HPMLL/BurstGPT).
/// </summary>
internal sealed class TraceCsvFormat
{
    public const string Azure = "azure-llm-trace";
    public const string BurstGpt = "burstgpt";

    private const int MaxColumns = 64;

    private readonly int _time;
    private readonly int _prompt;
    private readonly int _output;

    private TraceCsvFormat(string name, int time, int prompt, int output) =>
        (Name, _time, _prompt, _output) = (name, time, prompt, output);

    public string Name { get; }

    /// <summary>Reads a header; null where the line is none of the two.</summary>
    public static TraceCsvFormat? Of(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart("\uFEFF"u8);
        // Records begin with a digit: the cheap test spares them the rest.
        if (line.Length is 0 or > 4096 || line[0] is >= (byte)'0' and <= (byte)'9' || line[0] == '{')
        {
            return null;
        }

        int[] azure = [-1, -1, -1];
        int[] burst = [-1, -1, -1];
        var column = 0;
        foreach (var range in line.Split((byte)','))
        {
            if (column == MaxColumns)
            {
                return null;
            }

            var name = line[range].Trim(" \t\r\""u8);
            Set(azure, column, name, "TIMESTAMP"u8, "ContextTokens"u8, "GeneratedTokens"u8);
            Set(burst, column, name, "Timestamp"u8, "Request tokens"u8, "Response tokens"u8);
            column++;
        }

        return azure.All(at => at >= 0) ? new TraceCsvFormat(Azure, azure[0], azure[1], azure[2])
            : burst.All(at => at >= 0) ? new TraceCsvFormat(BurstGpt, burst[0], burst[1], burst[2])
            : null;
    }

    /// <summary>Reads a record into <paramref name="reading"/>, or says there why not.</summary>
    public void Read(in TextLine line, TrafficReading reading)
    {
        ReadOnlySpan<byte> time = [];
        ReadOnlySpan<byte> prompt = [];
        ReadOnlySpan<byte> output = [];
        var column = 0;
        var rest = line.Bytes;
        while (true)
        {
            var comma = rest.IndexOf((byte)',');
            var cell = comma < 0 ? rest : rest[..comma];
            if (column == _time)
            {
                time = cell;
            }
            else if (column == _prompt)
            {
                prompt = cell;
            }
            else if (column == _output)
            {
                output = cell;
            }

            column++;
            if (comma < 0)
            {
                break;
            }

            rest = rest[(comma + 1)..];
        }

        if (column <= Math.Max(_time, Math.Max(_prompt, _output)))
        {
            reading.Reject(line, "too few columns");
        }
        else if (!TryTime(time.Trim(" \t\r\""u8), out var seconds))
        {
            reading.Reject(line, "no time");
        }
        else if (!TryCount(prompt, out var promptTokens) || !TryCount(output, out var outputTokens))
        {
            reading.Reject(line, "no token counts");
        }
        else
        {
            reading.HasDates = Name == Azure;
            // BurstGPT: "Response tokens is 0 if the request failed".
            if (Name == BurstGpt && outputTokens == 0)
            {
                reading.Fail(line, hasUsage: true);
            }

            reading.Add(line, seconds, promptTokens, outputTokens);
        }
    }

    private static void Set(
        int[] columns,
        int column,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> time,
        ReadOnlySpan<byte> prompt,
        ReadOnlySpan<byte> output
    )
    {
        columns[0] = name.SequenceEqual(time) ? column : columns[0];
        columns[1] = name.SequenceEqual(prompt) ? column : columns[1];
        columns[2] = name.SequenceEqual(output) ? column : columns[2];
    }

    private bool TryTime(ReadOnlySpan<byte> cell, out double seconds) =>
        Name == Azure
            ? TrafficTime.TryParse(cell, out seconds)
            : Utf8Parser.TryParse(cell, out seconds, out var used) && used == cell.Length && double.IsFinite(seconds);

    private static bool TryCount(ReadOnlySpan<byte> cell, out long count)
    {
        cell = cell.Trim(" \t\r\""u8);
        // Some exports write counts as 446.0.
        var dot = cell.IndexOf((byte)'.');
        cell = dot > 0 && cell[(dot + 1)..].IndexOfAnyExcept((byte)'0') < 0 ? cell[..dot] : cell;
        return Utf8Parser.TryParse(cell, out count, out var used) && used == cell.Length && count >= 0;
    }
}
