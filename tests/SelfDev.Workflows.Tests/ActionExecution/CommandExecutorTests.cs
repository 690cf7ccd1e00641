using System.Text;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

public sealed class CommandExecutorTests : IDisposable
{
    private static readonly EffectPlan Plan = Asked.Plan with
    {
        Action = "restart",
        Resource = "commands/training/run7",
        From = new Dictionary<string, string> { ["checkpoint"] = "-" },
        To = new Dictionary<string, string> { ["checkpoint"] = "step-2000" },
    };

    private static readonly string Hash = PlanHash.Of(Plan);
    private static readonly string Name = $"training/run7/{Hash}.json";

    private readonly TrustRoom _trust = new(new FakeClock(Asked.Now), new FixedPolicySource(Asked.Policy));
    private readonly InMemoryArtifactStore _account = new();
    private readonly TestSigner _signer = new();
    private readonly CommandExecutor _executor;

    public CommandExecutorTests() =>
        _executor = new CommandExecutor(_account, _trust.Intents, _signer, _trust.Tampering);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_is_signed_and_marked_before_it_lies_there_and_is_seen()
    {
        Assert.Same(Plan.From, await _executor.ObserveAsync(Plan, Hash, Cancel));

        Assert.Equal(EffectStartKind.Started, (await _executor.StartAsync(Plan, Hash, Cancel)).Kind);

        Assert.True(await _trust.Intents.IsSetAsync(Hash, Cancel));
        Assert.True(
            CommandDocument.IsGenuine(
                Encoding.UTF8.GetBytes(_account.Text(Containers.Commands, Name)),
                Name,
                Hash,
                _signer
            )
        );
        Assert.Same(Plan.To, await _executor.ObserveAsync(Plan, Hash, Cancel));
        Assert.Equal(OperationPhase.Succeeded, (await _executor.PollAsync(Plan, null, Cancel)).Phase);
    }

    [Fact]
    public async Task Started_again_it_is_the_same_command()
    {
        await _executor.StartAsync(Plan, Hash, Cancel);
        var first = _account.Text(Containers.Commands, Name);

        await _executor.StartAsync(Plan, Hash, Cancel);

        Assert.Equal(first, _account.Text(Containers.Commands, Name));
        Assert.Empty(_trust.Ledger.Entries);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"planHash\":\"?\",\"parameters\":{\"checkpoint\":\"step-9\"}}")]
    public async Task What_somebody_else_put_in_its_place_is_reported_replaced_and_no_effect(string forged)
    {
        _account.Put(Containers.Commands, Name, forged);
        Assert.Same(Plan.From, await _executor.ObserveAsync(Plan, Hash, Cancel));

        await _executor.StartAsync(Plan, Hash, Cancel);

        Assert.Same(Plan.To, await _executor.ObserveAsync(Plan, Hash, Cancel));
        Assert.Contains(
            _trust.Ledger.Entries,
            entry => entry.Type == LedgerEntryTypes.Tampering && (string?)entry.Body["place"] == $"commands/{Name}"
        );
    }

    [Fact]
    public async Task Without_a_signature_there_is_no_command()
    {
        _signer.Fails = true;

        Assert.NotNull(await Record.ExceptionAsync(() => _executor.StartAsync(Plan, Hash, Cancel)));

        Assert.Empty(await _account.ListAsync(Containers.Commands, "", Cancel).ToListAsync(Cancel));
        Assert.False(await _trust.Intents.IsSetAsync(Hash, Cancel));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task The_end_is_told_to_everybody_and_again_only_where_nobody_heard(int failures, bool expected)
    {
        var notifier = new RecordingNotifier(failures);
        var notify = new NotifyEffect(new FixedPolicySource(Asked.Policy), _trust.Ledger, notifier);
        var input = new NotifyEffectInput(
            Hash,
            "restart",
            EffectOutcome.RefusedDrift,
            "It changed.",
            [Asked.Ana, Asked.Bo, Asked.Cy]
        );

        var failure = await Record.ExceptionAsync(() =>
            notify.RunAsync(input, new ActivityContext("run7", "key", Cancel))
        );

        Assert.Equal(expected, failure is NotDeliveredException);
        Assert.Equal([Asked.Ana, Asked.Bo, Asked.Cy], notifier.All.Select(told => told.Recipient));
        Assert.All(
            notifier.All,
            told => Assert.Equal(("restart: refused-drift", "It changed."), (told.Title, told.Text))
        );
        Assert.Equal(3, notifier.All.Select(told => told.Key).Distinct().Count());
    }

    public void Dispose()
    {
        _trust.Dispose();
        _signer.Dispose();
    }
}
