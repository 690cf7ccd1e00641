using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Evaluation.Reading;

/// <summary>The texts of one sample, as a report quotes them.</summary>
internal sealed record SampleText(
    string Id,
    string? Input,
    string? Target,
    string? Output,
    string? Message,
    IReadOnlyList<(string Name, string Value)> Attributes,
    Place Place
);

/// <summary>Fetches the texts of chosen samples by reading their files once more.</summary>
internal sealed class SampleTexts
{
    /// <summary>Characters of one text that are kept.</summary>
    private const int MaxChars = 200_000;

    private readonly Dictionary<(int File, string Task, ulong Id, long Line), Action<SampleText>> _wanted = [];

    public bool IsEmpty => _wanted.Count == 0;

    public void Want(string task, SampleColumns samples, int row, Action<SampleText> take) =>
        _wanted[Key(task, samples, row)] = _wanted.TryGetValue(Key(task, samples, row), out var others)
            ? others + take
            : take;

    private static (int, string, ulong, long) Key(string task, SampleColumns samples, int row) =>
        (samples.File(row), task, samples.Id(row), samples.Line(row));

    /// <param name="each">Sees every sample, wanted or not.</param>
    public void Fetch(EvaluationReader reader, IReadOnlyList<ReadFile> files, Action<SampleRow>? each = null)
    {
        var indexes = _wanted.Keys.Select(key => key.File).ToHashSet();
        reader.Reread(
            [.. files.Where(file => indexes.Contains(file.Index))],
            (row, source) =>
            {
                each?.Invoke(row);
                if (_wanted.Remove((source.Index, row.Task, TextHash.Of(row.Id), row.Line), out var take))
                {
                    take(
                        new SampleText(
                            row.Id.Split('\u001F')[0],
                            Cut(row.Input),
                            Cut(row.Target),
                            Cut(row.Output),
                            Cut(row.Message),
                            [.. row.Attributes],
                            new Place(
                                source.File.Name,
                                row.Line,
                                row.Offset,
                                row.LineText ?? Short(row.Message ?? row.Output ?? row.Id)
                            )
                        )
                    );
                }
            }
        );
    }

    private static string? Cut(string? text) => text is { Length: > MaxChars } ? text[..MaxChars] : text;

    private static string Short(string text) =>
        text.Length > Limits.EvidenceTextChars ? text[..Limits.EvidenceTextChars] : text;
}
