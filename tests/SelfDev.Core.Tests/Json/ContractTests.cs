using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;

namespace SelfDev.Core.Tests.Json;

/// <summary>
/// Bytes that other bytes depend on. A test that fails here says that parked approvals, ledgers, histories or clients
/// would no longer be understood: do not mend the test, make another contract with a reader for the old one.
/// </summary>
public class ContractTests
{
    private const string Everything =
        """{"kind":"scale-now","name":"a\u003Cb\u003E\u0026\u0022\u00E9","share":0.1,"lost":"NaN","none":null,"""
        + "\"after\":\"00:05:00\",\"at\":\"2026-01-02T03:04:05.6+02:00\",\"usd\":1.50,\"map\":{\"Key "
        + "One\":1},\"list\":[\"x\"]}";

    private static readonly EffectPlan Plan = new()
    {
        Action = ScaleFleet.KindName,
        Resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train",
        From = new Dictionary<string, string> { ["sku"] = "ND96", ["capacity"] = "3" },
        To = new Dictionary<string, string> { ["sku"] = "ND96", ["capacity"] = "4" },
        ETag = "\"0x1\"",
        Evidence = ["evidence/run7/analysis.json"],
        Proposer = "selfdev",
        ExpiresAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
        InstanceId = "run7:action:1",
    };

    public static TheoryData<string> Contracts() =>
        [
            nameof(SelfDevJson.Signed),
            nameof(SelfDevJson.Stored),
            nameof(SelfDevJson.Payload),
            nameof(SelfDevJson.Http),
            nameof(ReportJson),
        ];

    [Theory]
    [MemberData(nameof(Contracts))]
    public void Each_contract_writes_just_these_bytes_and_reads_them_again(string contract)
    {
        var options = Options(contract);
        var value = new Sample(
            Kind.ScaleNow,
            "a<b>&\"é",
            0.1,
            double.NaN,
            null,
            TimeSpan.FromMinutes(5),
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, 600, TimeSpan.FromHours(2)),
            1.50m,
            new Dictionary<string, int> { ["Key One"] = 1 },
            ["x"]
        );
        Assert.Equal(Everything, JsonSerializer.Serialize(value, options));
        Assert.Equal(
            Everything,
            JsonSerializer.Serialize(JsonSerializer.Deserialize<Sample>(Everything, options), options)
        );
    }

    [Fact]
    public void No_contract_is_another_and_none_can_be_changed_at_run_time()
    {
        JsonSerializerOptions[] all =
        [
            SelfDevJson.Signed,
            SelfDevJson.Stored,
            SelfDevJson.StoredIndented,
            SelfDevJson.Payload,
            SelfDevJson.Http,
            ReportJson.Options,
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all[..^1], options => Assert.True(options.IsReadOnly));
        Assert.Throws<InvalidOperationException>(() => SelfDevJson.Signed.WriteIndented = true);
    }

    [Fact]
    public void The_hash_that_people_approve_is_over_these_bytes() =>
        Assert.Equal(
            """
            d85a1975f60a018d08cc3c4a217c8e1028c0a60c50279fbb434486726ca565b6
            {"action":"scale-fleet","eTag":"\"0x1\"","evidence":["evidence/run7/analysis.json"],"expiresAt":"2026-01-02T01:04:05+00:00","from":{"capacity":"3","sku":"ND96"},"instanceId":"run7:action:1","proposer":"selfdev","resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu-train","to":{"capacity":"4","sku":"ND96"}}
            """,
            PlanHash.Of(Plan)
                + "\n"
                + Encoding.UTF8.GetString(
                    CanonicalJson.Serialize(
                        Plan with
                        {
                            ExpiresAt = Plan.ExpiresAt.ToUniversalTime(),
                        },
                        SelfDevJson.Signed
                    )
                )
        );

    [Fact]
    public void A_line_of_the_ledger_is_these_bytes() =>
        Assert.Equal(
            """
            {"actor":"ana@example.com","at":"2026-01-02T01:04:05.6000000Z","body":{"capacity":4,"note":"é<","verdict":"approve"},"index":7,"instanceId":"run7","key":"decision:abc:1","type":"decision"}
            """,
            Encoding.UTF8.GetString(
                LedgerEntryFormat.Serialize(
                    7,
                    new LedgerEntry(
                        "decision:abc:1",
                        LedgerEntryTypes.Decision,
                        new DateTimeOffset(2026, 1, 2, 3, 4, 5, 600, TimeSpan.FromHours(2)),
                        "run7",
                        "ana@example.com",
                        new JsonObject
                        {
                            ["verdict"] = "approve",
                            ["capacity"] = 4,
                            ["note"] = "é<",
                        }
                    )
                )
            )
        );

    [Fact]
    public void A_signed_head_is_these_bytes() =>
        Assert.Equal(
            """
            {"at":"2026-01-02T03:04:05+00:00","keyId":"0123456789abcdef","rootHash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","signature":"c2ln","treeSize":7}
            """,
            Encoding.UTF8.GetString(
                CanonicalJson.Serialize(
                    new SignedTreeHead(
                        7,
                        new string('a', 64),
                        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
                        "0123456789abcdef",
                        "c2ln"
                    ),
                    SelfDevJson.Signed
                )
            )
        );

    private static JsonSerializerOptions Options(string contract) =>
        contract == nameof(ReportJson)
            ? ReportJson.Options
            : (JsonSerializerOptions)typeof(SelfDevJson).GetProperty(contract)!.GetValue(null)!;

    private enum Kind
    {
        Hold,
        ScaleNow,
    }

    private sealed record Sample(
        Kind Kind,
        string Name,
        double Share,
        double Lost,
        string? None,
        TimeSpan After,
        DateTimeOffset At,
        decimal Usd,
        IReadOnlyDictionary<string, int> Map,
        IReadOnlyList<string> List
    );
}
