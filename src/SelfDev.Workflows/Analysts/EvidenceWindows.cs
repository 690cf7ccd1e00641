using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Redaction;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>Cuts the lines around the evidence out of an artifact: all that an analyst gets to see of it.</summary>
public static class EvidenceWindows
{
    /// <summary>Reads the file once, up to the last line wanted, in memory bounded by <see
    /// cref="EvidenceWindowOptions"/>.</summary>
    /// <param name="groups">As <see cref="FindingGroups.Of"/> gives them.</param>
    /// <exception cref="ArtifactUnreadableException">The file can no longer be read.</exception>
    /// <exception cref="OperationCanceledException"/>
    public static ExtractedEvidence Extract(
        ArtifactFile file,
        IReadOnlyList<IReadOnlyList<Finding>> groups,
        CancellationToken cancellation,
        EvidenceWindowOptions? options = null
    ) => Extract([file], groups, ReadLimits.Default, cancellation, options);

    /// <summary>As above, for artifacts of several files; evidence names its file by <see
    /// cref="ArtifactFile.Name"/>.</summary>
    public static ExtractedEvidence Extract(
        IReadOnlyList<ArtifactFile> files,
        IReadOnlyList<IReadOnlyList<Finding>> groups,
        ReadLimits limits,
        CancellationToken cancellation,
        EvidenceWindowOptions? options = null
    )
    {
        options ??= new EvidenceWindowOptions();
        var windows = groups.Select(_ => new List<EvidenceWindow>()).ToArray();
        var left = groups.Select(_ => options.MaxCharsPerGroup).ToArray();
        var suspect = new List<SuspectLine>();
        foreach (var file in files)
        {
            var name = files.Count == 1 ? null : file.Name;
            var wanted = groups.Select(group => WantedLines(group, file.Name, options)).ToArray();
            var lines = Read(file, wanted.SelectMany(line => line), limits, options, cancellation);
            for (var group = 0; group < groups.Count; group++)
            {
                windows[group].AddRange(Cut(name, wanted[group], lines, ref left[group]));
            }

            suspect.AddRange(Suspects(name, lines, windows));
        }

        return new ExtractedEvidence([.. windows], suspect);
    }

    /// <summary>What the findings quote and nothing around it, for artifacts of which no more may be shown (<see
    /// cref="Analysis.QuotesOnly"/>).</summary>
    public static ExtractedEvidence OfQuotes(
        IReadOnlyList<IReadOnlyList<Finding>> groups,
        EvidenceWindowOptions? options = null
    )
    {
        options ??= new EvidenceWindowOptions();
        var windows = new List<IReadOnlyList<EvidenceWindow>>();
        var suspects = new List<SuspectLine>();
        foreach (var group in groups)
        {
            var quotes = group
                .SelectMany(finding => finding.Evidence)
                .Where(quote => quote.Text.Length > 0)
                .DistinctBy(quote => (quote.File, quote.Line))
                .Take(options.MaxLinesPerGroup)
                .ToList();
            windows.Add([.. quotes.Select(quote => new EvidenceWindow(quote.File, quote.Line, [quote.Text]))]);
            suspects.AddRange(
                InjectionDetector
                    .Scan([.. quotes.Select(quote => quote.Text)])
                    .GroupBy(sign => sign.Line)
                    .Select(signs => new SuspectLine(quotes[signs.Key - 1], [.. signs.Select(sign => sign.Kind)]))
            );
        }

        return new ExtractedEvidence(windows, suspects);
    }

    // Evidence lines first, the root's before the others', then their neighbours by distance.
    private static List<long> WantedLines(IReadOnlyList<Finding> group, string file, EvidenceWindowOptions options)
    {
        var evidence = group
            .SelectMany(finding => finding.Evidence)
            .Where(line => line.File is null || line.File == file)
            .Select(line => line.Line)
            .Distinct()
            .ToList();
        var wanted = new HashSet<long>();
        var ordered = new List<long>();
        for (var distance = 0; distance <= options.ContextLines; distance++)
        {
            foreach (var line in evidence)
            {
                foreach (var near in distance == 0 ? [line] : new[] { line - distance, line + distance })
                {
                    if (near >= 1 && ordered.Count < options.MaxLinesPerGroup && wanted.Add(near))
                    {
                        ordered.Add(near);
                    }
                }
            }
        }

        return ordered;
    }

