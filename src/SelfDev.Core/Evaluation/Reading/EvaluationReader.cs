using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation.Formats;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Reading;

/// <summary>What was read of one side of a comparison.</summary>
/// <param name="Runs">Evaluations in order of their checkpoints.</param>
/// <param name="Training">Findings of training runs that lay beside them.</param>
internal sealed record EvaluationInput(
    IReadOnlyList<EvaluationRun> Runs,
    IReadOnlyList<ReadFile> Files,
    IReadOnlyList<Rejection> Rejections,
    IReadOnlyList<TrainingEvent> Training
)
{
    public long Rejected => Files.Sum(file => file.Rejected);
}

/// <param name="Format">Null where the file is of no known format.</param>
internal sealed record ReadFile(
    ArtifactFile File,
    int Index,
    string? Format,
    long Bytes,
    long Lines,
    long Rejected,
    string Sha256
);

/// <summary>Reads all files of a request, each by its own format. What one file does wrong never keeps another from
/// being read.</summary>
internal sealed class EvaluationReader(ReadLimits limits, CancellationToken cancellation)
{
    /// <param name="checkpoint">As for <see cref="CheckpointGrouping.Group"/>.</param>
    public EvaluationInput Read(IReadOnlyList<ArtifactFile> files, string? checkpoint = null)
    {
        var parts = new List<EvaluationRun>();
        var read = new List<ReadFile>();
        var rejections = new List<Rejection>();
        var training = new List<TrainingEvent>();
        for (var index = 0; index < files.Count; index++)
        {
            var file = files[index];
            var part = new EvaluationRun(file.Name) { Step = CheckpointStep.Of(file.Name) };
            var source = new EvaluationSource(file, index, part, limits, Take, cancellation);
            var format = ReadFile(file, source, training);
            read.Add(new ReadFile(file, index, format, source.Bytes, source.Lines, source.Rejected, source.Sha256));
            rejections.AddRange(source.Rejections);
            if (source.Rejected > source.Rejections.Count)
            {
                rejections.Add(
                    new Rejection(
                        file.Name,
                        0,
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{source.Rejected - source.Rejections.Count} more lines or entries could not be used."
                        )
                    )
                );
            }

            if (format is not null && !part.IsEmpty)
            {
                part.Created ??= EvaluationDate.Of(file.Name);
                foreach (var task in part.Tasks.Values)
                {
                    task.SamplesCreated = part.Created;
                }

                parts.Add(part);
            }
        }

        foreach (var task in parts.SelectMany(part => part.Tasks.Values))
        {
            task.Samples.Seal();
        }

        var runs = CheckpointGrouping.Group(parts, checkpoint);
        if (checkpoint is not null && runs.Count > 1)
        {
            rejections.AddRange(
                runs.SkipLast(1)
                    .Select(run => new Rejection(
                        run.Name,
                        0,
                        "A newer file reports the same scores of this checkpoint; the newer one counts."
                    ))
            );
            runs = [CheckpointGrouping.Named(runs[^1], checkpoint)];
        }

        return new EvaluationInput(runs, read, rejections, training);
    }

    /// <summary>Reads files once more, for the texts that the first reading did not keep.</summary>
    public void Reread(IReadOnlyList<ReadFile> files, Action<SampleRow, EvaluationSource> sink)
    {
        foreach (
            var file in files.Where(file =>
                file.Format is not null and not EvaluationFormats.SelfDevReport and not EvaluationFormats.LmEvalResults
            )
        )
        {
            var source = new EvaluationSource(
                file.File,
                file.Index,
                new EvaluationRun(file.File.Name),
                limits,
                sink,
                cancellation
            )
            {
                KeepLines = true,
            };
            try
            {
                EvaluationFormats.Read(file.Format!, source);
            }
            catch (ArtifactUnreadableException)
            {
                // Said already when it was read first.
            }
        }
    }

    private static string? ReadFile(ArtifactFile file, EvaluationSource source, List<TrainingEvent> training)
    {
        string? known = null;
        try
        {
            var head = Head(file);
            if (head.Bytes.IsEmpty)
            {
                source.Reject(0, "The file is empty.");
                return null;
            }

            if (EvaluationFormats.Sniff(head) is not var (format, _))
            {
                source.Reject(
                    0,
                    $"The file is of no evaluation format ({string.Join(", ", EvaluationFormats.All)}); it was left "
                        + $"out."
                );
                return null;
            }

            known = format;
            if (format == EvaluationFormats.SelfDevCheckpoint)
            {
                return null;
            }

            if (format == EvaluationFormats.SelfDevReport)
            {
                training.AddRange(TrainingReportFormat.Read(source));
            }
            else
            {
                EvaluationFormats.Read(format, source);
            }

            return known;
        }
        catch (ArtifactUnreadableException unreadable)
        {
            source.Reject(0, unreadable.Message);
            foreach (var task in source.Run.Tasks.Values)
            {
                task.Report(EvaluationStatus.Partial, "its file is damaged", task.Place);
            }

            return known;
        }
    }

    private static ArtifactHead Head(ArtifactFile file)
    {
        using var content = file.Open();
        return ArtifactSniffer.ReadHead(file.Name, content).Head;
    }

    private static void Take(SampleRow row, EvaluationSource source)
    {
        var task = source.Run.Task(row.Task);
        task.IsNamedByFile = row.Task == source.TaskName;
        if (!task.Samples.Add(row, source.Index))
        {
            source.Reject(
                row.Line,
                $"The id '{SafeText.SingleLine(row.Id.Length > 80 ? row.Id[..80] : row.Id)}' of task "
                    + $"'{SafeText.SingleLine(row.Task)}' was there already; its first sample counts."
            );
        }
    }
}
