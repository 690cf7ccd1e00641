using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Demo;

/// <summary>
/// The main job end to end on the local host: a training log with a lost GPU is dropped, diagnosed, turned into
/// proposals, decided on, carried out against the simulated fleet and recorded. Everything runs as it would in service;
/// only the person is replaced, and only when asked for.
/// </summary>
internal sealed class DemoRun(LocalHostOptions options, bool approveAll, Action<string> say)
{
    private const string DroppedName = "training/pretrain-13b/train.log";

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public static string SampleLog =>
        Path.Combine(AppContext.BaseDirectory, "samples", "training", "pretrain-13b", "train.log");

    public async Task<DemoResult> RunAsync(CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var links = new ApprovalInbox(say, approveAll);
        options.Data.Create();
        await File.WriteAllTextAsync(options.Data.DemoMark, "", cancellation);
        await using var host = await LocalHost.StartAsync(
            options with
            {
                ShowNotification = links.Add,
            },
            line => say("  " + line),
            cancellation
        );
        say($"host: {host.Address.Url}");
        using var client = new HttpClient { BaseAddress = new Uri(host.Address.Url) };
        client.DefaultRequestHeaders.Add("x-selfdev-key", host.Address.Key);

        var (fleetId, before) = await ReadFleetAsync(host, cancellation);
        say($"fleet: {before.Capacity} x {before.Sku}");
        var instance = await DropAsync(host, client, cancellation);
        var finished = await FollowAsync(host, instance, links, client, cancellation);
        var (_, after) = await ReadFleetAsync(host, cancellation);

        var ledger = host.Services.GetRequiredService<ILedgerStore>();
        var keys = host.Services.GetRequiredService<LedgerPublicKeys>().Keys;
        var audit = await ledger.VerifyAsync(keys, [], cancellation: cancellation);
        var output = Payload.Deserialize<ArtifactDiagnosisOutput>(finished.Output);
        return new DemoResult(
            instance,
            finished.Status.ToString(),
            finished.Failure?.Message,
            output?.Findings ?? 0,
            output?.Actions ?? [],
            new FleetChange(fleetId, before.Capacity, after.Capacity, after.RunningInstances),
            new LedgerState(
                audit.Entries,
                audit.RootHash,
                audit.IsIntact,
                [.. audit.Problems.Select(problem => problem.Message)]
            ),
            await SaveReportsAsync(host, instance, cancellation),
            TimeProvider.System.GetElapsedTime(started).TotalSeconds
        );
    }

    private static async Task<(string Id, FleetState State)> ReadFleetAsync(
        LocalHost host,
        CancellationToken cancellation
    )
    {
        var policy = await host.Services.GetRequiredService<IApprovalPolicySource>().ReadAsync(cancellation);
        var fleet =
            policy.Policy?.FleetOf("training/pretrain-13b")
            ?? throw new InvalidOperationException(
                $"The policy file gives no fleet to training/pretrain-13b. {string.Join(" ", policy.Errors)}"
            );
        return (
            fleet.ResourceId,
            await host.Services.GetRequiredService<IFleet>().GetAsync(fleet.ResourceId, cancellation)
        );
    }

    // Over HTTP, as anybody would.
    private async Task<string> DropAsync(LocalHost host, HttpClient client, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(SampleLog);
        using var content = new StreamContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await client.PutAsync(
            new Uri($"api/intake/{DroppedName}", UriKind.Relative),
            content,
            cancellation
        );
        response.EnsureSuccessStatusCode();
        say($"dropped: intake/{DroppedName} ({file.Length:N0} bytes)");
        var blob =
            await host
                .Services.GetRequiredService<IArtifactStore>()
                .GetInfoAsync(Containers.Intake, DroppedName, cancellation)
            ?? throw new InvalidOperationException($"intake/{DroppedName} was not stored.");
        return ArtifactInstanceId.For(blob.Blob);
    }

    private async Task<WorkflowInstance> FollowAsync(
        LocalHost host,
        string instance,
        ApprovalInbox links,
        HttpClient client,
        CancellationToken cancellation
    )
    {
        var phase = "";
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            await links.DecideAsync(client, cancellation);
            var state = await host.Workflows.GetAsync(instance, cancellation);
            var status = Payload.Deserialize<DiagnosisStatus>(state?.CustomStatus);
            if (status is not null && status.Phase != phase)
            {
                phase = status.Phase;
                say(Describe(status));
                if (phase == "acting")
                {
                    await SayFindingsAsync(host, instance, cancellation);
                }
            }

            if (state is { IsFinished: true } or { Status: WorkflowStatus.Quarantined })
            {
                return state;
            }

            await Task.Delay(LookInterval, cancellation);
        }
    }

    private static string Describe(DiagnosisStatus status) =>
        status.Phase switch
        {
            "acting" =>
                $"found: {status.Findings} findings, {status.Proposals} proposals; the report is ready, the actions "
                    + $"wait for people",
            var phase => phase,
        };

    private async Task SayFindingsAsync(LocalHost host, string instance, CancellationToken cancellation)
    {
        var stored = await host
            .Services.GetRequiredService<IArtifactStore>()
            .ReadJsonAsync<StoredAnalysis>(Containers.Evidence, DiagnosisBlobs.Analysis(instance), cancellation);
        foreach (var finding in stored.Analysis.Findings)
        {
            say($"  {finding.Id} {finding.Severity.ToString().ToLowerInvariant()} {finding.Kind}: {finding.Title}");
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> SaveReportsAsync(
        LocalHost host,
        string instance,
        CancellationToken cancellation
    )
    {
        var store = host.Services.GetRequiredService<IArtifactStore>();
        var saved = new Dictionary<string, string>();
        foreach (var extension in new[] { "json", "html", "md" })
        {
            var path = Path.Combine(options.Data.Root, $"report.{extension}");
            await using var report = await store.OpenReadAsync(
                new BlobRef(Containers.Reports, DiagnosisBlobs.Report(instance, extension), null),
                cancellation
            );
            await using var file = File.Create(path);
            await report.CopyToAsync(file, cancellation);
            saved[extension] = path;
        }

        return saved;
    }
}

/// <summary>What <c>demo --format json</c> prints.</summary>
/// <param name="Status">Of the workflow.</param>
/// <param name="Reports">Local copies, by extension.</param>
internal sealed record DemoResult(
    string InstanceId,
    string Status,
    string? Failure,
    int Findings,
    IReadOnlyList<ActionOutcome> Actions,
    FleetChange Fleet,
    LedgerState Ledger,
    IReadOnlyDictionary<string, string> Reports,
    double Seconds
)
{
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Indented);
}

/// <param name="Running">Instances that the simulator has provisioned.</param>
internal sealed record FleetChange(string ResourceId, int Before, int After, int Running);

internal sealed record LedgerState(long Entries, string RootHash, bool Intact, IReadOnlyList<string> Problems);
