// Stands for nothing: what every body here does that is not a plain value. See README.md.
namespace SelfDev.Signatures;

internal static class Signature
{
    public static Exception Only() =>
        new NotSupportedException(
            "This is a signature that SelfDev is type-checked against, not the Durable Functions package: build with "
                + "-p:SelfDevGenuinePackages=true."
        );
}
