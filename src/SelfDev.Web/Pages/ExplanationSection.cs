using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Render;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;

namespace SelfDev.Web.Pages;

/// <summary>
/// The explanation beside a request: read anew for every look, for it comes when a model has answered, and set apart
/// from what is approved, for it is no part of it.
/// </summary>
internal static class ExplanationSection
{
    /// <param name="explanation">As <see cref="Explanations.ReadAsync"/> gives it.</param>
    public static Html Render(ApprovalRequest approval, Diagnosis? explanation) =>
        approval.ExplanationGroup is null
            ? Html.Empty
            : Html.Of(
                $"""
                <section class="card" id="explanation">
                <h2>Explanation</h2>
                <p class="facts">
                Not part of what you approve, and it decides nothing. Of what it says only the lines that it cites were
                checked.
                </p>
                {(explanation is null ? NotYet() : Text(explanation))}
                </section>
                """
            );

    private static Html NotYet() =>
        Html.Of(
            $"""
            <p>
            No explanation yet. It joins this page when it comes: load the page again to look. The request does not wait
            for it.
            </p>
            """
        );

    private static Html Text(Diagnosis explanation) =>
        Html.Of(
            $"""
            {(explanation.Cause.Length == 0 ? Html.Empty : Quote(explanation))}
            {ExplanationNotes.Of(explanation).Select(note => Html.Of($"<p class=\"facts\">{Page.Safe(note)}</p>"))}
            """
        );

    private static Html Quote(Diagnosis explanation) =>
        Html.Of(
            $"""
            <figure>
            <figcaption>{Page.Safe(Author(explanation))} {Citations(explanation)}</figcaption>
            <blockquote>{Page.SafeBlock(explanation.Cause)}</blockquote>
            </figure>
            """
        );

    private static string Author(Diagnosis explanation) =>
        explanation.ExplainedBy == Explainer.Rules
            ? "Written by rules, without any model."
            : $"Written by the language model {explanation.Analyst}.";

    private static string Citations(Diagnosis explanation) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Lines that it cites and that are in the artifact: {explanation.Citations.Count}; "
                + $"cited, not there, and dropped: {explanation.DroppedCitations}."
        );
}
