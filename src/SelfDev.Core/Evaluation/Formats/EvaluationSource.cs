using System.Security.Cryptography;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>One file being read: where its content goes, and what was wrong with it.</summary>
internal sealed class EvaluationSource(
    ArtifactFile file,
    int index,
    EvaluationRun run,
    ReadLimits limits,
    Action<SampleRow, EvaluationSource> sink,
    CancellationToken cancellation
)
{
    /// <summary>Bytes of one JSON, XML or zip file at most: these are held in memory. Formats of lines are
    /// not.</summary>
    public const int MaxDocumentBytes = 512 << 20;

    /// <summary>Rejections of one file that are named one by one; the rest is counted.</summary>
    public const int MaxNamedRejections = 20;

    public ArtifactFile File { get; } = file;

    /// <value>Position among the files of the request.</value>
    public int Index { get; } = index;

    public EvaluationRun Run { get; } = run;

    public ReadLimits Limits { get; } = limits;

    public CancellationToken Cancellation { get; } = cancellation;

    public List<Rejection> Rejections { get; } = [];

    public long Rejected { get; private set; }

    public long Bytes { get; private set; }

    public long Lines { get; private set; }

    public string Sha256 { get; private set; } = "";

    public SampleRow Row { get; } = new();

    /// <value>Whether rows carry the text of their line (<see cref="SampleRow.LineText"/>), which costs time and is
    /// wanted for few.</value>
    public bool KeepLines { get; init; }

    /// <value>The name of the task where the content does not name it: the file's, without folder, endings and harness
    /// prefixes.</value>
    public string TaskName { get; } = NameOf(file.Name);

    public void Take() => sink(Row, this);

    public void Reject(long line, string reason)
    {
        Rejected++;
        if (Rejections.Count < MaxNamedRejections)
        {
            Rejections.Add(new Rejection(File.Name, line, reason));
        }
    }

    public void Read(LineReader reader)
    {
        Bytes = reader.Bytes;
        Lines = reader.Lines;
        Sha256 = reader.Sha256;
    }

    public void Read(long lines) => Lines = lines;

    /// <summary>The whole content.</summary>
    /// <exception cref="ArtifactUnreadableException">It exceeds <see cref="MaxDocumentBytes"/>.</exception>
    public byte[] ReadAll()
    {
        using var stream = new CappedStream(default, File.Open(), MaxDocumentBytes);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        var bytes = content.ToArray();
        Bytes = bytes.Length;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return bytes;
    }

    private static string NameOf(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        foreach (var ending in (string[])[".gz", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xml", ".trx", ".eval"])
        {
            name = name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name[..^ending.Length] : name;
        }

        // lm-eval: samples_<task>_2026-01-31T12-00-00.123456
        name = name.StartsWith("samples_", StringComparison.Ordinal) ? name["samples_".Length..] : name;
        var date = name.LastIndexOf('_');
        return date > 0 && name.Length - date > 10 && name[date + 1] == '2' && name.AsSpan(date).Contains('T')
            ? name[..date]
            : name;
    }
}
