using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.EndToEnd.Tests.Pipeline;
using SelfDev.Local.Hosting;

namespace SelfDev.EndToEnd.Tests.Soak;

/// <summary>
/// Clients of one life of the host, all at once: people who drop, who approve and reject by key and by link, who stop
/// and release, and a fleet that sends its samples. Whatever is answered with success is noted; a connection that
/// breaks is not.
/// </summary>
internal sealed class SoakLoad(SoakHost host, Acknowledged acknowledged, int round, Random random)
{
    private const int Approver = 0;

    private readonly Lock _gate = new();

    /// <summary>Goes on until the host answers no more.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(
            UntilGoneAsync(DropAsync, cancellation),
            UntilGoneAsync(DropAsync, cancellation),
            UntilGoneAsync(DecideByKeyAsync, cancellation),
            UntilGoneAsync(DecideByLinkAsync, cancellation),
            UntilGoneAsync(SwitchAsync, cancellation),
            UntilGoneAsync(SampleAsync, cancellation),
            UntilGoneAsync(LookAsync, cancellation)
        );

    private static async Task UntilGoneAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await work(cancellation);
            }
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException) { }
    }

    private async Task DropAsync(CancellationToken cancellation)
    {
        using var client = host.Client(host.Address!.Key);
        var number = Next(int.MaxValue);
        var isGpu = Next(4) == 0;
        var log = isGpu ? TrainingLogs.LostGpu(Next(60)) : TrainingLogs.LostNetwork();
        // Every drop is a content of its own, so that the ledger's hash tells them apart.
        var content = Encoding.UTF8.GetBytes(
            log + string.Create(CultureInfo.InvariantCulture, $"drop {round} {number}\n")
        );
        var name = string.Create(CultureInfo.InvariantCulture, $"training/run{round}-{number}/train.log");
        using var response = await client.PutAsync($"api/intake/{name}", new ByteArrayContent(content), cancellation);
        if (response.StatusCode == HttpStatusCode.Accepted)
        {
            acknowledged.Drops.Enqueue(new AcknowledgedDrop(name, Convert.ToHexStringLower(SHA256.HashData(content))));
        }

        await Task.Delay(Next(150), cancellation);
    }

    private async Task DecideByKeyAsync(CancellationToken cancellation)
    {
        var approver = host.Address!.Approvers![Approver];
        using var client = host.Client(approver.Key);
        var waiting = await client.GetFromJsonAsync<JsonArray>("api/approvals", cancellation);
        foreach (var approval in waiting!.Where(_ => Next(3) == 0))
        {
            var kind = Next(2) == 0 ? "approve" : "reject";
            using var response = await client.PostAsJsonAsync(
                $"api/approvals/{(string?)approval!["id"]}",
                new { decision = kind, reason = "soak" },
                cancellation
            );
            await NoteAsync(response, kind, cancellation);
        }

        await Task.Delay(Next(100), cancellation);
    }

    private async Task DecideByLinkAsync(CancellationToken cancellation)
    {
        using var client = host.Client(key: null);
        if (host.Links.TryDequeue(out var link))
        {
            var kind = Next(2) == 0 ? "approve" : "reject";
            using var form = new FormUrlEncodedContent([new("decision", kind), new("reason", "soak")]);
            using var response = await client.PostAsync(link, form, cancellation);
            await NoteAsync(response, kind, cancellation);
        }

        await Task.Delay(Next(100), cancellation);
    }

    private async Task NoteAsync(HttpResponseMessage response, string kind, CancellationToken cancellation)
    {
        if (response.StatusCode == HttpStatusCode.OK)
        {
            var answer = (await response.Content.ReadFromJsonAsync<JsonObject>(cancellation))!;
            acknowledged.Decisions.Enqueue(
                new AcknowledgedDecision((string)answer["id"]!, (string)answer["approver"]!, kind)
            );
        }
    }

    private async Task SwitchAsync(CancellationToken cancellation)
    {
        using var client = host.Client(host.Address!.Approvers![Approver].Key);
        foreach (var engaged in new[] { true, false })
        {
            using var response = await client.PostAsJsonAsync(
                "api/killswitch",
                new { engaged, reason = "soak" },
                cancellation
            );
            if (response.StatusCode == HttpStatusCode.OK)
            {
                var state = (await response.Content.ReadFromJsonAsync<JsonObject>(cancellation))!;
                acknowledged.Switches.Enqueue(new AcknowledgedSwitch((int)state["number"]!, engaged));
            }

            await Task.Delay(Next(engaged ? 100 : 800), cancellation);
        }
    }

    private async Task SampleAsync(CancellationToken cancellation)
    {
        using var client = host.Client(host.Address!.Key);
        var time = DateTimeOffset.UtcNow;
        var sample = new
        {
            time,
            seconds = 15,
            requests = 600,
            prefillTokens = 600_000,
            completions = 600,
            outputTokens = 60_000,
            queue = Next(40),
            queueAgeSeconds = 5,
        };
        using var response = await client.PostAsJsonAsync("api/fleets/trainvm/samples", new[] { sample }, cancellation);
        if (response.StatusCode == HttpStatusCode.Accepted)
        {
            acknowledged.Samples.Enqueue(time);
        }

        await Task.Delay(Next(200), cancellation);
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        using var client = host.Client(host.Address!.Key);
        using var response = await client.GetAsync("api/ledger/head", cancellation);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            acknowledged.Heads.Enqueue(
                (await response.Content.ReadFromJsonAsync<SignedTreeHead>(ReportJson.Options, cancellation))!
            );
        }

        await Task.Delay(Next(200), cancellation);
    }

    private int Next(int below)
    {
        lock (_gate)
        {
            return random.Next(below);
        }
    }
}
