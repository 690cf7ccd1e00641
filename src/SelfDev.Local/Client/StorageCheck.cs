using System.Text.Json;
using System.Text.Json.Nodes;

namespace SelfDev.Local.Client;

/// <summary>
/// What the host says of everything else that it alone may write. Unlike the ledger's check this is the host's own
/// word: only it has the key of the seals.
/// </summary>
/// <param name="Problems">Safe to print; <see cref="MaxListed"/> at most.</param>
/// <param name="Count">Of all problems, also those not listed.</param>
/// <param name="IsComplete">Whether the host came to its end; if not, nothing follows from what it did not
/// list.</param>
internal sealed record StorageCheck(IReadOnlyList<string> Problems, int Count, bool IsComplete)
{
    public const int MaxListed = 1000;

    public bool IsGenuine => IsComplete && Count == 0;

    /// <exception cref="BadInputException">The host does not answer, or answers something else.</exception>
    public static async Task<StorageCheck> AskAsync(HostClient host, CancellationToken cancellation)
    {
        var problems = new List<string>();
        var (count, isComplete) = (0, false);
        try
        {
            await foreach (var line in host.ReadLinesAsync("api/audit", cancellation))
            {
                var told = JsonNode.Parse(line.Span) as JsonObject;
                isComplete |= (bool?)told?["audited"] == true;
                if ((string?)told?["problem"] is { } problem && ++count <= MaxListed)
                {
                    problems.Add(problem);
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or IOException)
        {
            // Cut off in the middle: what came until then counts, the rest was not looked at.
            isComplete = false;
        }

        return new StorageCheck(problems, count, isComplete);
    }
}
