using System.Text.Json;
using System.Text.RegularExpressions;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;

namespace SelfDev.Core.Training.Model;

/// <summary>What known log lines mean and what their vendors say to do, read from the embedded
/// <c>signatures.json</c>.</summary>
public sealed class SignatureTable
{
    /// <summary>Characters of a line that a pattern sees: a signature stands at a line's beginning, and patterns run in
    /// linear time of this at most.</summary>
    public const int MaxPatternChars = 4096;

    private static readonly Lazy<SignatureTable> Embedded = new(Load);

    private readonly Dictionary<string, XidMeaning> _xids;

    private SignatureTable(IReadOnlyList<Signature> signatures, Dictionary<string, XidMeaning> xids)
    {
        Signatures = signatures;
        _xids = xids;
    }

    public static SignatureTable Default => Embedded.Value;

    /// <value>In the order of precedence: of several that match one line, the first counts.</value>
    public IReadOnlyList<Signature> Signatures { get; }

    /// <summary>What an Xid number means; null for one that the catalogue does not hold.</summary>
    public XidMeaning? Xid(string number) => _xids.GetValueOrDefault(number);

    private static SignatureTable Load()
    {
        using var stream = typeof(SignatureTable).Assembly.GetManifestResourceStream(
            "SelfDev.Core.Training.signatures.json"
        )!;
        var content = JsonSerializer.Deserialize<Content>(stream, SelfDevJson.Stored)!;
        return new SignatureTable(content.Signatures, content.Xids);
    }

    private sealed record Content(IReadOnlyList<Signature> Signatures, Dictionary<string, XidMeaning> Xids);
}

/// <summary>One known log line.</summary>
/// <param name="Anchor">Literal that every such line contains: the scan looks for it before any pattern runs.</param>
/// <param name="Pattern">Regular expression without backtracking; its named groups become metrics of the
/// finding.</param>
/// <param name="Title">What it says, in our own words.</param>
/// <param name="Action">What the vendor or the project recommends.</param>
/// <param name="Source">Where the line or its format string stands.</param>
/// <param name="Example">A line that matches.</param>
/// <param name="NearMiss">A line that looks alike and must not match.</param>
public sealed record Signature(
    string Id,
    string Kind,
    Severity Severity,
    FindingRole Role,
    string Anchor,
    string Pattern,
    string Title,
    string Meaning,
    string Action,
    string Source,
    string Example,
    string NearMiss
)
{
    private Regex? _regex;

    /// <value>
    /// Literal that the scan looks for instead of the anchor, where several signatures can share one: the vectorised
    /// search is fast for few literals that begin with rare letters. Every line of the signature contains it.
    /// </value>
    public string? Scan { get; init; }

    /// <value>What to propose where the line names a node: <c>replace-node</c> or <c>scale-fleet</c>; null:
    /// nothing.</value>
    public string? Remedy { get; init; }

    internal Regex Regex =>
        _regex ??= new Regex(
            Pattern,
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
        );

    public bool Matches(string line) =>
        line.Contains(Anchor, StringComparison.Ordinal)
        && Regex.IsMatch(line.AsSpan(0, Math.Min(line.Length, SignatureTable.MaxPatternChars)));
}

/// <summary>A row of the Xid catalogue.</summary>
public sealed record XidMeaning(string Name, Severity Severity, string Meaning, string Action)
{
    public string? Remedy { get; init; }
}
