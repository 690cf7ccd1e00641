namespace SelfDev.Workflows.Ports;

/// <summary>
/// Storage cannot take it now and has kept nothing of it: its disk is full, or fails. The message is fit for whoever
/// sent it; sending it again later does no harm.
/// </summary>
public sealed class StorageUnavailableException(string message, bool isFull, Exception? inner = null)
    : IOException(message, inner)
{
    /// <value>Whether room is all that is missing.</value>
    public bool IsFull { get; } = isFull;
}
