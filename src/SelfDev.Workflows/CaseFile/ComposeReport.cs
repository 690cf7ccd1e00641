using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>Writes the report anew from everything known by now, with the ledger's head of the moment. Repeating it
/// otherwise gives the same report.</summary>
public sealed class ComposeReport(IArtifactStore store, ILedgerStore ledger) : IActivity<ReportReference, Nothing>
{
    public static readonly Activity<ReportReference, Nothing> Handle = new("ComposeReport");

    public async Task<Nothing> RunAsync(ReportReference input, ActivityContext context)
    {
        await ReportComposition.WriteAsync(
            store,
            input.ReportId,
            await ledger.HeadToShowAsync(context.Cancellation),
            context.Cancellation
        );
        return Nothing.Value;
    }
}

/// <param name="ReportId">Instance id of the diagnosis.</param>
public sealed record ReportReference(string ReportId);
