using System.Globalization;
using System.Text;
using System.Text.Json;
using ICSharpCode.SharpZipLib.Zip;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;
using SelfDev.Core.Formats;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// Inspect's <c>.eval</c> archives: a zip with <c>header.json</c>, <c>summaries.json</c> and
/// <c>samples/&lt;id&gt;_epoch_&lt;n&gt;.json</c>. Older ones are deflated and are read; newer ones use Zstandard (zip
/// method 93), which is answered with the command that converts them. Source: inspect_ai/log/_recorders/eval.py.
/// Evidence in an archive counts entries, from 1, instead of lines.
/// </summary>
internal static class InspectArchiveFormat
{
    /// <summary>Zip method 93 of APPNOTE 4.4.5.</summary>
    private const int Zstandard = 93;

    private const int MaxEntries = 1_000_000;

    public const string Remedy = "Convert the log first: inspect log convert FILE --to json --output-dir DIR";

    public static void Read(EvaluationSource source)
    {
        using var archive = Open(source);
        var log = new InspectLog(source);
        var budget = new Budget(source.Limits, source.Bytes);
        var header =
            archive.GetEntry("header.json")
            ?? archive.GetEntry("_journal/start.json")
            ?? throw new ArtifactUnreadableException(
                $"'{source.File.Name}' has neither header.json nor _journal/start.json: it is no Inspect log."
            );
        Place? place = null;
        Visit(
            archive,
            header,
            source,
            budget,
            (json, entry) =>
            {
                foreach (var property in json.EnumerateObject())
                {
                    place ??= entry;
                    log.TakeHeader(property.Name, property.Value, PropertyPlace(entry, property));
                }
            }
        );
        foreach (ZipEntry entry in archive)
        {
            source.Cancellation.ThrowIfCancellationRequested();
            if (entry.Name.StartsWith("samples/", StringComparison.Ordinal) && entry.IsFile)
            {
                Visit(archive, entry, source, budget, (json, at) => log.TakeSample(json, at.Line, 0));
            }
        }

        log.End(place ?? new Place(source.File.Name, 1, 0, header.Name));
        source.Read(archive.Count);
    }

    private static ZipFile Open(EvaluationSource source)
    {
        var bytes = source.ReadAll();
        try
        {
            var archive = new ZipFile(
                new MemoryStream(bytes, writable: false),
                leaveOpen: false,
                StringCodec.FromEncoding(Encoding.UTF8)
            );
            if (archive.Count > MaxEntries)
            {
                throw new ArtifactUnreadableException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"'{source.File.Name}' has {archive.Count} entries; {MaxEntries} are the most that is read."
                    )
                );
            }

            foreach (ZipEntry entry in archive)
            {
                if ((int)entry.CompressionMethod == Zstandard)
                {
                    throw new ArtifactUnreadableException(
                        $"'{source.File.Name}' is compressed with Zstandard (zip method 93, entry "
                            + $"'{SafeText.SingleLine(entry.Name)}'), which is not read here. {Remedy}"
                    );
                }
            }

            return archive;
        }
        catch (Exception broken)
            when (broken is ZipException or EndOfStreamException or ArgumentException or IOException)
        {
            throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{source.File.Name}' is a zip file without its directory at the end ({bytes.Length} bytes): it "
                        + $"was cut off. Copy it again once the evaluation has ended."
                ),
                broken
            );
        }
    }

    private static void Visit(
        ZipFile archive,
        ZipEntry entry,
        EvaluationSource source,
        Budget budget,
        Action<JsonElement, Place> visit
    )
    {
        var number = entry.ZipFileIndex + 1;
        try
        {
            using var stream = archive.GetInputStream(entry);
            using var content = new MemoryStream();
            budget.Copy(stream, content, source.File.Name);
            var bytes = content.ToArray();
            JsonText.Quote(bytes);
            using var document = JsonText.Parse(bytes);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                visit(
                    document.RootElement,
                    new Place(source.File.Name, number, 0, EvidenceText.Of(Encoding.UTF8.GetBytes(entry.Name)))
                );
                return;
            }

            source.Reject(number, $"Entry '{entry.Name}' is not a JSON object.");
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            source.Reject(number, $"Entry '{entry.Name}' is not well-formed JSON.");
        }
        catch (Exception broken)
            when (broken is ZipException or IOException or ICSharpCode.SharpZipLib.SharpZipBaseException)
        {
            source.Reject(number, $"Entry '{entry.Name}' cannot be decompressed: the archive is damaged there.");
        }
    }

    private static Place PropertyPlace(Place entry, JsonProperty property)
    {
        var text = $"\"{property.Name}\":{property.Value.GetRawText()}";
        return entry with { Text = text.Length > Limits.EvidenceTextChars ? text[..Limits.EvidenceTextChars] : text };
    }

    /// <summary>What all entries together may come to, against archives that unpack without end.</summary>
    private sealed class Budget(ReadLimits limits, long compressed)
    {
        private long _left = (long)
            Math.Min(
                Math.Min(limits.MaxBytes, 16L << 30),
                Math.Max(16L << 20, compressed * limits.MaxCompressionRatio)
            );

        public void Copy(Stream stream, MemoryStream content, string file)
        {
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                _left -= read;
                if (_left < 0 || content.Length + read > EvaluationSource.MaxDocumentBytes)
                {
                    throw new ArtifactUnreadableException(
                        $"'{file}' unpacks to far more than it should ({limits.MaxCompressionRatio} times its size is "
                            + $"the most that is read)."
                    );
                }

                content.Write(buffer, 0, read);
            }
        }
    }
}
