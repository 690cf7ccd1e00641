using SelfDev.Core.Secrets;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>Evidence as it may leave: secrets redacted, invisible characters gone. Citations are verified against
/// this.</summary>
public static class ShownEvidence
{
    /// <summary>
    /// The same windows with the same line numbers. Windows of one file are redacted together, so that a secret split
    /// over the end of one and the beginning of the next is found as well.
    /// </summary>
    public static (IReadOnlyList<EvidenceWindow> Windows, int Redactions) From(IReadOnlyList<EvidenceWindow> windows)
    {
        var shown = new EvidenceWindow[windows.Count];
        var redactions = 0;
        foreach (var file in windows.Select((window, index) => (window, index)).GroupBy(pair => pair.window.File))
        {
            var redacted = SecretRedactor.Redact([.. file.SelectMany(pair => pair.window.Lines)]);
            redactions += redacted.Redactions.Count;
            var at = 0;
            foreach (var (window, index) in file)
            {
                shown[index] = window with { Lines = [.. redacted.Lines.Skip(at).Take(window.Lines.Count)] };
                at += window.Lines.Count;
            }
        }

        return (shown, redactions);
    }
}
