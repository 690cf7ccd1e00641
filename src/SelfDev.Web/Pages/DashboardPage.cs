using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SelfDev.Core.Findings;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports.Render;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;

namespace SelfDev.Web.Pages;

/// <summary>What is going on: what waits for people, what runs, whether actions are stopped, what the ledger's head
/// is.</summary>
internal static class DashboardPage
{
    public static IResult Render(HttpRequest request, DashboardContent content) =>
        Page.Render(
            request,
            StatusCodes.Status200OK,
            "SelfDev",
            Html.Of(
                $"""
                <header class="bar"><div><p class="eyebrow">SelfDev</p><h1>What is going on</h1></div><p class="facts">{ApprovalPage.Time(
                    content.Now
                )}, signed in as {Page.Safe(content.Caller)}</p></header>
                {KillSwitch(content.KillSwitch)}
                {Tampering(content.Tampering)}
                {Approvals(content.Pending, content.HasMorePending)}
                {Instances(content.Instances)}
                {Ledger(content.Head)}
                """
            ),
            isWide: true
        );

    private static Html KillSwitch(KillSwitchState state) =>
        state.Engaged
            ? Html.Of(
                $"""
                <div class="banner bad" role="status">
                <p>The kill switch is on: no new action starts. Set by {Page.Safe(state.By)}{(
                    state.At is { } at ? Html.Of($" at {ApprovalPage.Time(at)}") : Html.Empty
                )}. {Page.Safe(state.Reason)}</p>
                <form method="post" action="/api/killswitch"><input type="hidden" name="engaged" value="false"><button type="submit">Release it</button></form>
                </div>
                """
            )
            : Html.Of(
                $"""
                <form class="banner good" method="post" action="/api/killswitch">
                <p>Approved actions are carried out.</p>
                <input type="hidden" name="engaged" value="true"><button class="stop" type="submit">Stop all actions</button>
                </form>
                """
            );

    private static Html Tampering(IReadOnlyList<Finding> findings) =>
        findings.Count == 0
            ? Html.Empty
            : Html.Of(
                $"""
                <section class="banner bad" role="alert"><h2>Storage was tampered with</h2>
                <p>What is named here is not as SelfDev wrote it, and counts for nothing. Find out who has access; the ledger has it all.</p>
                <ul>{findings.Reverse().Select(finding =>
                    Html.Of($"<li>{Page.Safe(finding.Title)}</li>")
                )}</ul></section>
                """
            );

    private static Html Approvals(IReadOnlyList<PendingApproval> pending, bool hasMore)
    {
        var rows = pending.Select(approval =>
            Html.Of(
                $"""
                <tr><td><a href="/decide/{approval.Request.PlanHash}"><strong>{Page.Safe(
                    ApprovalPage.Headline(approval.Request)
                )}</strong></a><br><span class="facts">{Page.Safe(approval.Request.Proposal.Why)}</span></td>
                <td>{Page.Safe(
                    approval.Request.Subject
                )}</td><td>{approval.Approvals} of {approval.Request.Requirement.Quorum}</td>
                <td>{Page.Safe(string.Join(", ", approval.Request.Requirement.Approvers))}</td><td>{ApprovalPage.Time(
                    approval.Request.Plan.ExpiresAt
                )}</td>
                <td><code>{approval.Request.PlanHash[..12]}</code></td></tr>
                """
            )
        );
        return Html.Of(
            $"""
            <section class="card"><h2>Waits for people ({pending.Count}{(hasMore ? " and more" : "")})</h2>
            {(
                pending.Count == 0
                    ? Html.Of($"<p class=\"facts\">Nothing waits for a decision.</p>")
                    : Html.Of(
                        $"<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Action</th><th>For</th><th>Approvals</th><th>Approvers</th><th>Expires</th><th>Plan</th></tr></thead><tbody>{rows}</tbody></table></div>"
                    )
            )}
            </section>
            """
        );
    }

    private static Html Instances(IReadOnlyList<WorkflowInstance> instances)
    {
        var rows = instances.Select(instance =>
            Html.Of(
                $"""
                <tr><td><code>{Page.Safe(instance.InstanceId)}</code></td><td>{Page.Safe(
                    instance.Name
                )}</td><td>{Status(instance.Status)}</td>
                <td>{Page.Safe(Phase(instance))}</td><td>{ApprovalPage.Time(
                    instance.CreatedAt
                )}</td><td>{ApprovalPage.Time(instance.UpdatedAt)}</td><td>{Report(instance)}</td></tr>
                """
            )
        );
        return Html.Of(
            $"""
            <section class="card"><h2>Workflows, newest first</h2>
            {(
                instances.Count == 0
                    ? Html.Of(
                        $"<p class=\"facts\">Nothing has run yet. Drop an artifact into the container <code>intake</code>.</p>"
                    )
                    : Html.Of(
                        $"<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Instance</th><th>Workflow</th><th>Status</th><th>Where it is</th><th>Started</th><th>Last step</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>"
                    )
            )}
            </section>
            """
        );
    }

    private static Html Status(WorkflowStatus status)
    {
        var look = status switch
        {
            WorkflowStatus.Completed => "good",
            WorkflowStatus.Failed or WorkflowStatus.Quarantined => "critical",
            WorkflowStatus.Terminated or WorkflowStatus.Suspended => "warning",
            _ => "info",
        };
        return Html.Of($"""<span class="badge {look}">{status}</span>""");
    }

    // The custom status of our workflows has a phase, and a fleet's has a reason; what a failed one died of says more.
    private static string Phase(WorkflowInstance instance)
    {
        if (instance.Failure is { } failure)
        {
            return failure.Message;
        }

        if (instance.CustomStatus is null)
        {
            return "";
        }

        try
        {
            using var status = JsonDocument.Parse(instance.CustomStatus);
            if (
                status.RootElement.ValueKind != JsonValueKind.Object
                || !status.RootElement.TryGetProperty("phase", out var phase)
            )
            {
                return "";
            }

            return status.RootElement.TryGetProperty("reason", out var reason)
                ? $"{phase}: {reason}"
                : phase.ToString();
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static Html Report(WorkflowInstance instance) =>
        instance.Name == ArtifactDiagnosis.Handle.Name
            ? Html.Of($"""<a href="/api/reports/{Uri.EscapeDataString(instance.InstanceId)}/report.html">report</a>""")
            : Html.Empty;

    private static Html Ledger(SignedTreeHead? head) =>
        head is null
            ? Html.Of($"<footer>The ledger is empty.</footer>")
            : Html.Of(
                $"<footer>Ledger: {head.TreeSize} entries, root <code>{Page.Safe(head.RootHash)}</code>, signed "
                    + $"{ApprovalPage.Time(head.At)} by key <code>{Page.Safe(head.KeyId)}</code>. Note it down "
                    + $"elsewhere: with it anybody can tell later whether the ledger was rewritten.</footer>"
            );
}

/// <param name="Head">Null while the ledger is empty.</param>
internal sealed record DashboardContent(
    DateTimeOffset Now,
    string Caller,
    KillSwitchState KillSwitch,
    IReadOnlyList<PendingApproval> Pending,
    bool HasMorePending,
    IReadOnlyList<Finding> Tampering,
    IReadOnlyList<WorkflowInstance> Instances,
    SignedTreeHead? Head
);
