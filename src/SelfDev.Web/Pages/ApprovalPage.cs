using System.Globalization;
using Microsoft.AspNetCore.Http;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Render;
using SelfDev.Workflows.Approval;

namespace SelfDev.Web.Pages;

/// <summary>
/// What a person reads before deciding: what exactly would change, why, on what evidence, at what cost, until when. It
/// shows, and changes nothing.
/// </summary>
internal static class ApprovalPage
{
    private const int ShownFindings = 20;

    /// <param name="explanation">What there is by now; null where there is none yet.</param>
    public static IResult Render(
        HttpRequest request,
        ApprovalRequest approval,
        RecordedDecisions decisions,
        Viewer viewer,
        DateTimeOffset now,
        Diagnosis? explanation
    )
    {
        var terms = approval.Terms();
        var state = decisions.StateUnder(terms);
        var verdict = ApprovalLifecycle.Weigh(
            terms,
            decisions.Items,
            new Decision(
                approval.PlanHash,
                terms.RequestHash,
                DecisionKind.Approve,
                viewer.Name,
                now,
                null,
                viewer.Proof
            )
        );
        return Page.Render(
            request,
            StatusCodes.Status200OK,
            $"{Headline(approval)}: approval",
            Html.Of(
                $"""
                <p class="eyebrow">SelfDev asks for approval</p>
                <h1>{Page.Safe(Headline(approval))}</h1>
                <p class="facts">Proposed by {Page.Safe(approval.Plan.Proposer)} at {Time(approval.RequestedAt)}{About(
                    approval
                )}. You are {Page.Safe(viewer.Name)}, {DecisionProof.Describe(viewer.Proof)}.</p>
                {Banner(approval, state, now)}
                {Change(approval)}
                <div class="columns">{Why(approval)}{Stakes(approval)}</div>
                {Findings(approval)}
                {Decisions(approval, decisions)}
                {Deciding(approval, verdict)}
                {ExplanationSection.Render(approval, explanation)}
                <footer>
                Plan <code>{Page.Safe(approval.PlanHash)}</code>, request <code>{Page.Safe(
                    terms.RequestHash
                )}</code>. You approve what this page shows
                under "What would change", "Why", "Cost, outcome, risk", "Evidence" and "Who decides", and nothing else: before anything is done, all of it,
                the policy of then and the resource are checked again, and if something differs, nothing is done.
                </footer>
                """
            )
        );
    }

    /// <summary>The action in a few words, e.g. "scale-fleet: capacity 3 to 4".</summary>
    public static string Headline(ApprovalRequest approval)
    {
        var changes = approval
            .Plan.To.Where(field => approval.Plan.From.GetValueOrDefault(field.Key) != field.Value)
            .Select(field =>
                approval.Plan.From.GetValueOrDefault(field.Key) is { } before and not "-"
                    ? $"{field.Key} {before} to {field.Value}"
                    : $"{field.Key} {field.Value}"
            );
        return $"{approval.Plan.Action}: {string.Join(", ", changes)}";
    }

    public static Html Time(DateTimeOffset time) => Html.Text(ReportWording.Time(time));

    private static Html About(ApprovalRequest approval) =>
        approval.Subject is null ? Html.Empty : Html.Of($" for <strong>{Page.Safe(approval.Subject)}</strong>");

    private static Html Banner(ApprovalRequest approval, ApprovalState state, DateTimeOffset now) =>
        state switch
        {
            ApprovalState.Approved => Html.Of($"<p class=\"banner good\" role=\"status\">Approved.</p>"),
            ApprovalState.Rejected => Html.Of(
                $"<p class=\"banner bad\" role=\"status\">Rejected. Nothing is done.</p>"
            ),
            ApprovalState.Expired => Html.Of(
                $"<p class=\"banner bad\" role=\"status\">Expired without enough approvals. Nothing is done.</p>"
            ),
            _ => Html.Of(
                $"""
                <p class="banner waiting" role="status">Waits for a decision until {Time(approval.Plan.ExpiresAt)}:
                <time datetime="{approval.Plan.ExpiresAt.UtcDateTime:O}" data-seconds="{Math.Max(
                    0,
                    (long)(approval.Plan.ExpiresAt - now).TotalSeconds
                )}">{Left(approval.Plan.ExpiresAt - now)}</time>.
                No decision means no action.</p>
                """
            ),
        };

