namespace SelfDev.Workflows.Ports;

/// <summary>
/// Lines that are only ever appended, by several processes. Not safe for concurrent use but for <see
/// cref="ReadAsync"/>.
/// </summary>
public interface ILineLog
{
    /// <summary>Hands over the lines that were appended since the last call, by whomever.</summary>
    /// <returns>How many. After a failure those handed over stay so, and the next call goes on behind them.</returns>
    Task<int> ReadNewAsync(Action<byte[]> take, CancellationToken cancellation);

    /// <summary>Appends whole lines, all or none, if nobody appended since the last <see cref="ReadNewAsync"/>. Durable
    /// when it returns.</summary>
    /// <param name="lines">Each with its line feed; 4 MiB at most.</param>
    /// <param name="count">How many.</param>
    /// <returns>
    /// False when somebody did, or when an earlier attempt of this very call had succeeded and its answer was lost:
    /// read, and look.
    /// </returns>
    Task<bool> TryAppendAsync(byte[] lines, int count, CancellationToken cancellation);

    /// <summary>All lines from a 0-based one on, as they are now, without reading all that lies before it.</summary>
    IAsyncEnumerable<byte[]> ReadAsync(long from, CancellationToken cancellation);
}
