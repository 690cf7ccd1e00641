using System.Buffers;
using System.Text.RegularExpressions;
using SelfDev.Core.Secrets.Forms;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets;

/// <summary>
/// Secrets without a shape whose name stands on a line before: pairs of AWS, environments of Kubernetes, netrc.
/// </summary>
internal static class FollowingSecrets
{
    private static readonly Regex AwsSecret = SecretPattern.Expression(
        "(?:^|[^A-Za-z0-9/+])(?<s>[A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])"
    );

    // What a line with the value of a form holds.
    private static readonly SearchValues<string> Values = SearchValues.Create(
        ["value", "password"],
        StringComparison.OrdinalIgnoreCase
    );

    // Kubernetes and compose: - name: DB_PASSWORD / value: x; in JSON with quotes.
    private static readonly Form Environment = new(
        """(?i)"?(?:name|key)"?\s*[:=]\s*["']?[A-Za-z0-9_.\-]{0,64}(?:passw(?:or)?d|passphrase|secret|token"""
            + """|api_?-?key|access_?-?key|private_?-?key|credentials?|_key|pwd|_pat)["']?,?\s*$""",
        """(?i)^\s*"?value"?\s*[:=]\s*["']?(?<s>[^\s"']{3,})"""
    );

    // YAML's block scalars ("YAML 1.2", 8.1): password: | / x.
    private static readonly Form Block = new(
        """(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?-?key|private_?-?key)["']?\s*:\s*[|>][+\-]?\s*$""",
        @"^\s*(?<s>\S{3,})\s*$"
    );

    // netrc over several lines ("The .netrc file", GNU inetutils).
    private static readonly Form Netrc = new(
        "^\\s*(?:machine\\s+\\S+|default|login\\s+\\S+|account\\s+\\S+)\\s*$",
        "^\\s*password\\s+(?<s>\\S+)\\s*$"
    );

    public static void Find(string[] lines, List<SecretSpan> spans)
    {
        FindAws(lines, spans);
        for (var line = 1; line < lines.Length; line++)
        {
            if (lines[line].AsSpan().ContainsAny(Values))
            {
                Environment.Take(lines, line - 1, line, spans);
                Netrc.Take(lines, line - 1, line, spans);
            }

            if (lines[line - 1].AsSpan().TrimEnd() is [.., '|' or '>' or '-' or '+'])
            {
                Block.Take(lines, line - 1, line, spans);
            }
        }
    }

    // Credentials files, exports and JSON print the secret within a few lines of its id.
    private static void FindAws(string[] lines, List<SecretSpan> spans)
    {
        const int Near = 3;
        var near = spans
            .Where(span => span.Kind == "aws-key")
            .SelectMany(span => Enumerable.Range(Math.Max(0, span.Line - Near), (2 * Near) + 1))
            .Where(line => line < lines.Length)
            .ToHashSet();
        foreach (var line in near)
        {
            foreach (Match match in AwsSecret.Matches(lines[line]))
            {
                var secret = match.Groups["s"];
                if (Randomness.LooksRandom(secret.ValueSpan))
                {
                    spans.Add(new SecretSpan(line, secret.Index, secret.Length, "aws-secret"));
                }
            }
        }
    }

    /// <param name="name">The line with the name, to its end.</param>
    /// <param name="value">The line with the value; the group <c>s</c> is the secret.</param>
    private sealed class Form(string name, string value)
    {
        private Regex? nameForm;
        private Regex? valueForm;

        public void Take(string[] lines, int nameLine, int valueLine, List<SecretSpan> spans)
        {
            var secret = Match(valueForm ??= SecretPattern.Expression(value), lines[valueLine]).Groups["s"];
            if (
                secret.Success
                && !Placeholders.Contain(secret.ValueSpan)
                && Match(nameForm ??= SecretPattern.Expression(name), lines[nameLine]).Success
            )
            {
                spans.Add(new SecretSpan(valueLine, secret.Index, secret.Length, "assignment"));
            }
        }

        // Anchors hold behind what a logger put before.
        private static Match Match(Regex form, string line)
        {
            var start = SecretPatterns.PrefixLength(line);
            return form.Match(line, start, line.Length - start);
        }
    }
}
