using SelfDev.Core.Artifacts;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>Metrics as comma-separated values with a header that names a step and at least one metric (Lightning's
/// <c>CSVLogger</c>, exports of W&amp;B).</summary>
internal sealed class MetricsCsvFormat
{
    public const string Name = "metrics-csv";

    private readonly List<byte[]> _columns;

    private MetricsCsvFormat(List<byte[]> columns) => _columns = columns;

    /// <summary>Reads a header; null where the line is none.</summary>
    public static MetricsCsvFormat? Of(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart("\uFEFF"u8);
        if (line.Length is 0 or > 65_536 || line.IndexOf((byte)',') < 0 || line.IndexOf((byte)'{') >= 0)
        {
            return null;
        }

        var columns = new List<byte[]>();
        var probe = default(StepRow);
        foreach (var range in line.Split((byte)','))
        {
            var name = line[range].Trim(" \t\r\""u8);
            // W&B exports name columns "<run> - <metric>".
            var dash = name.LastIndexOf(" - "u8);
            name = dash >= 0 ? name[(dash + 3)..] : name;
            columns.Add(name.ToArray());
            MetricsJsonFormat.SetValue(ref probe, name, 1);
        }

        return probe.Carries(StepFields.Step) && probe.IsMetric ? new MetricsCsvFormat(columns) : null;
    }

    /// <summary>Reads a record; false where it has no step or no metric, or more cells than the header.</summary>
    public bool TryRead(in TextLine line, ref StepRow row)
    {
        var column = 0;
        foreach (var range in line.Bytes.Split((byte)','))
        {
            if (column == _columns.Count)
            {
                return false;
            }

            var cell = line.Bytes[range].Trim(" \t\r\""u8);
            if (MetricField.TryNumber(cell, out var number, out var used) && used == cell.Length)
            {
                MetricsJsonFormat.SetValue(ref row, _columns[column], number);
            }

            column++;
        }

        return row.Carries(StepFields.Step);
    }
}
