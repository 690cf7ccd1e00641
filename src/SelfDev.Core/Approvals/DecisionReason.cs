namespace SelfDev.Core.Approvals;

/// <summary>The words that a person gives with a decision.</summary>
public static class DecisionReason
{
    /// <returns>At most <see cref="Decision.MaxReasonChars"/> characters, never half of one that takes two; null where
    /// there are no words.</returns>
    public static string? Cut(string? reason)
    {
        if (string.IsNullOrWhiteSpace(reason))
        {
            return null;
        }

        if (reason.Length <= Decision.MaxReasonChars)
        {
            return reason;
        }

        var end = char.IsHighSurrogate(reason[Decision.MaxReasonChars - 1])
            ? Decision.MaxReasonChars - 1
            : Decision.MaxReasonChars;
        return reason[..end];
    }
}
