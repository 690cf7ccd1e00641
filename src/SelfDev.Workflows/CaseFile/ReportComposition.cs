using System.Text;
using System.Text.Json;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports.Render;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>
/// Brings together what lies in <c>evidence</c> about one diagnosis, and writes it as JSON, HTML and Markdown. Parts
/// that are not there yet (explanations, decisions, effects) are left out, so it can be called at any time.
/// </summary>
public static class ReportComposition
{
    public static Task WriteAsync(IArtifactStore store, string reportId, CancellationToken cancellation) =>
        WriteAsync(store, reportId, null, cancellation);

    /// <param name="head">The ledger's newest head, for a reader to note; null: the report says nothing of it.</param>
    public static async Task WriteAsync(
        IArtifactStore store,
        string reportId,
        SignedTreeHead? head,
        CancellationToken cancellation
    )
    {
        var stored = await store.ReadJsonAsync<StoredAnalysis>(
            Containers.Evidence,
            DiagnosisBlobs.Analysis(reportId),
            cancellation
        );
        var explanations = new Explanations(store);
        var diagnoses = await ReadAllAsync(
            stored.Groups.Count,
            group => explanations.ReadAsync(reportId, group, cancellation)
        );
        var actions = await ReadAllAsync(
            stored.Proposals.Count,
            number =>
                store.TryReadGenuineJsonAsync<StoredAction>(
                    Containers.Evidence,
                    DiagnosisBlobs.Action(reportId, number),
                    cancellation
                )
        );

        var analysis = stored.Analysis with
        {
            Artifact = stored.Analysis.Artifact with { Name = $"{stored.Blob.Container}/{stored.Blob.Name}" },
        };
        var content = ReportContent.From(analysis) with
        {
            Conclusions = [.. ReportConclusions.Of(stored, diagnoses, actions, head)],
        };
        await WriteAsync(
            store,
            reportId,
            "json",
            "application/json",
            Json(analysis, diagnoses, actions, head),
            cancellation
        );
        await WriteAsync(store, reportId, "html", "text/html; charset=utf-8", ReportHtml.Render(content), cancellation);
        await WriteAsync(
            store,
            reportId,
            "md",
            "text/markdown; charset=utf-8",
            ReportMarkdown.Render(content),
            cancellation
        );
    }

    private static string Json(
        Analysis analysis,
        IReadOnlyList<Core.Findings.Diagnosis> diagnoses,
        IReadOnlyList<StoredAction> actions,
        SignedTreeHead? head
    )
    {
        var envelope = ReportEnvelope.Of(analysis);
        envelope["diagnoses"] = JsonSerializer.SerializeToNode(diagnoses, ReportJson.Options);
        envelope["actions"] = JsonSerializer.SerializeToNode(actions, ReportJson.Options);
        envelope["ledger"] = JsonSerializer.SerializeToNode(head, ReportJson.Options);
        return envelope.ToJsonString(ReportJson.Indented);
    }

    private static async Task<IReadOnlyList<T>> ReadAllAsync<T>(int count, Func<int, Task<T?>> read)
        where T : class
    {
        var found = new List<T>();
        for (var number = 1; number <= count; number++)
        {
            if (await read(number) is { } item)
            {
                found.Add(item);
            }
        }

        return found;
    }

    private static Task<BlobRef> WriteAsync(
        IArtifactStore store,
        string reportId,
        string extension,
        string contentType,
        string text,
        CancellationToken cancellation
    ) =>
        store.WriteAsync(
            Containers.Reports,
            DiagnosisBlobs.Report(reportId, extension),
            Encoding.UTF8.GetBytes(text),
            contentType,
            cancellation
        );
}
