using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;

namespace SelfDev.Core.Reports.Render;

/// <summary>Numbers, places and counts in the words that all renderers share. Invariant culture; nothing here is
/// escaped.</summary>
public static class ReportWording
{
    /// <summary>At most six significant digits; whole numbers below 10^15 in full; <c>NaN</c>, <c>Infinity</c> and
    /// <c>-Infinity</c> as words.</summary>
    public static string Number(double value)
    {
        if (double.IsFinite(value) && Math.Abs(value) < 1e15 && Math.Truncate(value) == value)
        {
            return value.ToString("0", CultureInfo.InvariantCulture);
        }

        return value.ToString("G6", CultureInfo.InvariantCulture);
    }

    public static string Number(MetricValue value) => value.IsNumber ? Number(value.Number) : value.ToString();

    /// <summary>E.g. <c>12.4 MiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var scaled = (double)bytes;
        var unit = 0;
        while (scaled >= 1024 && unit < units.Length - 1)
        {
            scaled /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{scaled:0.#} {units[unit]}");
    }

    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>E.g. <c>step 310-325</c>; the line where the format has no steps.</summary>
    public static string Where(Finding finding) =>
        (finding.From.Step, finding.To.Step) switch
        {
            ({ } from, { } to) => Span("step", from, to),
            ({ } from, null) => Span("step", from, from),
            (null, { } to) => Span("step", to, to),
            _ => Lines(finding),
        };

    public static string Lines(Finding finding) => Span("line", finding.From.Line, finding.To.Line);

    /// <value>Empty where neither end carries a time.</value>
    public static string When(Finding finding) =>
        (finding.From.Time, finding.To.Time) switch
        {
            ({ } from, { } to) when from != to => $"{Time(from)} to {Time(to)}",
            ({ } from, _) => Time(from),
            (null, { } to) => Time(to),
            _ => "",
        };

    /// <summary>E.g. <c>1 critical, 3 warnings</c>, the worst first; <c>no findings</c>.</summary>
    public static string Counts(IReadOnlyCollection<Finding> findings)
    {
        var counts = findings
            .GroupBy(finding => finding.Severity)
            .OrderByDescending(group => group.Key)
            .Select(group => (group.Key, Count: group.Count()))
            .Select(group =>
                group.Key switch
                {
                    Severity.Critical => $"{group.Count} critical",
                    Severity.Info => $"{group.Count} info",
                    _ => $"{group.Count} {Word(group.Key)}{(group.Count == 1 ? "" : "s")}",
                }
            );
        return findings.Count == 0 ? "no findings" : string.Join(", ", counts);
    }

    /// <summary>E.g. <c>training (megatron), 61,002 lines, 12.4 MiB</c>, and how many lines could not be
    /// used.</summary>
    public static string Facts(ArtifactSummary artifact) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{artifact.Kind} ({artifact.Format}), {artifact.Lines:N0} lines, "
                + $"{Bytes(artifact.Bytes)}{(artifact.Rejected > 0 ? $", {artifact.Rejected:N0} rejected" : "")}"
        );

    public static string Word(Severity severity) => JsonNamingPolicy.KebabCaseLower.ConvertName(severity.ToString());

    public static string Word(FindingRole role) => JsonNamingPolicy.KebabCaseLower.ConvertName(role.ToString());

    /// <summary>The action and its parameters as the envelope names them, e.g. <c>roll-back-and-skip
    /// checkpointStep=3000 skipBatches=40</c>.</summary>
    public static string Action(Proposal proposal)
    {
        var parameters = JsonSerializer.SerializeToNode(proposal, ReportJson.Options)!["parameters"]!.AsObject();
        return string.Join(
            ' ',
            parameters
                .Select(parameter =>
                    $"{parameter.Key}={(parameter.Value?.GetValueKind() == JsonValueKind.String ? parameter.Value.GetValue<string>() : parameter.Value?.ToJsonString())}"
                )
                .Prepend(proposal.Action.Kind)
        );
    }

    private static string Span(string unit, long from, long to) =>
        from == to
            ? string.Create(CultureInfo.InvariantCulture, $"{unit} {from}")
            : string.Create(CultureInfo.InvariantCulture, $"{unit} {from}-{to}");
}
