using System.Globalization;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Findings.Catalog;
using SelfDev.Core.Secrets;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>
/// Explains findings from what is known about their kinds: no model, no network, the same words for the same findings.
/// Never unavailable; it also stands in for a model that is.
/// </summary>
public sealed class RulesAnalyst : IAnalyst
{
    /// <summary>What stands in reports as the analyst's name.</summary>
    public const string AnalystName = "rules";

    private const int MaxFollowing = 4;
    private const int MaxCitations = 8;
    private const int CitationsOfRoot = 3;

    // Of a kind that the catalog does not know: a report of another version may hold one.
    private const string UnknownMeans = "The artifacts show nothing that explains it.";
    private const string UnknownCheckFirst = "the cited lines and what changed just before them.";

    public string Name => AnalystName;

    public Task<AnalystAnswer> ExplainAsync(AnalystQuestion question, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(Explain(question));
    }

    public static AnalystAnswer Explain(AnalystQuestion question)
    {
        var usage = new AnalystUsage(AnalystName, 0, 0, 0, TimeSpan.Zero);
        if (question.Findings.Count == 0)
        {
            return new AnalystAnswer("", [], 0, null, "there is no finding to explain", usage);
        }

        var action = RecommendedAction(question);
        return new AnalystAnswer(Cause(question.Findings, action), Citations(question), 0, action, null, usage);
    }

    private static string Cause(IReadOnlyList<Finding> findings, string? action)
    {
        var root = findings[0];
        var text = new StringBuilder();
        text.Append(Sentence(root)).Append(' ');
        var row = FindingCatalog.Find(root.Kind);
        text.Append(row?.Means ?? UnknownMeans);
        if (findings.Count > 1)
        {
            text.Append(" What follows from it: ")
                .AppendJoin(
                    "; ",
                    findings.Skip(1).Take(MaxFollowing).Select(finding => $"{Title(finding)} ({Place(finding.From)})")
                );
            if (findings.Count - 1 > MaxFollowing)
            {
                text.Append(CultureInfo.InvariantCulture, $"; and {findings.Count - 1 - MaxFollowing} more");
            }

            text.Append(
                findings.Skip(1).All(finding => finding.Role != FindingRole.Root)
                    ? ". Treat these as consequences: mending the first one should end them."
                    : "."
            );
        }

        text.Append(" Check first: ").Append(row?.CheckFirst ?? UnknownCheckFirst);
        if (action is not null)
        {
            text.Append(" Proposed by code: ").Append(action).Append('.');
        }

        return text.ToString();
    }

    private static string Sentence(Finding finding) => $"{Title(finding)} ({Place(finding.From)}).";

    // Titles are our own words; still nothing unseen may pass through them.
    private static string Title(Finding finding) =>
        SecretRedactor.Redact(SafeText.SingleLine(finding.Title)).TrimEnd('.', ' ');

    private static string Place(Position position)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"line {position.Line}");
        var step = position.Step is { } number ? string.Create(CultureInfo.InvariantCulture, $", step {number}") : "";
        var time = position.Time is { } at
            ? at.UtcDateTime.ToString(", yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : "";
        return line + step + time;
    }

    private static List<Citation> Citations(AnalystQuestion question)
    {
        var (shown, _) = ShownEvidence.From(question.Windows);
        var citations = new List<Citation>();
        var lines = question
            .Findings[0]
            .Evidence.Take(CitationsOfRoot)
            .Concat(question.Findings.Skip(1).SelectMany(finding => finding.Evidence.Take(1)));
        foreach (var line in lines)
        {
            if (
                citations.Count < MaxCitations
                && !citations.Any(known => known.Line == line.Line && known.File == line.File)
            )
            {
                citations.Add(new Citation(line.File, line.Line, Shown(line, shown)));
            }
        }

        return citations;
    }

    // The window redacts with the neighbouring lines in view; a line outside of any window is redacted alone.
    private static string Shown(Evidence line, IReadOnlyList<EvidenceWindow> shown)
    {
        var window = shown.FirstOrDefault(window =>
            window.File == line.File
            && line.Line >= window.FirstLine
            && line.Line < window.FirstLine + window.Lines.Count
        );
        var text = window is null
            ? SecretRedactor.Redact(line.Text)
            : window.Lines[(int)(line.Line - window.FirstLine)];
        return text.Length > Limits.EvidenceTextChars ? text[..Limits.EvidenceTextChars] : text;
    }

    private static string? RecommendedAction(AnalystQuestion question) =>
        question
            .Findings.SelectMany(finding => finding.Proposals)
            .Select(proposal => proposal.Action.Kind)
            .FirstOrDefault(kind => question.AllowedActions.Contains(kind, StringComparer.Ordinal));
}
