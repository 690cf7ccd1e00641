using System.Collections.Concurrent;
using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Engine;

/// <summary>People who cannot be told are tried again, and hold nothing up.</summary>
public sealed class NotificationRetryTests
{
    private static readonly Workflow<int, string> Flow = new("Flow");
    private static readonly NotifyEffectInput Input = new(
        "hash",
        "scale-fleet",
        EffectOutcome.Applied,
        "done",
        ["ana@example.com", "ben@example.com"]
    );

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(4, 6)]
    [InlineData(100, 10)]
    public async Task Where_nobody_was_told_all_are_tried_up_to_five_times_then_the_work_goes_on(
        int failures,
        int calls
    )
    {
        var notifier = new FailingNotifier(failures);
        using var ledger = new InMemoryLedgerStore();
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(
            new WorkflowCatalog()
                .Add(
                    NotifyEffect.Handle,
                    _ => new NotifyEffect(new FixedPolicySource(ApprovalPolicy.DenyAll), ledger, notifier)
                )
                .Add(
                    Flow,
                    async (context, _) =>
                    {
                        await context.TellAsync(NotifyEffect.Handle, Input);
                        return "went on";
                    }
                )
        );

        await subject.Client.StartAsync(Flow, 0, "i", Cancellation);
        var finished = subject.Client.WaitForCompletionAsync("i", Cancellation);
        while (!finished.IsCompleted)
        {
            await subject.AdvanceAsync(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.Equal("went on", Payload.Deserialize<string>((await finished).Output));
        Assert.Equal(calls, notifier.Keys.Count);
        Assert.Equal(2, notifier.Keys.Distinct().Count());
    }

    private sealed class FailingNotifier(int failures) : INotifier
    {
        private int _calls;

        public ConcurrentQueue<string> Keys { get; } = new();

        public Task<string?> NotifyAsync(Notification notification, CancellationToken cancellation)
        {
            Keys.Enqueue(notification.Key);
            return Task.FromResult(Interlocked.Increment(ref _calls) <= failures ? "The webhook answered 503." : null);
        }
    }
}
