using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;

namespace SelfDev.Workflows.Tests.Approval;

public class ApprovalWorkflowTests
{
    private static readonly string Hash = new('a', 64);

    private readonly ScriptedContext _context = new(Asked.Now);
    private readonly Queue<ApprovalProgress> _progress = new();

    public ApprovalWorkflowTests() =>
        _context.On(ReadDecisions.Handle, _ => _progress.Count > 1 ? _progress.Dequeue() : _progress.Peek());

    [Fact]
    public async Task People_are_asked_once_and_a_decision_ends_it()
    {
        _progress.Enqueue(Progress(ApprovalState.Pending, 0));
        _progress.Enqueue(Progress(ApprovalState.Approved, 1));
        _context.Wakes.Enqueue(true);

        var result = await RunAsync();

        Assert.Equal((ApprovalState.Approved, "ana@example.com it was approved"), (result.State, result.Why));
        Assert.Equal([0], _context.Inputs<RequestApprovalInput>().Select(asked => asked.Reminder));
        Assert.Equal([ApprovalEvents.Decided(Hash, 1).Name], _context.Waits);
    }

    [Fact]
    public async Task A_first_of_two_waits_for_the_second_by_its_number()
    {
        _progress.Enqueue(Progress(ApprovalState.Pending, 0));
        _progress.Enqueue(Progress(ApprovalState.Pending, 1));
        _progress.Enqueue(Progress(ApprovalState.Approved, 2));
        _context.Wakes.Enqueue(true);
        _context.Wakes.Enqueue(true);

        Assert.Equal(ApprovalState.Approved, (await RunAsync()).State);
        Assert.Equal([ApprovalEvents.Decided(Hash, 1).Name, ApprovalEvents.Decided(Hash, 2).Name], _context.Waits);
    }

    [Fact]
    public async Task Reminders_come_at_their_time_none_at_the_expiry_and_then_it_is_read_once_more()
    {
        _progress.Enqueue(Progress(ApprovalState.Pending, 0));
        _context.On(
            ReadDecisions.Handle,
            input =>
                input.Now >= Asked.Now.AddMinutes(50)
                    ? Progress(ApprovalState.Expired, 0)
                    : Progress(ApprovalState.Pending, 0)
        );

        Assert.Equal(ApprovalState.Expired, (await RunAsync(expiresAfter: 50, remindEvery: 20)).State);
        Assert.Equal([0, 1, 2], _context.Inputs<RequestApprovalInput>().Select(asked => asked.Reminder));
        Assert.Equal([20, 20, 10], _context.Timers.Select(timer => timer.TotalMinutes));
    }

    [Fact]
    public async Task A_decision_that_was_recorded_before_a_crash_counts_without_its_event()
    {
        _progress.Enqueue(Progress(ApprovalState.Rejected, 1));

        Assert.Equal(ApprovalState.Rejected, (await RunAsync()).State);
        Assert.Empty(_context.Waits);
    }

    [Fact]
    public async Task After_its_time_nobody_is_asked()
    {
        _progress.Enqueue(Progress(ApprovalState.Expired, 0));

        Assert.Equal(ApprovalState.Expired, (await RunAsync(expiresAfter: 0)).State);
        Assert.Empty(_context.Inputs<RequestApprovalInput>());
    }

    private static ApprovalProgress Progress(ApprovalState state, int decisions)
    {
        var request = Asked.Request(quorum: 2);
        return new ApprovalProgress(
            state,
            [.. new[] { Asked.Ana, Asked.Bo }.Take(decisions).Select(who => Asked.Approve(request, who))]
        );
    }

    private Task<ApprovalResult> RunAsync(int expiresAfter = 60, int remindEvery = 30) =>
        ApprovalWorkflow.RunAsync(
            _context,
            new ApprovalInput(Hash, Asked.Now.AddMinutes(expiresAfter), TimeSpan.FromMinutes(remindEvery))
        );
}
