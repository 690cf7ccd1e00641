using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>Tells the approvers how an action ended. What cannot be delivered is logged by the notifier and not tried again.</summary>
public sealed class NotifyEffect(INotifier notifier) : IActivity<NotifyEffectInput, Nothing>
{
    public static readonly Activity<NotifyEffectInput, Nothing> Handle = new("NotifyEffect");

    public async Task<Nothing> RunAsync(NotifyEffectInput input, ActivityContext context)
    {
        foreach (var approver in input.Approvers)
        {
            await notifier.NotifyAsync(
                new Notification(
                    $"{input.PlanHash}:{input.Outcome}:{approver}",
                    "effect-done",
                    approver,
                    $"{input.Action}: {JsonNamingPolicy.KebabCaseLower.ConvertName(input.Outcome.ToString())}",
                    input.Detail,
                    null),
                context.Cancellation);
        }

        return Nothing.Value;
    }
}

public sealed record NotifyEffectInput(string PlanHash, string Action, EffectOutcome Outcome, string Detail, IReadOnlyList<string> Approvers);