    private static Dictionary<long, Evidence> Read(
        ArtifactFile file,
        IEnumerable<long> wanted,
        ReadLimits limits,
        EvidenceWindowOptions options,
        CancellationToken cancellation
    )
    {
        var numbers = wanted.Distinct().Order().ToArray();
        var lines = new Dictionary<long, Evidence>(numbers.Length);
        if (numbers.Length == 0)
        {
            return lines;
        }

        using var reader = new LineReader(file.Open(), limits);
        var next = 0;
        while (next < numbers.Length && reader.TryRead(out var line))
        {
            if (line.Number % 4096 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            if (line.Number == numbers[next])
            {
                // Four bytes a character at most: what is cut here is over the character limit for certain.
                var bytes = line.Bytes[..Math.Min(line.Bytes.Length, options.MaxLineChars * 4)];
                var text = Encoding.UTF8.GetString(bytes);
                lines.Add(
                    line.Number,
                    new Evidence(
                        line.Number,
                        line.Offset,
                        text.Length > options.MaxLineChars
                            ? CutText.WithoutPartialWord(text[..options.MaxLineChars])
                            : text
                    )
                );
                next++;
            }
        }

        return lines;
    }

    private static List<EvidenceWindow> Cut(
        string? file,
        List<long> wanted,
        Dictionary<long, Evidence> lines,
        ref int left
    )
    {
        var kept = new SortedSet<long>();
        foreach (var number in wanted)
        {
            if (lines.TryGetValue(number, out var line) && line.Text.Length < left)
            {
                kept.Add(number);
                left -= line.Text.Length + 1;
            }
        }

        var windows = new List<EvidenceWindow>();
        var current = new List<string>();
        var first = 0L;
        foreach (var number in kept)
        {
            if (current.Count > 0 && number != first + current.Count)
            {
                windows.Add(new EvidenceWindow(file, first, current));
                current = [];
            }

            first = current.Count == 0 ? number : first;
            current.Add(lines[number].Text);
        }

        if (current.Count > 0)
        {
            windows.Add(new EvidenceWindow(file, first, current));
        }

        return windows;
    }

    private static IEnumerable<SuspectLine> Suspects(
        string? file,
        Dictionary<long, Evidence> lines,
        List<EvidenceWindow>[] windows
    )
    {
        var shown = windows
            .SelectMany(group => group)
            .Where(window => window.File == file)
            .SelectMany(window => window.Lines.Select((_, index) => window.FirstLine + index))
            .Distinct()
            .Order()
            .ToList();
        var signs = InjectionDetector.Scan([.. shown.Select(number => lines[number].Text)]);
        return signs
            .GroupBy(sign => sign.Line)
            .Select(group =>
            {
                var line = lines[shown[group.Key - 1]];
                var text =
                    line.Text.Length > Limits.EvidenceTextChars ? line.Text[..Limits.EvidenceTextChars] : line.Text;
                return new SuspectLine(line with { File = file, Text = text }, [.. group.Select(sign => sign.Kind)]);
            });
    }
}

/// <summary>Sizes of what an analyst sees; they bound the prompt whatever the artifact holds.</summary>
public sealed record EvidenceWindowOptions
{
    /// <value>Lines before and after each evidence line, 0 to 50. Default 5.</value>
    public int ContextLines { get; init; } = 5;

    /// <value>Lines for one group, 1 to 1000. Default 160.</value>
    public int MaxLinesPerGroup { get; init; } = 160;

    /// <value>Characters of one line, 80 to 10,000; the rest of a longer one is left out. Default 1000.</value>
    public int MaxLineChars { get; init; } = 1000;

    /// <value>Characters for one group, 1,000 to 200,000. Default 24,000: about 8,000 tokens.</value>
    public int MaxCharsPerGroup { get; init; } = 24_000;
}

/// <param name="Windows">For each group, in the order given: its windows in order of file and line. Not redacted
/// yet.</param>
/// <param name="Suspects">Lines in the windows that speak to a model rather than about a run; see <see
/// cref="InjectionFinding"/>.</param>
public sealed record ExtractedEvidence(
    IReadOnlyList<IReadOnlyList<EvidenceWindow>> Windows,
    IReadOnlyList<SuspectLine> Suspects
)
{
    /// <summary>The windows of a group, by its 0-based position.</summary>
    public IReadOnlyList<EvidenceWindow> this[int group] => Windows[group];
}

/// <param name="Kinds">Of <see cref="InjectionKinds"/>.</param>
public sealed record SuspectLine(Evidence Line, IReadOnlyList<string> Kinds);
