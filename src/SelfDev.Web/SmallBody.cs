using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using SelfDev.Core.Text;

namespace SelfDev.Web;

/// <summary>
/// The body of a small form or JSON object, read whole and bounded. The only reader of such bodies: whatever is wrong
/// with one ends as <see cref="BadHttpRequestException"/> with status 400 or 413 and words for the sender, which <see
/// cref="WebRoute.InvokeAsync"/> answers.
/// </summary>
internal sealed class SmallBody
{
    private const int MaxFields = 16;
    private const int ChunkBytes = 16 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly IReadOnlyDictionary<string, object?> _fields;

    private SmallBody(IReadOnlyDictionary<string, object?> fields) => _fields = fields;

    /// <summary>Reads <c>application/x-www-form-urlencoded</c> or JSON, as the content type says.</summary>
    /// <exception cref="BadHttpRequestException">It is too large (413), cut off, of another type, or not well-formed
    /// (400).</exception>
    public static async Task<SmallBody> ReadAsync(HttpRequest request, int maxBytes)
    {
        if (request.HasJsonContentType())
        {
            using var json = await ReadJsonAsync(request, maxBytes);
            return new SmallBody(FieldsOf(json.RootElement));
        }

        var type = (request.ContentType ?? "").Split(';')[0].Trim();
        return type.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            ? new SmallBody(await FieldsOfAsync(await ReadBytesAsync(request, maxBytes)))
            : throw Bad(
                "Send application/x-www-form-urlencoded or application/json, and say so in the header Content-Type."
            );
    }

    /// <summary>Reads a JSON document.</summary>
    /// <exception cref="BadHttpRequestException">As for <see cref="ReadAsync"/>.</exception>
    public static async Task<JsonDocument> ReadJsonAsync(HttpRequest request, int maxBytes)
    {
        if (!request.HasJsonContentType())
        {
            throw Bad("Send application/json, and say so in the header Content-Type.");
        }

        var bytes = await ReadBytesAsync(request, maxBytes);
        try
        {
            return JsonDocument.Parse(bytes, Strict);
        }
        // A name with half a surrogate pair cannot be compared with the others.
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw Bad($"The JSON cannot be read: {SafeText.SingleLine(wrong.Message)}");
        }
    }

    /// <returns>Null where the field is absent, null, or empty.</returns>
    /// <exception cref="BadHttpRequestException">It is something else than text.</exception>
    public string? Text(string name) =>
        _fields.GetValueOrDefault(name) switch
        {
            null or "" => null,
            string text => text,
            _ => throw Bad($"'{name}' must be text."),
        };

    /// <returns>Null where the field is absent or is neither true nor false.</returns>
    public bool? Flag(string name) =>
        _fields.GetValueOrDefault(name) switch
        {
            bool flag => flag,
            string text when bool.TryParse(text, out var flag) => flag,
            _ => null,
        };

    private static Dictionary<string, object?> FieldsOf(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Bad("Send one JSON object.");
        }

        try
        {
            if (root.GetPropertyCount() > MaxFields)
            {
                throw Bad($"At most {MaxFields} fields are read here.");
            }

            return root.EnumerateObject()
                .ToDictionary(
                    field => field.Name,
                    field =>
                        field.Value.ValueKind switch
                        {
                            JsonValueKind.String => (object?)field.Value.GetString(),
                            JsonValueKind.True => true,
                            JsonValueKind.False => false,
                            JsonValueKind.Null => null,
                            _ => field.Value.ValueKind,
                        }
                );
        }
        // \ud800 and its like: half a character.
        catch (InvalidOperationException)
        {
            throw Bad("The JSON holds text that is no Unicode: an escape like \\ud800 without its other half.");
        }
    }

    private static async Task<Dictionary<string, object?>> FieldsOfAsync(byte[] bytes)
    {
        try
        {
            using var reader = new FormReader(Encoding.UTF8.GetString(bytes)) { ValueCountLimit = MaxFields };
            var fields = await reader.ReadFormAsync();
            return fields.ToDictionary(
                field => field.Key,
                field =>
                    field.Value is [var value]
                        ? (object?)value
                        : throw Bad($"The field '{SafeText.SingleLine(field.Key)}' stands there more than once.")
            );
        }
        catch (InvalidDataException wrong)
        {
            throw Bad($"The form cannot be read: {SafeText.SingleLine(wrong.Message)}");
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, int maxBytes)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }

        using var body = new MemoryStream();
        var chunk = new byte[Math.Min(ChunkBytes, maxBytes + 1)];
        try
        {
            for (int read; (read = await request.Body.ReadAsync(chunk, request.HttpContext.RequestAborted)) > 0; )
            {
                body.Write(chunk, 0, read);
                if (body.Length > maxBytes)
                {
                    throw TooLarge(maxBytes);
                }
            }
        }
        catch (IOException cut) when (cut is not BadHttpRequestException)
        {
            throw Bad("The body broke off.");
        }

        var bytes = body.ToArray();
        return Utf8.IsValid(bytes) ? bytes : throw Bad("The body is not UTF-8.");
    }

    private static BadHttpRequestException Bad(string message) => new(message, StatusCodes.Status400BadRequest);

    private static BadHttpRequestException TooLarge(int maxBytes) =>
        new($"At most {maxBytes} bytes are read here.", StatusCodes.Status413PayloadTooLarge);
}
