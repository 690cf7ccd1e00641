using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Client;
using SelfDev.Local.Hosting;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Commands;

/// <summary>The verbs that ask a running host, against a server that speaks its HTTP API on a real socket.</summary>
public sealed class HostVerbTests : IAsyncLifetime
{
    private const string Key = "test-key";
    private const string ApproverKey = "approver-key";

    private readonly TestFolder _folder = new();
    private readonly ECDsa _signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly List<(string Path, string Body)> _received = [];
    private WebApplication _host = null!;

    private string Audit { get; set; } = "{\"audited\":true}\n";

    private string Data => Path.Combine(_folder.Root, "data");

    private List<byte[]> Entries { get; } =
    [
        .. Enumerable
            .Range(0, 5)
            .Select(index =>
                LedgerEntryFormat.Serialize(
                    index,
                    new LedgerEntry(
                        $"key-{index}",
                        LedgerEntryTypes.Decision,
                        DateTimeOffset.UnixEpoch.AddHours(index),
                        "instance-1",
                        "ada",
                        new JsonObject { ["n"] = index }
                    )
                )
            ),
    ];

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _host = builder.Build();
        _host.Use(
            async (context, next) =>
            {
                var isDecision = HttpMethods.IsPost(context.Request.Method);
                if (context.Request.Headers[HostClient.KeyHeader] != (isDecision ? ApproverKey : Key))
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return;
                }

                await next(context);
            }
        );
        _host.MapGet(
            "/api/instances",
            () =>
                Results.Text(
                    """[{"instanceId":"training-1","name":"diagnosis","status":"running","updatedAt":"2026-01-01T00:00:00Z","customStatus":"waits \u001b[31m for approval"}]"""
                )
        );
        _host.MapGet(
            "/api/instances/{id}",
            (string id) =>
                id == "training-1"
                    ? Results.Text("""{"instanceId":"training-1","status":"running","failure":null}""")
                    : Results.Problem(title: "There is no such instance.", statusCode: 404)
        );
        _host.MapGet(
            "/api/approvals",
            () =>
                Results.Text(
                    """[{"id":"3f2a0123456789abcdef","plan":{"action":"scale-fleet","resource":"/vmss/train","from":{"capacity":"3"},"to":{"capacity":"4"}},"why":"A node was lost.","expiresAt":"2026-01-02T00:00:00Z"}]"""
                )
        );
        _host.MapPost(
            "/api/approvals/{id}",
            async (string id, HttpRequest request) =>
            {
                await ReceiveAsync(request);
                return id == "gone"
                    ? Results.Problem(title: "Too late", detail: "The plan has expired", statusCode: 409)
                    : Results.Text("""{"state":"approved"}""");
            }
        );
        _host.MapPut(
            "/api/intake/{**path}",
            async (HttpRequest request) =>
            {
                await ReceiveAsync(request);
                return Results.Text("""{"etag":"1"}""", statusCode: 201);
            }
        );
        _host.MapGet(
            "/api/ledger/entries",
            () =>
                Results.Text(
                    string.Concat(Entries.Select(entry => Encoding.UTF8.GetString(entry) + "\n")),
                    "application/x-ndjson"
                )
        );
        _host.MapGet(
            "/api/ledger/heads",
            () => Results.Text(JsonSerializer.Serialize(new[] { Head }, ReportJson.Options))
        );
        _host.MapGet(
            "/api/ledger/entries/{n:int}",
            (int n) =>
                n < Entries.Count
                    ? Results.Text(
                        JsonSerializer.Serialize(
                            LedgerProof.Make(Tree().Node, n, Encoding.UTF8.GetString(Entries[n]), Head),
                            ReportJson.Options
                        )
                    )
                    : Results.Problem(title: "No signed head covers such an entry.", statusCode: 404)
        );
        _host.MapGet("/api/audit", () => Results.Text(Audit, "application/x-ndjson"));
        Head = SignHead();
        await _host.StartAsync(TestContext.Current.CancellationToken);
        var data = new DataDirectory(Data);
        data.Create();
        DataDirectory.WriteSecret(data.LedgerKey, _signer.ExportSubjectPublicKeyInfoPem());
        var address = _host
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        data.WriteHost(
            new RunningHost(
                address,
                Key,
                Environment.ProcessId,
                [new SelfDev.Local.Hosting.ApproverKey("oncall@localhost", ApproverKey)]
            )
        );
    }

    private SignedTreeHead Head { get; set; } = null!;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _signer.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Status_lists_instances_and_obeys_no_control_character()
    {
        var run = await CommandRun.OfAsync("status", "--data", Data);

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains("training-1", run.Output, StringComparison.Ordinal);
        Assert.Contains(@"\u001B[31m", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Status_of_one_instance_prints_what_is_set() =>
        Assert.Equal(
            "instanceId: training-1\nstatus: running\n",
            (await CommandRun.OfAsync("status", "training-1", "--data", Data)).Output.ReplaceLineEndings("\n")
        );

    [Fact]
    public async Task A_refusal_of_the_host_is_one_line() =>
        (await CommandRun.OfAsync("status", "other", "--data", Data)).IsRefusedWith("There is no such instance. (404)");

    [Fact]
    public async Task Approvals_show_what_would_change()
    {
        var run = await CommandRun.OfAsync("approvals", "--data", Data);

        Assert.Contains("scale-fleet", run.Output, StringComparison.Ordinal);
        Assert.Contains("capacity 3 -> 4", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approvals_as_json_are_what_the_host_said() =>
        Assert.Equal(
            "3f2a0123456789abcdef",
            (string?)
                JsonNode.Parse((await CommandRun.OfAsync("approvals", "--format", "json", "--data", Data)).Output)![0]![
                    "id"
                ]
        );

    [Fact]
    public async Task Approve_and_reject_post_the_decision()
    {
        var approved = await CommandRun.OfAsync("approve", "3f2a", "--data", Data);
        var rejected = await CommandRun.OfAsync("reject", "3f2b", "--reason", "not \"now\"", "--data", Data);

        Assert.Equal((ExitCodes.Done, ExitCodes.Done), (approved.ExitCode, rejected.ExitCode));
        Assert.Equal(
            [("/api/approvals/3f2a", "approve", null), ("/api/approvals/3f2b", "reject", "not \"now\"")],
            _received.Select(request =>
                (
                    request.Path,
                    (string?)JsonNode.Parse(request.Body)!["decision"],
                    (string?)JsonNode.Parse(request.Body)!["reason"]
                )
            )
        );
    }

    [Fact]
    public async Task Approving_as_somebody_whom_the_policy_does_not_name_is_refused()
    {
        var run = await CommandRun.OfAsync("approve", "3f2a", "--as", "stranger@localhost", "--data", Data);

        run.IsRefusedWith("does not name 'stranger@localhost' as an approver; it names oncall@localhost");
        Assert.Empty(_received);
    }

    [Fact]
    public async Task A_decision_that_comes_too_late_says_so() =>
        (await CommandRun.OfAsync("approve", "gone", "--data", Data)).IsRefusedWith(
            "Too late. The plan has expired. (409)"
        );

    [Fact]
    public async Task Drop_uploads_under_the_files_own_name()
    {
        var run = await CommandRun.OfAsync(
            "drop",
            _folder.Write("träin 1.log", "steplog\n1 2\n"),
            "--as",
            "training/run-7",
            "--data",
            Data
        );

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Equal([("/api/intake/training/run-7/tr\u00e4in 1.log", "steplog\n1 2\n")], _received);
    }

    [Fact]
    public async Task Drop_takes_standard_input_and_a_name()
    {
        var run = await CommandRun.WithInputAsync(
            "1 2\n"u8.ToArray(),
            "drop",
            "-",
            "--as",
            "training/run-7/tail.log",
            "--data",
            Data
        );

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Equal([("/api/intake/training/run-7/tail.log", "1 2\n")], _received);
    }

    [Fact]
    public async Task Ledger_verify_computes_the_root_itself()
    {
        var run = await CommandRun.OfAsync("ledger", "verify", "--data", Data);

        Assert.Equal((ExitCodes.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains(
            $"intact: 5 entries, 1 signed heads, root {Head.RootHash}",
            run.Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Ledger_verify_ends_with_1_where_an_entry_was_edited()
    {
        Entries[2] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Entries[2]).Replace("\"ada\"", "\"eve\"", StringComparison.Ordinal)
        );

        var run = await CommandRun.OfAsync("ledger", "verify", "--data", Data);

        Assert.Equal(ExitCodes.Findings, run.ExitCode);
        Assert.Contains("does NOT hold", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_verify_names_what_the_host_finds_in_storage_and_ends_with_1()
    {
        Audit = "{\"problem\":\"requests/1: its seal is not good\\u001b[31m\"}\n{\"audited\":true}\n";

        var run = await CommandRun.OfAsync("ledger", "verify", "--data", Data);

        Assert.Equal(ExitCodes.Findings, run.ExitCode);
        Assert.Contains("The ledger is intact", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            "does NOT hold: 1 problems.\n  requests/1: its seal is not good",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("\u001b", run.Output, StringComparison.Ordinal);
        var alone = await CommandRun.OfAsync("ledger", "verify", "--ledger-only", "--data", Data);
        Assert.Equal(ExitCodes.Done, alone.ExitCode);
        Assert.Contains("was not checked", alone.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"problem\":\"requests/1")]
    [InlineData("[]\n")]
    public async Task An_audit_that_does_not_come_to_its_end_is_no_all_clear(string audit)
    {
        Audit = audit;

        var run = await CommandRun.OfAsync("ledger", "verify", "--format", "json", "--data", Data);

        Assert.Equal(ExitCodes.Findings, run.ExitCode);
        Assert.False((bool)JsonNode.Parse(run.Output)!["storage"]!["isComplete"]!);
    }

    [Fact]
    public async Task An_anchor_catches_a_ledger_that_was_written_and_signed_anew()
    {
        var anchor = _folder.Write(
            "head.json",
            (await CommandRun.OfAsync("ledger", "verify", "--format", "json", "--data", Data)).Output
        );
        Entries[2] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Entries[2]).Replace("\"ada\"", "\"eve\"", StringComparison.Ordinal)
        );
        Head = SignHead();

        Assert.Equal(ExitCodes.Done, (await CommandRun.OfAsync("ledger", "verify", "--data", Data)).ExitCode);
        Assert.Equal(
            ExitCodes.Findings,
            (await CommandRun.OfAsync("ledger", "verify", "--anchor", anchor, "--data", Data)).ExitCode
        );
    }

    [Fact]
    public async Task An_audit_is_held_to_what_the_same_user_saw_before_without_having_noted_anything()
    {
        var state = Path.Combine(_folder.Root, "state");
        var first = await CommandRun.WithStateAsync(state, "ledger", "verify", "--data", Data);
        Assert.Contains(
            $"Note it elsewhere: 5 entries, root {Head.RootHash}, signed",
            first.Output,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ExitCodes.Done,
            (await CommandRun.WithStateAsync(state, "ledger", "verify", "--data", Data)).ExitCode
        );

        Entries[2] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Entries[2]).Replace("\"ada\"", "\"eve\"", StringComparison.Ordinal)
        );
        Head = SignHead();
        var forked = await CommandRun.WithStateAsync(state, "ledger", "verify", "--data", Data);
        Assert.Equal(ExitCodes.Findings, forked.ExitCode);
        Assert.Contains("The ledger was forked", forked.Output, StringComparison.Ordinal);
        Assert.Contains("Held to your earlier audits", forked.Output, StringComparison.Ordinal);

        Entries.RemoveRange(3, 2);
        Head = SignHead();
        var rolledBack = await CommandRun.WithStateAsync(state, "ledger", "verify", "--data", Data);
        Assert.Equal(ExitCodes.Findings, rolledBack.ExitCode);
        Assert.Contains("The ledger was rolled back", rolledBack.Output, StringComparison.Ordinal);
        // Told once is not enough: what was seen stays.
        Assert.Equal(
            ExitCodes.Findings,
            (await CommandRun.WithStateAsync(state, "ledger", "verify", "--data", Data)).ExitCode
        );
        Assert.Equal(
            ExitCodes.Done,
            (await CommandRun.WithStateAsync(state, "ledger", "verify", "--forget", "--data", Data)).ExitCode
        );
    }

    [Fact]
    public async Task An_audit_is_held_to_the_head_that_the_data_folder_keeps_apart_from_the_ledger()
    {
        var data = new DataDirectory(Data);
        Directory.CreateDirectory(Path.GetDirectoryName(data.LastHead)!);
        await File.WriteAllTextAsync(
            data.LastHead,
            JsonSerializer.Serialize(Head, ReportJson.Options),
            TestContext.Current.CancellationToken
        );
        Entries.RemoveRange(3, 2);
        Head = SignHead();

        var run = await CommandRun.OfAsync("ledger", "verify", "--data", Data);

        Assert.Equal(ExitCodes.Findings, run.ExitCode);
        Assert.Contains("The ledger was rolled back: it ends after 3 entries", run.Output, StringComparison.Ordinal);
        Assert.Contains("Held to the data folder", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_prove_gives_a_proof_that_holds_without_the_ledger()
    {
        var run = await CommandRun.OfAsync("ledger", "prove", "3", "--format", "json", "--data", Data);

        var proof = JsonSerializer.Deserialize<LedgerProof>(run.Output, ReportJson.Options)!;
        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Null(proof.Verify(new LedgerKeys().Add(_signer)));
    }

    [Fact]
    public async Task Ledger_prove_does_not_take_the_hosts_word()
    {
        Entries[3] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Entries[3]).Replace("\"ada\"", "\"eve\"", StringComparison.Ordinal)
        );

        var run = await CommandRun.OfAsync("ledger", "prove", "3", "--data", Data);

        Assert.Equal(ExitCodes.Findings, run.ExitCode);
        Assert.Contains("does not lead from the entry to the root", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_prove_of_an_entry_that_is_not_there_is_refused() =>
        (await CommandRun.OfAsync("ledger", "prove", "5", "--data", Data)).IsRefusedWith(
            "No signed head covers such an entry. (404)"
        );

    [Fact]
    public async Task A_wrong_key_is_told_as_such()
    {
        var data = new DataDirectory(Data);
        data.WriteHost(data.ReadHost()! with { Key = "other" });

        (await CommandRun.OfAsync("status", "--data", Data)).IsRefusedWith("refuses the key");
    }

    [Fact]
    public async Task A_host_that_has_gone_is_told_as_such()
    {
        await _host.StopAsync(TestContext.Current.CancellationToken);

        (await CommandRun.OfAsync("status", "--data", Data)).IsRefusedWith("does not answer");
    }

    private async Task ReceiveAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        _received.Add((request.Path.Value!, await reader.ReadToEndAsync()));
    }

    private SignedTreeHead SignHead()
    {
        var tree = Tree();
        var root = tree.RootAt(tree.Size);
        var at = DateTimeOffset.UnixEpoch.AddDays(1);
        return new SignedTreeHead(
            tree.Size,
            MerkleHash.ToHex(root),
            at,
            TreeHeads.KeyId(_signer),
            Convert.ToBase64String(
                TreeHeads.Sign(_signer, TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, tree.Size, root, at))
            )
        );
    }

    private MerkleTree Tree()
    {
        var tree = new MerkleTree();
        Entries.ForEach(entry => tree.Append(MerkleHash.Leaf(entry)));
        return tree;
    }
}
