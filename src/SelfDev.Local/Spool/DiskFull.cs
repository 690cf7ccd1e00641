namespace SelfDev.Local.Spool;

/// <summary>Tells a full disk from one that fails.</summary>
internal static class DiskFull
{
    // errno(3): no space left, file too large, quota exceeded (Linux, macOS).
    private static readonly int[] Unix = [28, 27, 122, 69];

    // ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL as HRESULTs.
    private static readonly int[] Windows = [unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static bool Is(Exception failure) =>
        failure is IOException && (OperatingSystem.IsWindows() ? Windows : Unix).Contains(failure.HResult);
}
