using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Formats;

/// <summary>What a JSON document's numbers are called and where they stand.</summary>
internal interface IJsonSink
{
    /// <param name="depth">Depth of the object: 1 is the document itself.</param>
    void StartObject(int depth, ReadOnlySpan<byte> name, in JsonPlace place);

    void EndObject(int depth);

    /// <param name="value">A number, or a string that was quoted; NaN and infinities come as Python writes
    /// them.</param>
    /// <param name="depth">Depth of the object that holds it.</param>
    void Value(int depth, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, in JsonPlace place);
}

/// <param name="line">1-based number of the line that the token stands on.</param>
/// <param name="lineOffset">Byte offset of that line in the content.</param>
/// <param name="tokenOffset">Byte offset of the token in the content.</param>
internal readonly ref struct JsonPlace(long line, long lineOffset, ReadOnlySpan<byte> lineText, long tokenOffset)
{
    public long Line { get; } = line;

    public long LineOffset { get; } = lineOffset;

    public ReadOnlySpan<byte> LineText { get; } = lineText;

    public long TokenOffset { get; } = tokenOffset;
}

/// <summary>
/// A forward-only tokenizer for large JSON documents of numbers that knows the line of every token and takes Python's
/// bare NaN and Infinity. Tolerant: it tells structure by braces and names by colons, and leaves judging to its sink.
/// Depth costs nothing.
/// </summary>
internal sealed class JsonDocumentScan(IJsonSink sink)
{
    private const int MaxToken = 256;

    private readonly byte[] _token = new byte[MaxToken];
    private readonly byte[] _name = new byte[MaxToken];
    private int _tokenLength;
    private int _nameLength;
    private int _depth;
    private bool _inString;
    private bool _escaped;
    private bool _hasToken;
    private bool _quoted;
    private long _tokenOffset;

    /// <value>Whether the document ended where it began, with every brace closed.</value>
    public bool IsComplete => _depth == 0 && !_inString;

    public void Scan(TextBlock block)
    {
        var line = block.FirstLine;
        for (var start = 0; start < block.Bytes.Length; line++)
        {
            var text = block.LineAt(start, line, out var next);
            ScanLine(text);
            start = next;
        }
    }

    private void ScanLine(in TextLine line)
    {
        var bytes = line.Bytes;
        for (var i = 0; i < bytes.Length; i++)
        {
            var c = bytes[i];
            if (_inString)
            {
                if (_escaped)
                {
                    _escaped = false;
                }
                else if (c == '\\')
                {
                    _escaped = true;
                }
                else if (c == '"')
                {
                    _inString = false;
                    continue;
                }

                Keep(c);
                continue;
            }

            switch (c)
            {
                case (byte)'"':
                    Begin(line.Offset + i, quoted: true);
                    _inString = true;
                    break;
                case (byte)':':
                    _token.AsSpan(0, _tokenLength).CopyTo(_name);
                    _nameLength = _tokenLength;
                    _hasToken = false;
                    break;
                case (byte)'{':
                    _hasToken = false;
                    _depth++;
                    sink.StartObject(
                        _depth,
                        _name.AsSpan(0, _nameLength),
                        new JsonPlace(line.Number, line.Offset, line.Bytes, line.Offset + i)
                    );
                    _nameLength = 0;
                    break;
                case (byte)',':
                case (byte)']':
                    Flush(line);
                    break;
                case (byte)'}':
                    Flush(line);
                    sink.EndObject(_depth);
                    _depth = Math.Max(0, _depth - 1);
                    break;
                case (byte)'[':
                    _hasToken = false;
                    break;
                case (byte)' ' or (byte)'\t' or (byte)'\r':
                    break;
                default:
                    if (!_hasToken || _quoted)
                    {
                        Begin(line.Offset + i, quoted: false);
                    }

                    Keep(c);
                    break;
            }
        }

        // A token never spans lines outside strings: a value at the end of its line is whole.
        if (!_inString && _hasToken && !_quoted)
        {
            Flush(line);
        }
    }

    private void Begin(long offset, bool quoted)
    {
        _hasToken = true;
        _quoted = quoted;
        _tokenLength = 0;
        _tokenOffset = offset;
    }

    private void Keep(byte c)
    {
        if (_tokenLength < MaxToken)
        {
            _token[_tokenLength++] = c;
        }
    }

    private void Flush(in TextLine line)
    {
        if (_hasToken && _nameLength > 0)
        {
            sink.Value(
                _depth,
                _name.AsSpan(0, _nameLength),
                _token.AsSpan(0, _tokenLength),
                new JsonPlace(line.Number, line.Offset, line.Bytes, _tokenOffset)
            );
        }

        _hasToken = false;
        _nameLength = 0;
    }
}
