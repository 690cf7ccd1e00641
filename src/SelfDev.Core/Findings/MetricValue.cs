using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>
/// A number, a word or a truth value of a finding. A number that JSON cannot hold (NaN, infinities) is written as
/// the string Python and JavaScript use, never as invalid JSON.
/// </summary>
[JsonConverter(typeof(MetricValueConverter))]
public readonly record struct MetricValue
{
    private readonly double _number;
    private readonly string? _text;

    private MetricValue(double number, string? text, bool isBoolean)
    {
        _number = number;
        _text = text;
        IsBoolean = isBoolean;
    }

    public bool IsText => _text is not null;

    public bool IsBoolean { get; }

    public bool IsNumber => !IsText && !IsBoolean;

    /// <exception cref="InvalidOperationException">The value is not a number.</exception>
    public double Number => IsNumber ? _number : throw new InvalidOperationException($"'{this}' is not a number.");

    public static implicit operator MetricValue(double value) => new(value, null, false);

    public static implicit operator MetricValue(long value) => new(value, null, false);

    public static implicit operator MetricValue(int value) => new(value, null, false);

    public static implicit operator MetricValue(bool value) => new(value ? 1 : 0, null, true);

    public static implicit operator MetricValue(string value) => new(0, value, false);

    public static MetricValue FromDouble(double value) => value;

    public static MetricValue FromText(string value) => value;

    public override string ToString() =>
        _text ?? (IsBoolean ? (_number != 0 ? "true" : "false") : _number.ToString("R", CultureInfo.InvariantCulture));
}

internal sealed class MetricValueConverter : JsonConverter<MetricValue>
{
    public override MetricValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number => reader.GetDouble(),
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => throw new JsonException($"A metric is a number, a string or a boolean, not {reader.TokenType}."),
        };

    public override void Write(Utf8JsonWriter writer, MetricValue value, JsonSerializerOptions options)
    {
        if (value.IsBoolean)
        {
            writer.WriteBooleanValue(value.ToString() == "true");
        }
        else if (value.IsNumber && double.IsFinite(value.Number))
        {
            WriteNumber(writer, value.Number);
        }
        else
        {
            writer.WriteStringValue(value.ToString());
        }
    }

    // Whole numbers without a trailing ".0" or exponent, so that steps and counts read as such.
    private static void WriteNumber(Utf8JsonWriter writer, double number)
    {
        if (Math.Floor(number) == number && Math.Abs(number) < 1e15)
        {
            writer.WriteNumberValue((long)number);
        }
        else
        {
            writer.WriteNumberValue(number);
        }
    }
}
