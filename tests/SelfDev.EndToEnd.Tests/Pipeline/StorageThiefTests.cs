using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Core.Trust;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Hosting;
using SelfDev.Local.Sqlite;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>
/// Somebody who may write to every store of a running host, knows this code, and holds no key: checksums that only
/// guard against accidents are made good again.
/// </summary>
public class StorageThiefTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_forged_copied_edited_or_taken_applies_nothing_and_is_named()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var data = new DataDirectory(pipeline.Folder);
        var approved = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu(second: 1));
        await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "approve");
        await pipeline.FinishAsync(approved);
        var pending = await pipeline.DropAsync("training/run8/train.log", TrainingLogs.LostGpu(second: 2));
        var link = await pipeline.NextLinkAsync("scale-fleet");
        await pipeline.EngageKillSwitchAsync();
        Assert.Empty(await AuditAsync(pipeline));

        using var trust = SqliteFile.Open(data.TrustDatabase, SqliteOpenMode.ReadWrite);
        var plans = Column(trust, "SELECT name FROM record WHERE name LIKE 'requests/%' ORDER BY seq")
            .Select(name => name.Split('/')[1])
            .ToList();
        var (first, second) = (plans[0], plans[^1]);
        Put(trust, $"decisions/{second}/000001", Content(trust, $"decisions/{first}/000001"));
        Put(trust, $"decisions/{second}/000002", Forged($"decisions/{second}/000002", second));
        Put(trust, $"intents/{second}/000001", Content(trust, $"intents/{first}/000001"));
        Put(trust, "approvers/eve", "{}"u8.ToArray());
        var request = Content(trust, $"requests/{second}/000001");
        Put(trust, $"requests/{second}/000001", Replace(request, "oncall@localhost", "mallory@localhost"));
        SqliteFile.Execute(trust, $"DELETE FROM record WHERE name = 'decisions/{first}/000001'");
        SqliteFile.Execute(trust, "DELETE FROM record WHERE name LIKE 'kill-switch/%'");

        using var artifacts = SqliteFile.Open(data.ArtifactsDatabase, SqliteOpenMode.ReadWrite);
        var report = Column(
            artifacts,
            "SELECT name FROM blob WHERE container = 'reports' AND name LIKE '%.html' ORDER BY seq"
        )[0];
        var analysis = Column(
            artifacts,
            "SELECT name FROM blob WHERE container = 'evidence' AND file IS NULL ORDER BY seq"
        )[0];
        Edit(artifacts, "reports", report, "all clear"u8.ToArray());
        Edit(artifacts, "evidence", analysis, "{}"u8.ToArray());

        var account = new BlobServiceClient(pipeline.Host.Storage.Azurite!.ConnectionString);
        foreach (var container in new[] { "evidence", "trust", "ledger", "commands" })
        {
            await account.GetBlobContainerClient(container).CreateIfNotExistsAsync(cancellationToken: Cancellation);
            await account
                .GetBlobContainerClient(container)
                .GetBlobClient($"decisions/{second}/0001.json")
                .UploadAsync(BinaryData.FromString("{}"), Cancellation);
        }

        var named = await AuditAsync(pipeline);
        string[] expected =
        [
            $"trust/decisions/{second}/000001",
            $"trust/decisions/{second}/000002",
            $"trust/intents/{second}/000001",
            "trust/approvers/eve",
            $"trust/requests/{second}/000001",
            $"trust/decisions/{first}",
            "trust/kill-switch",
            $"reports/{report}",
            $"evidence/{analysis}",
            $"evidence/decisions/{second}/0001.json",
            $"trust/decisions/{second}/0001.json",
            $"ledger/decisions/{second}/0001.json",
            $"commands/decisions/{second}/0001.json",
        ];
        Assert.All(
            expected,
            place => Assert.Contains(named, line => line.StartsWith(place + ":", StringComparison.Ordinal))
        );

        // Forgeries take no number from the genuine person, whose word is about the genuine request; and the stop that
        // was deleted still stops.
        Assert.Equal(HttpStatusCode.OK, await pipeline.DecideAsync(link, "approve"));
        Assert.DoesNotContain(
            (await pipeline.FinishAsync(pending)).Actions,
            action => action.Outcome == EffectOutcome.Applied
        );
        Assert.Equal(5, (await pipeline.Fleet.GetAsync(pipeline.FleetId, Cancellation)).Capacity);
        Assert.Single(pipeline.Simulator.Requests, sent => sent.Method == "PATCH");
        Assert.True((await pipeline.VerifyLedgerAsync()).IsIntact);
    }

    [Fact]
    public async Task An_entry_put_at_the_ledgers_end_is_not_signed_over_and_is_named()
    {
        await using var pipeline = await RunningPipeline.StartAsync(Policies.ScaleOutOnly());
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        var link = await pipeline.NextLinkAsync("scale-fleet");
        var ledger = pipeline.Host.Services.GetRequiredService<ILedgerStore>();
        var head = (await ledger.LatestHeadAsync(Cancellation))!;
        // As if an action had ended otherwise than it will.
        var key = $"{instance}:action:9:effect:1";
        var forged = LedgerEntryFormat.Serialize(
            head.TreeSize,
            new LedgerEntry(
                key,
                LedgerEntryTypes.Effect,
                DateTimeOffset.UtcNow,
                $"{instance}:action:9",
                LedgerActors.SelfDev,
                new JsonObject { ["outcome"] = "not-approved" }
            )
        );
        using (var store = SqliteFile.Open(new DataDirectory(pipeline.Folder).LedgerDatabase, SqliteOpenMode.ReadWrite))
        {
            using var command = store.CreateCommand();
            command.CommandText =
                "INSERT INTO entry (idx, key, line) VALUES ((SELECT max(idx) + 1 FROM entry), $key, $line)";
            command.Parameters.AddWithValue("$key", key);
            command.Parameters.AddWithValue("$line", forged);
            command.ExecuteNonQuery();
        }

        Assert.Contains(
            await AuditAsync(pipeline),
            line =>
                line.StartsWith("ledger: ", StringComparison.Ordinal)
                && line.Contains("somebody else put entries", StringComparison.Ordinal)
        );
        Assert.NotEqual(HttpStatusCode.OK, await pipeline.DecideAsync(link, "approve"));
        Assert.DoesNotContain(pipeline.Simulator.Requests, sent => sent.Method == "PATCH");
    }

    [Fact]
    public async Task What_was_begun_is_recorded_whatever_somebody_does_to_the_report_meanwhile()
    {
        await using var pipeline = await RunningPipeline.StartAsync(
            Policies.ScaleOutOnly(),
            adjust: options => options with { SimulatedProvisioning = TimeSpan.FromSeconds(3) }
        );
        var instance = await pipeline.DropAsync("training/run7/train.log", TrainingLogs.LostGpu());
        await pipeline.DecideAsync(await pipeline.NextLinkAsync("scale-fleet"), "approve");
        while (!pipeline.Simulator.Requests.Any(sent => sent.Method == "PATCH"))
        {
            await Task.Delay(20, Cancellation);
        }

        using (
            var artifacts = SqliteFile.Open(
                new DataDirectory(pipeline.Folder).ArtifactsDatabase,
                SqliteOpenMode.ReadWrite
            )
        )
        {
            foreach (
                var story in Column(
                    artifacts,
                    "SELECT name FROM blob WHERE container = 'evidence' AND name LIKE '%action%'"
                )
            )
            {
                Edit(artifacts, "evidence", story, "{}"u8.ToArray());
            }
        }

        var outcome = Assert.Single(
            (await pipeline.FinishAsync(instance)).Actions,
            action => action.Action == "scale-fleet"
        );
        Assert.Equal(EffectOutcome.Applied, outcome.Outcome);
        var told = Assert.Single((await pipeline.ReportAsync(instance))["actions"]!.AsArray());
        Assert.Equal("oncall@localhost", (string?)told!["rounds"]![0]!["decisions"]![0]!["approver"]);
        var effects = new List<JsonNode>();
        await foreach (var line in pipeline.Host.Services.GetRequiredService<ILedgerStore>().ReadAsync(0, Cancellation))
        {
            effects.AddRange(
                JsonNode.Parse(line.Span) is { } entry && (string?)entry["type"] == LedgerEntryTypes.Effect
                    ? [entry]
                    : []
            );
        }

        Assert.Contains(effects, effect => (string?)effect["body"]!["action"] == "scale-fleet");
    }

    private static async Task<IReadOnlyList<string>> AuditAsync(RunningPipeline pipeline)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("x-selfdev-key", pipeline.Host.Address.Key);
        var answer = await client.GetStringAsync(
            new Uri(new Uri(pipeline.Host.Address.Url), "api/audit"),
            Cancellation
        );
        var lines = answer
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!)
            .ToList();
        Assert.True((bool?)lines[^1]["audited"]);
        return [.. lines.SkipLast(1).Select(line => (string)line["problem"]!)];
    }

    // Sealed as SelfDev would, under a key of the thief's own that is called like a genuine one.
    private static byte[] Forged(string place, string planHash)
    {
        var decision = new Decision(
            planHash,
            new string('0', 64),
            DecisionKind.Approve,
            "oncall@localhost",
            DateTimeOffset.UtcNow,
            null,
            DecisionProof.Key("oncall@localhost")
        );
        var content = JsonSerializer.SerializeToUtf8Bytes(new { number = 1, value = decision }, ReportJson.Options);
        return new Seals(new ApprovalKeyRing([TrustRoom.NewKey("k1")])).Seal(place, content, DateTimeOffset.UtcNow);
    }

    private static void Put(SqliteConnection connection, string name, byte[] content)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "INSERT INTO record (name, content, checksum) VALUES ($name, $content, $checksum) "
            + "ON CONFLICT (name) DO UPDATE SET content = $content, checksum = $checksum";
        command.Parameters.AddWithValue("$name", name);
        command.Parameters.AddWithValue("$content", content);
        command.Parameters.AddWithValue("$checksum", unchecked((long)RowChecksum.Of(name, content)));
        command.ExecuteNonQuery();
    }

    private static void Edit(SqliteConnection connection, string container, string name, byte[] content)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "UPDATE blob SET content = $content, length = $length, checksum = $checksum, file = NULL WHERE container = "
            + "$container AND name = $name";
        command.Parameters.AddWithValue("$content", content);
        command.Parameters.AddWithValue("$length", content.Length);
        command.Parameters.AddWithValue("$checksum", unchecked((long)new BlobChecksum(container, name).Of(content)));
        command.Parameters.AddWithValue("$container", container);
        command.Parameters.AddWithValue("$name", name);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private static byte[] Content(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT content FROM record WHERE name = $name";
        command.Parameters.AddWithValue("$name", name);
        return (byte[])command.ExecuteScalar()!;
    }

    private static List<string> Column(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new List<string>();
        while (reader.Read())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }

    private static byte[] Replace(byte[] content, string from, string to)
    {
        var text = Encoding.UTF8.GetString(content);
        Assert.Contains(from, text, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
    }
}
