using Azure.Storage.Blobs;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Ledger;

/// <summary>
/// The ledger's log on append blobs: entries in <c>ledger/segments/</c>, signed tree heads in <c>ledger/heads/</c>, and
/// what was signed before its entries were written in <c>ledger/drafts/</c>.
/// </summary>
public static class BlobLedger
{
    /// <param name="service">Of the account that holds the container <c>ledger</c>.</param>
    /// <param name="linesPerSegment">The same for all writers of a ledger, for ever.</param>
    public static LineLedgerLog Open(
        BlobServiceClient service,
        int linesPerSegment = SegmentedAppendBlob.DefaultLinesPerSegment
    )
    {
        var container = service.GetBlobContainerClient(Containers.Ledger);
        return new LineLedgerLog(Lines("segments"), Lines("heads"), Lines("drafts"));

        SegmentedAppendBlob Lines(string folder) => new(container, folder, linesPerSegment);
    }
}
