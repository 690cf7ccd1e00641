using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace SelfDev.Core.Reports.Render;

/// <summary>
/// A piece of HTML. It comes into being by interpolation only, and whatever stands in a hole is encoded unless it is
/// HTML itself:
/// <c>Html.Of($"&lt;td&gt;{logLine}&lt;/td&gt;")</c> is safe whatever the log line holds.
/// </summary>
/// <remarks>
/// The encoding covers element content and quoted attribute values. It does not make a URL harmless
/// (<c>javascript:</c>) and does not suit the inside of <c>script</c> and <c>style</c>: put no foreign text there.
/// </remarks>
public readonly struct Html
{
    private readonly string? _markup;

    private Html(string markup) => _markup = markup;

    public static Html Empty => default;

    /// <summary>Literal parts are markup, holes are text; holes of type <see cref="Html"/> (or many of them) are
    /// markup.</summary>
    public static Html Of(HtmlInterpolation content) => new(content.ToString());

    /// <summary>Encodes text.</summary>
    public static Html Text(string? text) => new(HtmlInterpolation.Encode(text));

    /// <summary>Takes markup as it is. For assets of our own, never for anything that came from outside.</summary>
    public static Html Trusted(string markup) => new(markup);

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part.ToString())));

    public override string ToString() => _markup ?? "";
}

/// <summary>Collects the parts of an <see cref="Html.Of"/> call, encoding as it goes.</summary>
[InterpolatedStringHandler]
public readonly ref struct HtmlInterpolation
{
    // Letters of every script stay readable in the page's source; what matters to HTML is encoded all the same.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _content;

    public HtmlInterpolation(int literalLength, int formattedCount) =>
        _content = new StringBuilder(literalLength + (16 * formattedCount));

    public void AppendLiteral(string value) => _content.Append(value);

    public void AppendFormatted(Html value) => _content.Append(value.ToString());

    public void AppendFormatted(string? value) => _content.Append(Encode(value));

    public void AppendFormatted<T>(T value) => AppendFormatted(value, null);

    /// <summary>Many pieces of HTML are written one after the other; numbers and times in the invariant
    /// culture.</summary>
    public void AppendFormatted<T>(T value, string? format)
    {
        // Tested here and not by an overload: for an array or a list the compiler would prefer this generic method.
        if (value is IEnumerable<Html> pieces)
        {
            foreach (var piece in pieces)
            {
                _content.Append(piece.ToString());
            }

            return;
        }

        _content.Append(
            Encode(
                value is IFormattable formattable
                    ? formattable.ToString(format, CultureInfo.InvariantCulture)
                    : value?.ToString()
            )
        );
    }

    public override string ToString() => _content.ToString();

    internal static string Encode(string? text) => string.IsNullOrEmpty(text) ? "" : Encoder.Encode(text);
}
