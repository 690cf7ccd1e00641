namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// Compute's request limits: a count a policy in windows of three minutes. Policy names as seen on scale sets:
/// <c>GetVMScaleSet3Min</c>,
/// <c>HighCostGetVMScaleSet3Min</c> (lists of instances), <c>UpdateVMScaleSet3Min</c>, <c>DeleteVMScaleSet3Min</c>.
/// </summary>
internal sealed class ArmThrottle(ArmSimulatorOptions options, TimeProvider clock)
{
    // Shown as the count that is left where no limit is set; no real limit is documented for every policy.
    private const int ShownLimit = 1000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(3);
    private readonly Dictionary<string, (DateTimeOffset Start, int Count)> _counts = [];

    public static string PolicyOf(string method, string path) =>
        method switch
        {
            "GET" when path.EndsWith("/virtualMachines", StringComparison.OrdinalIgnoreCase) =>
                "HighCostGetVMScaleSet3Min",
            "GET" => "GetVMScaleSet3Min",
            "DELETE" => "DeleteVMScaleSet3Min",
            _ => "UpdateVMScaleSet3Min",
        };

    /// <returns>How many requests are left in the window.</returns>
    /// <exception cref="ArmError">429 when none was.</exception>
    public int Count(string policy)
    {
        var now = clock.GetUtcNow();
        var (start, count) =
            _counts.TryGetValue(policy, out var window) && now - window.Start < Window ? window : (now, 0);
        _counts[policy] = (start, count + 1);
        if (!options.RequestLimits.TryGetValue(policy, out var limit))
        {
            return Math.Max(0, ShownLimit - count - 1);
        }

        if (count >= limit)
        {
            throw ArmError.TooManyRequests(policy, start + Window - now, start, limit, count + 1);
        }

        return limit - count - 1;
    }
}
