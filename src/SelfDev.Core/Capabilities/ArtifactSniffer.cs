using SelfDev.Core.Artifacts;
using SelfDev.Core.Text;

namespace SelfDev.Core.Capabilities;

/// <summary>What a file is, or why nothing here reads it.</summary>
/// <param name="Match">Null when it is refused.</param>
/// <param name="Reason">For a refused file: what is wrong and what to do, fit to be shown. Empty otherwise.</param>
public sealed record SniffResult(FormatMatch? Match, string Reason);

/// <summary>Asks every room whether it reads a file; the surest one wins.</summary>
public sealed class ArtifactSniffer(IEnumerable<ICapability> capabilities)
{
    private readonly IReadOnlyList<ICapability> _capabilities =
    [
        .. capabilities.OrderBy(capability => capability.Kind, StringComparer.Ordinal),
    ];

    /// <summary>Reads the beginning of a file and tells what it is. Never throws for what is in the file.</summary>
    /// <param name="kind">Only this kind is asked (<c>--kind</c>); null: all.</param>
    public SniffResult Sniff(ArtifactFile file, string? kind = null)
    {
        try
        {
            using var content = file.Open();
            return Sniff(ReadHead(file.Name, content).Head, kind);
        }
        catch (ArtifactUnreadableException unreadable)
        {
            return new SniffResult(null, unreadable.Message);
        }
    }

    /// <summary>As above, from a beginning that was read already.</summary>
    public SniffResult Sniff(ArtifactHead head, string? kind = null)
    {
        if (head.Bytes.IsEmpty)
        {
            return new SniffResult(null, "The file is empty.");
        }

        // The name is only a hint: it decides between rooms that are equally sure.
        var hint = ArtifactName.Parse(head.Name, out _)?.KindHint;
        var best = _capabilities
            .Where(capability => kind is null || capability.Kind == kind)
            .Select(capability => capability.Sniff(head))
            .OfType<FormatMatch>()
            .OrderByDescending(match => match.Confidence)
            .ThenByDescending(match => match.Kind == hint)
            .FirstOrDefault();
        return best is null ? new SniffResult(null, Explain(head.Bytes.Span, kind)) : new SniffResult(best, "");
    }

    /// <summary>Reads the beginning of a content.</summary>
    /// <returns>
    /// The head, and everything that was taken from the stream for it: one byte more than <see
    /// cref="ReadLimits.HeadBytes"/> where there is more, since only that tells. Who reads on has to count it.
    /// </returns>
    public static (ArtifactHead Head, ReadOnlyMemory<byte> Taken) ReadHead(string name, Stream content)
    {
        var bytes = new byte[ReadLimits.HeadBytes + 1];
        var read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var head = new ArtifactHead(
            name,
            bytes.AsMemory(0, Math.Min(read, ReadLimits.HeadBytes)),
            read <= ReadLimits.HeadBytes
        );
        return (head, bytes.AsMemory(0, read));
    }

    private string Explain(ReadOnlySpan<byte> start, string? kind)
    {
        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return "The file is UTF-16 text. Convert it first: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8";
        }

        if (CompressedContent.Name(start) is { } compression)
        {
            return $"This is a {compression} file, which is not read here. {CompressedContent.Remedy(compression)}";
        }

        if (start.Contains((byte)0))
        {
            return "The file is binary, not text. " + Known(kind);
        }

        return start.ContainsAnyExcept(" \t\r\n"u8)
            ? "The file's content is of no known format. " + Known(kind)
            : "The file holds nothing but white space.";
    }

    private string Known(string? kind)
    {
        var asked = _capabilities.Where(capability => kind is null || capability.Kind == kind).ToList();
        return asked.Count == 0
            ? $"There is no kind '{SafeText.SingleLine(kind ?? "")}'; the kinds are "
                + $"{string.Join(", ", _capabilities.Select(capability => capability.Kind))}."
            : "Known formats: "
                + string.Join(
                    "; ",
                    asked.Select(capability => $"{capability.Kind} ({string.Join(", ", capability.Formats)})")
                )
                + ".";
    }
}
