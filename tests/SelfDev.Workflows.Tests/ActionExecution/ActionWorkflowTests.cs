using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>The order of things in <c>ActionExecution</c>, and that whatever happens is recorded.</summary>
public class ActionWorkflowTests
{
    private static readonly ActionInput Input = new("run7", 1);
    private static readonly IReadOnlyDictionary<string, string> From = new Dictionary<string, string>
    {
        ["capacity"] = "3",
    };
    private static readonly IReadOnlyDictionary<string, string> To = new Dictionary<string, string>
    {
        ["capacity"] = "4",
    };

    private readonly ScriptedContext _context = new(Asked.Now);

    public ActionWorkflowTests()
    {
        _context.On(PlanEffect.Handle, input => Plan(input.Round));
        _context.On(ApprovalWorkflow.Handle, _ => new ApprovalResult(ApprovalState.Approved, "Ana approved."));
        _context.On(ExecuteEffect.Handle, _ => Start(EffectStartKind.Started));
        _context.On(PollEffect.Handle, _ => new OperationState(OperationPhase.Succeeded, null, null, null));
        _context.On(ObserveEffect.Handle, Observed);
    }

    [Fact]
    public async Task Approved_begun_ended_and_seen_it_is_recorded_and_told()
    {
        var outcome = await RunAsync();

        Assert.Equal((EffectOutcome.Applied, "scale-fleet"), (outcome.Outcome, outcome.Action));
        Assert.Equal(
            [
                "PlanEffect",
                "RecordLedgerEntry",
                "Approval",
                "ExecuteEffect",
                "PollEffect",
                "ObserveEffect",
                "RecordLedgerEntry",
                "NotifyEffect",
            ],
            _context.Calls.Select(call => call.Name)
        );
        Assert.Equal(
            [
                (LedgerEntryTypes.Proposal, "run7:action:1:proposal:1"),
                (LedgerEntryTypes.Effect, "run7:action:1:effect:1"),
            ],
            _context.Recorded.Select(entry => (entry.Type, entry.Key))
        );
        Assert.Equal("3", Assert.Single(_context.Inputs<ObserveInput>()).Before!["capacity"]);
    }

    [Theory]
    [InlineData(ApprovalState.Rejected)]
    [InlineData(ApprovalState.Expired)]
    [InlineData(ApprovalState.Pending)]
    public async Task Without_an_approval_nothing_is_begun(ApprovalState state)
    {
        _context.On(ApprovalWorkflow.Handle, _ => new ApprovalResult(state, "why"));

        Assert.Equal(EffectOutcome.NotApproved, (await RunAsync()).Outcome);
        Assert.DoesNotContain(_context.Calls, call => call.Name == "ExecuteEffect");
        Assert.Single(_context.Recorded, entry => entry.Type == LedgerEntryTypes.Effect);
    }

    [Fact]
    public async Task An_obstacle_wakes_nobody()
    {
        _context.On(PlanEffect.Handle, input => Plan(input.Round) with { Obstacle = "no quota" });

        var outcome = await RunAsync();

        Assert.Equal((EffectOutcome.Refused, "no quota"), (outcome.Outcome, outcome.Detail));
        Assert.DoesNotContain(_context.Calls, call => call.Name is "Approval" or "ExecuteEffect");
    }

    [Theory]
    [InlineData(EffectStartKind.AlreadyThere, EffectOutcome.AlreadyThere)]
    [InlineData(EffectStartKind.Stopped, EffectOutcome.RefusedKillSwitch)]
    [InlineData(EffectStartKind.Refused, EffectOutcome.Refused)]
    public async Task What_was_not_begun_is_not_waited_for(EffectStartKind kind, EffectOutcome expected)
    {
        _context.On(ExecuteEffect.Handle, _ => Start(kind));

        Assert.Equal(expected, (await RunAsync()).Outcome);
        Assert.DoesNotContain(_context.Calls, call => call.Name == "PollEffect");
    }

    [Fact]
    public async Task A_resource_that_keeps_changing_is_planned_and_asked_about_three_times_in_all()
    {
        _context.On(ExecuteEffect.Handle, _ => Start(EffectStartKind.Drifted));

        Assert.Equal(EffectOutcome.RefusedDrift, (await RunAsync()).Outcome);
        Assert.Equal([1, 2, 3], _context.Inputs<PlanEffectInput>().Select(input => input.Round));
        Assert.Equal([1, 2, 3], _context.Inputs<ObserveInput>().Select(input => input.Round));
        Assert.Equal(3, _context.Recorded.Count(entry => entry.Type == LedgerEntryTypes.Effect));
    }

    [Fact]
    public async Task A_change_between_approval_and_effect_is_approved_anew()
    {
        var starts = new Queue<EffectStartKind>([EffectStartKind.Drifted, EffectStartKind.Started]);
        _context.On(ExecuteEffect.Handle, _ => Start(starts.Dequeue()));

        Assert.Equal(EffectOutcome.Applied, (await RunAsync()).Outcome);
        Assert.Equal(2, _context.Calls.Count(call => call.Name == "Approval"));
    }

    [Theory]
    [InlineData(null, 5)]
    [InlineData(1, 5)]
    [InlineData(30, 30)]
    [InlineData(60, 60)]
    [InlineData(61, 61)]
    [InlineData(600, 600)]
    public async Task Throttling_is_waited_out_never_earlier_than_asked(int? retryAfter, int expected)
    {
        var starts = new Queue<EffectStart>([
            Start(EffectStartKind.Throttled, retryAfter),
            Start(EffectStartKind.Started),
        ]);
        _context.On(ExecuteEffect.Handle, _ => starts.Dequeue());

        Assert.Equal(EffectOutcome.Applied, (await RunAsync()).Outcome);
        Assert.Equal([TimeSpan.FromSeconds(expected)], _context.Timers);
    }

