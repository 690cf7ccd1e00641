using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SelfDev.Core.Json;

/// <summary>
/// JSON Canonicalization Scheme (RFC 8785): one byte sequence for one JSON value, whatever wrote it. What is hashed or
/// signed goes through here.
/// </summary>
public static class CanonicalJson
{
    // RFC 8785 builds on I-JSON (RFC 7493 section 2.2): integers beyond this do not survive a double.
    private const double MaxExactInteger = 9007199254740991;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <returns>UTF-8 without byte-order mark.</returns>
    /// <exception cref="FormatException">
    /// The value is outside I-JSON: a name twice in one object, a lone surrogate, a number that a double cannot hold or
    /// an integer that it would change.
    /// </exception>
    public static byte[] Serialize(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        try
        {
            return StrictUtf8.GetBytes(text.ToString());
        }
        catch (EncoderFallbackException exception)
        {
            throw LoneSurrogate(exception);
        }
    }

    /// <inheritdoc cref="Serialize(JsonElement)"/>
    public static byte[] Serialize<T>(T value, JsonSerializerOptions options) =>
        Serialize(JsonSerializer.SerializeToElement(value, options));

    /// <summary>A number as ECMAScript's <c>Number::toString</c> writes it (RFC 8785 section 3.2.2.3, ECMA-262 section
    /// 6.1.6.1.20).</summary>
    /// <exception cref="FormatException">NaN or an infinity: JSON has none.</exception>
    public static string FormatNumber(double number)
    {
        if (!double.IsFinite(number))
        {
            throw new FormatException($"{number.ToString(CultureInfo.InvariantCulture)} is not a JSON number.");
        }

        if (number == 0)
        {
            return "0";
        }

        // .NET gives the shortest digits that round-trip, as ECMAScript asks; only the layout differs.
        var (digits, exponent) = Decompose(Math.Abs(number).ToString("R", CultureInfo.InvariantCulture));
        var sign = number < 0 ? "-" : "";
        var count = digits.Length;
        return exponent switch
        {
            _ when exponent >= count && exponent <= 21 => sign + digits + new string('0', exponent - count),
            > 0 and <= 21 => $"{sign}{digits[..exponent]}.{digits[exponent..]}",
            > -6 and <= 0 => $"{sign}0.{new string('0', -exponent)}{digits}",
            _ => sign + digits[..1] + (count > 1 ? "." + digits[1..] : "") + Power(exponent - 1),
        };
    }

    // The value is 0.digits times ten to the exponent; digits begin and end with something other than zero.
    private static (string Digits, int Exponent) Decompose(string text)
    {
        var (mantissa, exponent) = text.Split('E') is [var before, var power]
            ? (before, int.Parse(power, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            : (text, 0);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        var integerDigits = (point < 0 ? mantissa.Length : point) - (digits.Length - significant.Length);
        return (significant.TrimEnd('0'), integerDigits + exponent);
    }

    private static string Power(int exponent) =>
        string.Create(CultureInfo.InvariantCulture, $"e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent)}");

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(text, value);
                break;
            case JsonValueKind.Array:
                WriteArray(text, value);
                break;
            case JsonValueKind.String:
                WriteString(text, Read(value.GetString));
                break;
            case JsonValueKind.Number:
                WriteNumber(text, value);
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void WriteObject(StringBuilder text, JsonElement value)
    {
        // Ordinal comparison of .NET strings is by UTF-16 code units, which is the order of RFC 8785 section 3.2.3.
        var properties = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            var name = Read(() => property.Name);
            if (!properties.TryAdd(name, property.Value))
            {
                throw new FormatException($"The name '{name}' stands twice in one object.");
            }
        }

        text.Append('{');
        var separator = "";
        foreach (var (name, item) in properties)
        {
            text.Append(separator);
            WriteString(text, name);
            text.Append(':');
            Write(text, item);
            separator = ",";
        }

        text.Append('}');
    }

    private static void WriteArray(StringBuilder text, JsonElement value)
    {
        text.Append('[');
        var separator = "";
        foreach (var item in value.EnumerateArray())
        {
            text.Append(separator);
            Write(text, item);
            separator = ",";
        }

        text.Append(']');
    }

    private static void WriteNumber(StringBuilder text, JsonElement value)
    {
        var raw = value.GetRawText();
        var number = value.GetDouble();
        var isInteger = raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0;
        if (isInteger && Math.Abs(number) > MaxExactInteger)
        {
            throw new FormatException($"The integer {raw} does not survive as a JSON number; write it as a string.");
        }

        text.Append(FormatNumber(number));
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var character in value)
        {
            _ = character switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => text.Append(character),
            };
        }

        text.Append('"');
    }

    private static string Read(Func<string?> text)
    {
        try
        {
            return text()!;
        }
        catch (InvalidOperationException exception)
        {
            throw LoneSurrogate(exception);
        }
    }

    private static FormatException LoneSurrogate(Exception inner) =>
        new("A string holds a lone surrogate, which is no Unicode text.", inner);
}