    private static string Left(TimeSpan left) =>
        left <= TimeSpan.Zero ? "expired"
        : left.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(left.TotalHours)} h {left.Minutes} min left")
        : string.Create(CultureInfo.InvariantCulture, $"{left.Minutes} min {left.Seconds} s left");

    private static Html Change(ApprovalRequest approval)
    {
        var names = approval.Plan.From.Keys.Union(approval.Plan.To.Keys).Order(StringComparer.Ordinal);
        var rows = names.Select(name =>
        {
            var (before, after) = (
                approval.Plan.From.GetValueOrDefault(name),
                approval.Plan.To.GetValueOrDefault(name)
            );
            return Html.Of(
                $"""<tr class="{(before == after ? "same" : "changed")}"><th scope="row">{Page.Safe(name)}</th><td>{Page.Safe(before ?? "-")}</td><td>{Page.Safe(after ?? "-")}</td></tr>"""
            );
        });
        return Html.Of(
            $"""
            <section class="card">
            <h2>What would change</h2>
            <table><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>{rows}</tbody></table>
            <p class="facts">On <code>{Page.Safe(approval.Plan.Resource)}</code>{(
                approval.Plan.ETag is null
                    ? Html.Empty
                    : Html.Of($", version <code>{Page.Safe(approval.Plan.ETag)}</code>")
            )}</p>
            </section>
            """
        );
    }

    private static Html Why(ApprovalRequest approval) =>
        Html.Of(
            $"""
            <section class="card">
            <h2>Why</h2>
            <p>{Page.Safe(approval.Proposal.Why)}</p>
            {(
                approval.ReportId is null
                    ? Html.Empty
                    : Html.Of(
                        $"<p><a href=\"/api/reports/{Uri.EscapeDataString(approval.ReportId)}/report.html\">The whole report</a> (needs a sign-in)</p>"
                    )
            )}
            </section>
            """
        );

    private static Html Stakes(ApprovalRequest approval) =>
        Html.Of(
            $"""
            <section class="card">
            <h2>Cost, outcome, risk</h2>
            <dl>
            <dt>Cost</dt><dd>{Page.Safe(approval.Proposal.Cost ?? "not known")}</dd>
            <dt>Expected</dt><dd>{Page.Safe(approval.Proposal.ExpectedOutcome ?? "not stated")}</dd>
            <dt>Risk</dt><dd>{Page.Safe(approval.Proposal.Risk ?? "not stated")}</dd>
            <dt>Taken back by</dt><dd>{Page.Safe(ActionCatalog.Find(approval.Plan.Action)?.Undo ?? "not known")}</dd>
            </dl>
            </section>
            """
        );

    private static Html Findings(ApprovalRequest approval)
    {
        if (approval.Findings.Count == 0)
        {
            return Html.Empty;
        }

        var hidden = approval.Findings.Count - ShownFindings;
        return Html.Of(
            $"""
            <section class="card">
            <h2>Evidence</h2>
            {approval.Findings.Take(ShownFindings).Select(Finding)}
            {(hidden > 0 ? Html.Of($"<p class=\"facts\">And {hidden} more in the report.</p>") : Html.Empty)}
            <p class="facts">Quoted lines are text of the artifact. They are shown as evidence; nothing in them is an instruction.</p>
            </section>
            """
        );
    }

    private static Html Finding(Finding finding)
    {
        var severity = ReportWording.Word(finding.Severity);
        var lines = finding.Evidence.Select(line =>
            Html.Of(
                $"""<tr><th scope="row">{(line.File is null ? "" : line.File + " ")}line {line.Line}</th><td><code>{Page.Safe(line.Text)}</code></td></tr>"""
            )
        );
        return Html.Of(
            $"""
            <div class="finding">
            <p><span class="badge {severity}">{severity}</span> <strong>{Page.Safe(finding.Id)}</strong> {Page.Safe(
                finding.Title
            )} <span class="facts">{Page.Safe(finding.Kind)}, {Page.Safe(ReportWording.Where(finding))}</span></p>
            <div class="evidence" tabindex="0"><table><tbody>{lines}</tbody></table></div>
            </div>
            """
        );
    }

    private static Html Deciding(ApprovalRequest approval, DecisionVerdict verdict) =>
        verdict.Refusal switch
        {
            null => Form(),
            DecisionRefusal.SignInNeeded => Html.Of(
                $"""
                <div class="card"><p class="banner plain">{Page.Safe(verdict.Message)}</p>
                <p><a class="button" href="/decide/{approval.PlanHash}">Sign in and decide</a></p></div>
                """
            ),
            _ => Html.Of(
                $"<p class=\"banner plain\">{Page.Safe(verdict.Message)} There is nothing for you to do here.</p>"
            ),
        };

    private static Html Decisions(ApprovalRequest approval, RecordedDecisions decisions)
    {
        var rows = decisions.Items.Select(decision =>
            Html.Of(
                $"""
                <tr><td>{Page.Safe(decision.Approver)}</td><td>{Word(decision.Kind)}</td><td>{Time(decision.At)}</td>
                <td>{DecisionProof.Describe(decision.Proof)}</td><td>{Page.Safe(decision.Reason ?? "")}</td></tr>
                """
            )
        );
        return Html.Of(
            $"""
            <section class="card">
            <h2>Who decides</h2>
            <p>{Quorum(approval.Requirement)}: {Page.Safe(
                string.Join(", ", approval.Requirement.Approvers)
            )}. One no is enough to stop it.</p>
            {(
                approval.Requirement.Because is { } because
                    ? Html.Of($"<p><strong>{Page.Safe(because)}</strong></p>")
                    : Html.Empty
            )}
            {(
                decisions.Damage is { } damage
                    ? Html.Of(
                        $"<p class=\"banner bad\" role=\"alert\">The decisions are not whole, so nothing is done: {Page.Safe(damage)}</p>"
                    )
                    : Html.Empty
            )}
            {(
                decisions.Items.Count == 0
                    ? Html.Of($"<p class=\"facts\">Nobody has decided yet.</p>")
                    : Html.Of(
                        $"<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Who</th><th>Decision</th><th>When</th><th>Identified</th><th>Reason</th></tr></thead><tbody>{rows}</tbody></table></div>"
                    )
            )}
            </section>
            """
        );
    }

    private static string Quorum(ApprovalRequirement requirement)
    {
        var signedIn = requirement.NeedsSignIn ? ", signed in" : "";
        return requirement.Quorum == 1
            ? $"One of these people has to approve{signedIn}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{requirement.Quorum} of these people have to approve{signedIn}"
            );
    }

    private static Html Word(DecisionKind kind) =>
        kind switch
        {
            DecisionKind.Approve => Html.Of($"<span class=\"badge good\">approved</span>"),
            DecisionKind.Reject => Html.Of($"<span class=\"badge critical\">rejected</span>"),
            _ => Html.Of($"<span class=\"badge warning\">expired</span>"),
        };

    // No action attribute: the form goes to the page's own address, which carries the token.
    private static Html Form() =>
        Html.Of(
            $"""
            <form class="card" method="post">
            <label for="reason">Reason (recorded with your decision)</label>
            <textarea id="reason" name="reason" rows="2" maxlength="{Decision.MaxReasonChars}"></textarea>
            <div class="buttons">
            <button class="yes" type="submit" name="decision" value="approve">Approve</button>
            <button class="no" type="submit" name="decision" value="reject">Reject</button>
            </div>
            </form>
            """
        );
}

/// <summary>Who looks at the page.</summary>
/// <param name="Proof">How they were known, as <see cref="DecisionProof"/> has it.</param>
internal sealed record Viewer(string Name, string Proof);
