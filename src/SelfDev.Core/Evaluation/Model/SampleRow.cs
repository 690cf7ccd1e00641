using SelfDev.Core.Evaluation.Formats;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>One scored sample as a format reads it; reused for the next one.</summary>
internal sealed class SampleRow
{
    public string Task { get; set; } = "";

    /// <value>Identity within the task.</value>
    public string Id { get; set; } = "";

    /// <value>Which try at the same item; 1 where there is only one.</value>
    public int Epoch { get; set; } = 1;

    /// <value>What the item belongs to with others; null: it stands alone.</value>
    public string? Cluster { get; set; }

    /// <value>Scores by metric; 0 to 1 for most.</value>
    public List<(string Metric, double Value)> Scores { get; } = [];

    /// <value>Where the format says how the sample ended; null: the first score tells.</value>
    public SampleOutcome? Outcome { get; set; }

    /// <value>What the model was shown, rendered; null where the format does not keep it.</value>
    public string? Input { get; set; }

    /// <value>The format's own digest of <see cref="Input"/>, of the document and of the target.</value>
    public string? InputKey { get; set; }

    public string? DocumentKey { get; set; }

    public string? TargetKey { get; set; }

    public string? Target { get; set; }

    public string? Output { get; set; }

    /// <value>Error message or the scorer's explanation.</value>
    public string? Message { get; set; }

    /// <value>Tokens generated, wall time in seconds, cost in the log's currency; NaN where unknown.</value>
    public double Tokens { get; set; }

    public double Seconds { get; set; }

    public double Cost { get; set; }

    /// <value>Attributes of the task item, e.g. subject or repository.</value>
    public List<(string Name, string Value)> Attributes { get; } = [];

    public long Line { get; set; }

    public long Offset { get; set; }

    /// <value>The line as evidence quotes it; null unless asked for (<see cref="EvaluationSource.KeepLines"/>).</value>
    public string? LineText { get; set; }

    public void Clear(string task)
    {
        Task = task;
        Id = "";
        Epoch = 1;
        Cluster = null;
        Scores.Clear();
        Outcome = null;
        Input = InputKey = DocumentKey = TargetKey = Target = Output = Message = LineText = null;
        Tokens = Seconds = Cost = double.NaN;
        Attributes.Clear();
    }
}
