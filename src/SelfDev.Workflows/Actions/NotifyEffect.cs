using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>Tells the approvers how an action ended. Tried again where none of them could be reached.</summary>
public sealed class NotifyEffect(IApprovalPolicySource policies, ILedgerStore ledger, INotifier notifier)
    : IActivity<NotifyEffectInput, Nothing>
{
    public static readonly Activity<NotifyEffectInput, Nothing> Handle = new("NotifyEffect");

    public async Task<Nothing> RunAsync(NotifyEffectInput input, ActivityContext context)
    {
        var policy = (await policies.ReadAsync(context.Cancellation)).Policy;
        var head = await ledger.HeadToShowAsync(context.Cancellation);
        var problems = new List<string>();
        foreach (var approver in input.Approvers)
        {
            var problem = await notifier.NotifyAsync(
                new Notification(
                    $"{input.PlanHash}:{input.Outcome}:{approver}",
                    "effect-done",
                    approver,
                    $"{input.Action}: {JsonNamingPolicy.KebabCaseLower.ConvertName(input.Outcome.ToString())}",
                    head is null ? input.Detail : $"{input.Detail} ({head.Short()})",
                    null
                )
                {
                    Address = policy?.AddressOf(approver),
                },
                context.Cancellation
            );
            problems.AddRange(problem is null ? [] : [problem]);
        }

        return problems.Count == 0 || problems.Count < input.Approvers.Count
            ? Nothing.Value
            : throw new NotDeliveredException(problems[0]);
    }
}

public sealed record NotifyEffectInput(
    string PlanHash,
    string Action,
    EffectOutcome Outcome,
    string Detail,
    IReadOnlyList<string> Approvers
);