    [Fact]
    public async Task Throttled_until_the_plan_expires_nothing_is_done()
    {
        _context.On(ExecuteEffect.Handle, _ => Start(EffectStartKind.Throttled, 60));

        Assert.Equal(EffectOutcome.TimedOut, (await RunAsync()).Outcome);
        Assert.Equal(59, _context.Timers.Count);
        Assert.True(_context.CurrentUtcDateTime < Asked.Now.AddHours(1).UtcDateTime);
    }

    [Fact]
    public async Task Polling_slows_down_to_a_minute_and_ends_after_two_hours()
    {
        _context.On(PollEffect.Handle, _ => new OperationState(OperationPhase.Running, null, null, null));

        Assert.Equal(EffectOutcome.TimedOut, (await RunAsync()).Outcome);
        Assert.Equal([5, 7.5, 11.25], _context.Timers.Take(3).Select(timer => timer.TotalSeconds));
        Assert.Equal(TimeSpan.FromMinutes(1), _context.Timers.Max());
        Assert.InRange(
            _context.CurrentUtcDateTime - Asked.Now.UtcDateTime,
            TimeSpan.FromHours(2),
            TimeSpan.FromHours(2) + TimeSpan.FromMinutes(1)
        );
    }

    [Fact]
    public async Task The_first_look_is_when_the_start_said()
    {
        _context.On(ExecuteEffect.Handle, _ => Start(EffectStartKind.Started, retryAfter: 20));
        var polls = new Queue<OperationState>([
            new(OperationPhase.Running, null, null, null),
            new(OperationPhase.Running, null, null, null),
            new(OperationPhase.Succeeded, null, null, null),
        ]);
        _context.On(PollEffect.Handle, _ => polls.Dequeue());

        Assert.Equal(EffectOutcome.Applied, (await RunAsync()).Outcome);
        Assert.Equal([20, 30], _context.Timers.Select(timer => timer.TotalSeconds));
    }

    [Fact]
    public async Task A_provider_that_says_when_to_ask_is_asked_then()
    {
        var polls = new Queue<OperationState>([
            new(OperationPhase.Running, TimeSpan.FromSeconds(17), null, null),
            new(OperationPhase.Failed, null, "Quota", "No more."),
        ]);
        _context.On(PollEffect.Handle, _ => polls.Dequeue());

        var outcome = await RunAsync();

        Assert.Equal((EffectOutcome.Failed, "Quota: No more."), (outcome.Outcome, outcome.Detail));
        Assert.Equal([TimeSpan.FromSeconds(17)], _context.Timers);
    }

    [Fact]
    public async Task What_may_have_been_begun_is_looked_at_and_recorded()
    {
        _context.On(
            ExecuteEffect.Handle,
            EffectStart (_) => throw ScriptedContext.Failure("ExecuteEffect", "the network is gone")
        );

        var outcome = await RunAsync();

        Assert.Equal(
            (EffectOutcome.TimedOut, "Whether it was begun is not known: the network is gone"),
            (outcome.Outcome, outcome.Detail)
        );
        Assert.Single(_context.Recorded, entry => entry.Type == LedgerEntryTypes.Effect);
    }

    [Fact]
    public async Task An_end_that_nobody_saw_is_recorded_as_that()
    {
        _context.On(
            PollEffect.Handle,
            OperationState (_) => throw ScriptedContext.Failure("PollEffect", "the request is gone")
        );

        var outcome = await RunAsync();

        Assert.Equal(EffectOutcome.TimedOut, outcome.Outcome);
        Assert.Contains(
            "It was begun; how it ended could not be seen: the request is gone",
            outcome.Detail,
            StringComparison.Ordinal
        );
        Assert.Single(_context.Recorded, entry => entry.Type == LedgerEntryTypes.Effect);
    }

    [Theory]
    [InlineData(OperationPhase.Succeeded, EffectOutcome.TimedOut)]
    [InlineData(OperationPhase.Failed, EffectOutcome.Failed)]
    public async Task What_cannot_be_read_afterwards_is_not_called_applied(OperationPhase phase, EffectOutcome expected)
    {
        _context.On(PollEffect.Handle, _ => new OperationState(phase, null, null, null));
        _context.On(
            ObserveEffect.Handle,
            Effect (_) => throw ScriptedContext.Failure("ObserveEffect", "the report was forged")
        );

        var outcome = await RunAsync();

        Assert.Equal(expected, outcome.Outcome);
        Assert.Contains(
            "What is there now could not be read: the report was forged",
            outcome.Detail,
            StringComparison.Ordinal
        );
        var recorded = Assert.Single(_context.Recorded, entry => entry.Type == LedgerEntryTypes.Effect);
        Assert.Equal("3", (string?)recorded.Body["after"]!["capacity"]);
    }

    private static PlanOutcome Plan(int round) =>
        new(
            new string((char)('a' + round), 64),
            "scale-fleet",
            "vmss",
            From,
            To,
            "0x1",
            Asked.Now.AddHours(1),
            TimeSpan.FromMinutes(30),
            [Asked.Ana],
            1,
            null
        );

    private static EffectStart Start(EffectStartKind kind, int? retryAfter = null) =>
        new(kind, "operation", retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null, null, From);

    private static Effect Observed(ObserveInput input) =>
        new(
            input.PlanHash,
            "scale-fleet",
            "vmss",
            input.Outcome,
            From,
            To,
            input.StartedAt,
            input.EndedAt,
            input.Detail
        );

    private Task<ActionOutcome> RunAsync() => SelfDev.Workflows.Actions.ActionExecution.RunAsync(_context, Input);
}
