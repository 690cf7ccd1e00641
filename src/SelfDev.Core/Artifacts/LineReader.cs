using System.Text;
using System.Text.Unicode;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Artifacts;

/// <summary>
/// Reads an artifact line by line as bytes: forward only, in bounded memory whatever the lines' length, at the speed of
/// the search for line ends. Line ends are LF and CR LF; a UTF-8 byte order mark is left out.
/// </summary>
/// <example>
/// <code>
/// using var reader = new LineReader(file.Open(), request.Limits);
/// while (reader.TryRead(out var line))
/// {
///     ...
/// }
/// var summary = new ArtifactSummary(file.Name, kind, format, reader.Bytes, reader.Lines, rejected, reader.Sha256);
/// </code>
/// </example>
public sealed class LineReader(Stream stream, ReadLimits limits) : IDisposable
{
    private readonly TextBlockReader _blocks = new(stream, limits);
    private TextBlock? _block;
    private int _next;
    private bool _ended;

    /// <value>Bytes of the content read so far from the stream; all of them once <see cref="TryRead"/> has returned
    /// false.</value>
    public long Bytes => _blocks.Bytes;

    /// <value>Lines returned so far.</value>
    public long Lines { get; private set; }

    /// <value>Lines returned so far that were cut at <see cref="ReadLimits.MaxLineBytes"/>.</value>
    public long TruncatedLines { get; private set; }

    /// <inheritdoc cref="TextBlockReader.Sha256"/>
    public string Sha256 => _blocks.Sha256;

    /// <summary>The next line. Its bytes are valid until the next call.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="ArtifactUnreadableException">The content is UTF-16, or the stream refuses (a cap, truncated
    /// gzip).</exception>
    public bool TryRead(out TextLine line)
    {
        while (_block is null || _next >= _block.Bytes.Length)
        {
            _block?.Dispose();
            _next = 0;
            _block = _ended ? null : _blocks.Read();
            if (_block is null)
            {
                _ended = true;
                line = default;
                return false;
            }
        }

        Lines++;
        line = _block.LineAt(_next, Lines, out _next);
        TruncatedLines += line.IsTruncated ? 1 : 0;
        return true;
    }

    public void Dispose()
    {
        _block?.Dispose();
        _blocks.Dispose();
    }
}

/// <summary>One line of an artifact, as bytes, without its line end.</summary>
public readonly ref struct TextLine
{
    internal TextLine(ReadOnlySpan<byte> bytes, long number, long offset, bool isTruncated)
    {
        Bytes = bytes;
        Number = number;
        Offset = offset;
        IsTruncated = isTruncated;
    }

    public ReadOnlySpan<byte> Bytes { get; }

    /// <value>1-based.</value>
    public long Number { get; }

    /// <value>Byte offset of the first byte in the decompressed content.</value>
    public long Offset { get; }

    /// <value>Whether the line was longer than <see cref="ReadLimits.MaxLineBytes"/> and <see cref="Bytes"/> holds its
    /// beginning only.</value>
    public bool IsTruncated { get; }

    /// <value>Whether the bytes are well-formed UTF-8. Looks at every byte: for readers that must refuse other
    /// lines.</value>
    public bool IsUtf8 => Utf8.IsValid(Bytes);

    /// <summary>The line as evidence of a finding.</summary>
    /// <param name="file">The file's name where the artifact has several.</param>
    public Evidence ToEvidence(string? file = null) => new(Number, Offset, EvidenceText.Of(Bytes)) { File = file };
}

/// <summary>Text of a line as findings quote it.</summary>
public static class EvidenceText
{
    /// <summary>
    /// Decodes UTF-8, each malformed sequence as U+FFFD, and cuts at <see cref="Limits.EvidenceTextChars"/> characters
    /// without splitting a surrogate pair. Nothing is added: uncut and well-formed text is the line itself, cut text
    /// its beginning.
    /// </summary>
    public static string Of(ReadOnlySpan<byte> line)
    {
        // No character takes more than three bytes for each UTF-16 unit, so more bytes than that cannot matter.
        const int MaxBytes = Limits.EvidenceTextChars * 3;
        if (line.Length > MaxBytes)
        {
            line = line[..MaxBytes];
        }

        var text = Encoding.UTF8.GetString(line);
        if (text.Length <= Limits.EvidenceTextChars)
        {
            return text;
        }

        var length = char.IsHighSurrogate(text[Limits.EvidenceTextChars - 1])
            ? Limits.EvidenceTextChars - 1
            : Limits.EvidenceTextChars;
        return text[..length];
    }
}
