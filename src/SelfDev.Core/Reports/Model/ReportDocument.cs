using System.Text.Json.Serialization;

namespace SelfDev.Core.Reports.Model;

/// <summary>
/// What a person reads of a report, as data: the renderers for HTML, Markdown and terminals escape every string, so a
/// room never writes markup.
/// </summary>
/// <param name="Title">E.g. "Training run diagnosis".</param>
/// <param name="Verdict">One or two sentences that answer the reader's first question.</param>
public sealed record ReportDocument(string Title, string Verdict, IReadOnlyList<ReportBlock> Blocks);

[JsonPolymorphic(TypeDiscriminatorPropertyName = "block")]
[JsonDerivedType(typeof(Heading), "heading")]
[JsonDerivedType(typeof(Paragraph), "paragraph")]
[JsonDerivedType(typeof(Quote), "quote")]
[JsonDerivedType(typeof(Table), "table")]
[JsonDerivedType(typeof(Chart), "chart")]
public abstract record ReportBlock;

public sealed record Heading(string Text) : ReportBlock;

public sealed record Paragraph(string Text) : ReportBlock;

/// <summary>Text of an artifact or a model, set apart as quoted: never instructions, never markup.</summary>
/// <param name="Source">Where it is from, e.g. "line 1712" or "explanation by gpt-5".</param>
public sealed record Quote(string Source, string Text) : ReportBlock;

/// <param name="Columns">Headers.</param>
/// <param name="Rows">As many cells a row as there are columns.</param>
public sealed record Table(string Caption, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
    : ReportBlock
{
    /// <value>Indexes of columns that hold numbers, set flush right.</value>
    public IReadOnlyList<int> NumericColumns { get; init; } = [];
}

/// <summary>A picture of data. HTML draws it, a terminal shows a small inline curve, Markdown the extremes.</summary>
public sealed record Chart(string Title, ChartForm Form, string XLabel, string YLabel, IReadOnlyList<Series> Series)
    : ReportBlock
{
    /// <value>Findings marked on the curve.</value>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    public bool LogarithmicY { get; init; }
}

public enum ChartForm
{
    /// <summary>Points joined by lines over a numeric x.</summary>
    Line,

    Scatter,

    /// <summary>Vertical bars over labels.</summary>
    Bar,

    /// <summary>One bar whose segments are the series.</summary>
    StackedBar,

    /// <summary>Horizontal intervals [<see cref="ChartPoint.Low"/>, <see cref="ChartPoint.High"/>] around <see
    /// cref="ChartPoint.Y"/> over labels: a forest plot.</summary>
    Interval,
}

/// <param name="Points">At most <see cref="MaxPoints"/>: a room thins longer series, keeping extremes.</param>
public sealed record Series(string Name, IReadOnlyList<ChartPoint> Points)
{
    public const int MaxPoints = 2000;
}

/// <param name="X">For forms over a numeric x.</param>
/// <param name="Y">Null is a gap.</param>
public sealed record ChartPoint(double X, double? Y)
{
    /// <value>For forms over labels.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Label { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Low { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? High { get; init; }
}

/// <param name="FindingId">The finding that the mark links to.</param>
public sealed record ChartMark(double FromX, double ToX, string FindingId);
