namespace SelfDev.Workflows.Analysts;

/// <summary>
/// How many explanations by a model one process waits for at once. An engine runs a bounded number of activities at a
/// time: a model that hangs takes up so many of them, and the requests for approval of all runs have the others.
/// </summary>
/// <param name="count">1 or more; well below what the engines run at once (host.json: 10).</param>
public sealed class ExplanationPlaces(int count)
{
    private int _free = count;

    /// <returns>False where all are taken; else <see cref="Release"/> afterwards.</returns>
    public bool TryTake()
    {
        if (Interlocked.Decrement(ref _free) >= 0)
        {
            return true;
        }

        Interlocked.Increment(ref _free);
        return false;
    }

    public void Release() => Interlocked.Increment(ref _free);
}
