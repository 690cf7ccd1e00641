using System.Security.Cryptography;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Reports;

public sealed class ReportAssetsTests
{
    /// <summary>The libraries are what npm publishes under these versions: whoever changes one changes the hash
    /// knowingly.</summary>
    [Theory]
    [InlineData("chart.js", "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2")]
    [InlineData("chartjs-plugin-annotation.js", "ff03786a60f6c93ccacfe0fbb6c2e3c671d7930856a3689f2f393113d8d655ec")]
    public void Vendored_library_is_the_published_one(string name, string sha256)
    {
        var content = File.ReadAllBytes(
            Path.Combine(SharedData.RepositoryRoot(), "src", "SelfDev.Core", "Reports", "Assets", name)
        );

        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(content)));
    }
}
