using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Reading;

/// <summary>
/// Reads a request log into traffic: JSON lines, one document over many lines, arrays of requests. A line that is no
/// request is counted as rejected and left out.
/// </summary>
internal sealed class RequestLogReader(ServingTraffic traffic)
{
    /// <summary>A single document is held in memory; a log of this size is written as lines.</summary>
    private const int MaxDocumentBytes = 256 << 20;

    /// <summary>Prompts with tool schemas of megabytes are one line.</summary>
    public const int MaxLineBytes = 32 << 20;

    private readonly RequestFormat _format = new();
    private readonly ServedRequest _request = new();

    public long Rejected { get; private set; }

    public long Lines { get; private set; }

    public long Bytes { get; private set; }

    public string Sha256 { get; private set; } = "";

    public void Read(ArtifactFile file, int index, ReadLimits limits, CancellationToken cancellation)
    {
        using var reader = new LineReader(
            file.Open(),
            limits with
            {
                MaxLineBytes = Math.Max(limits.MaxLineBytes, MaxLineBytes),
            }
        );
        _request.File = index;
        _request.FileName = file.Name;
        MemoryStream? document = null;
        while (reader.TryRead(out var line))
        {
            if (reader.Lines % 256 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            var text = line.Bytes.Trim(" \t\r\n"u8);
            if (document is not null)
            {
                Append(document, line.Bytes);
            }
            else if (!text.IsEmpty && !TryTake(text, line.Number, line.Offset))
            {
                if (IsDocumentStart(text, traffic.Requests, Rejected))
                {
                    document = new MemoryStream();
                    Append(document, line.Bytes);
                }
                else
                {
                    Rejected++;
                }
            }
        }

        if (document is not null)
        {
            ReadDocument(document.GetBuffer().AsSpan(0, (int)document.Length));
        }

        (Lines, Bytes, Sha256) = (reader.Lines, reader.Bytes, reader.Sha256);
    }

    /// <summary>A first line that only opens something: the file is one document.</summary>
    private static bool IsDocumentStart(ReadOnlySpan<byte> text, long requests, long rejected) =>
        requests == 0
        && rejected == 0
        && text[0] is (byte)'{' or (byte)'['
        && text[^1] is (byte)'{' or (byte)'[' or (byte)',';

    private static void Append(MemoryStream document, ReadOnlySpan<byte> line)
    {
        if (document.Length + line.Length + 1 > MaxDocumentBytes)
        {
            throw new ArtifactUnreadableException(
                $"The file is one JSON document of more than {MaxDocumentBytes >> 20} MiB. Write one request a line "
                    + $"instead: jq -c '.[]' FILE > FILE.jsonl"
            );
        }

        document.Write(line);
        document.WriteByte((byte)'\n');
    }

    private void ReadDocument(ReadOnlySpan<byte> document)
    {
        if (!TryTake(document, 1, 0))
        {
            Rejected++;
        }
    }

    private bool TryTake(ReadOnlySpan<byte> text, long line, long offset)
    {
        var taken = false;
        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 0)
                {
                    continue;
                }

                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    var start = (int)reader.TokenStartIndex;
                    _request.Clear();
                    _request.Line = line + (start > 0 ? text[..start].Count((byte)'\n') : 0);
                    _request.Offset = offset + (start > 0 ? text[..start].LastIndexOf((byte)'\n') + 1 : 0);
                    var isWhole = reader.CurrentDepth > 0;
                    if (_format.TryRead(ref reader, _request))
                    {
                        // A line counts once it has been read to its end; an element of an array stands by itself.
                        if (!isWhole && reader.Read())
                        {
                            return taken;
                        }

                        traffic.Take(_request);
                        taken = true;
                    }
                }
            }
        }
        catch (JsonException)
        {
            return taken;
        }
        catch (InvalidOperationException)
        {
            // Malformed UTF-8 inside a name or a number.
            return taken;
        }

        return taken;
    }
}
