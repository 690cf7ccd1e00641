using System.Security.Cryptography;
using System.Text;

namespace SelfDev.Core.Reports.Render;

/// <summary>The scripts and the style sheet that a report page carries in itself, and their hashes for its content
/// security policy.</summary>
internal static class ReportAssets
{
    public static string Style { get; } = Read("report.css");

    /// <value>In the order in which they have to run.</value>
    public static IReadOnlyList<string> Scripts { get; } =
    [Read("chart.js"), Read("chartjs-plugin-annotation.js"), Read("report.js")];

    /// <summary>The value of a CSP source expression: <c>'sha256-...'</c>.</summary>
    public static string HashSource(string content) =>
        $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}'";

    private static string Read(string name)
    {
        using var stream =
            typeof(ReportAssets).Assembly.GetManifestResourceStream($"SelfDev.Core.Reports.Assets.{name}")
            ?? throw new InvalidOperationException($"The assembly lacks its embedded resource '{name}'.");
        using var reader = new StreamReader(stream);
        // A source map comment would make a browser's developer tools ask for a file that is not there. A page's line
        // ends are LF once parsed, and the hash is over the parsed text.
        return string.Join(
            '\n',
            reader
                .ReadToEnd()
                .ReplaceLineEndings("\n")
                .Split('\n')
                .Where(line => !line.StartsWith("//# sourceMappingURL=", StringComparison.Ordinal))
        );
    }
}
