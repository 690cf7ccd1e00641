using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SelfDev.Core.Secrets;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Redaction;

/// <summary>
/// Made-up texts with secrets, from the files in <c>Forms</c>. Each line there is <c>family | text</c>: the secret
/// stands between « and », ‹kind:count› is replaced by that many generated characters, ⏎ breaks the line. So the files
/// hold nothing that a scanner of repositories takes for a credential, and each form can be tried with several secrets.
/// </summary>
internal sealed partial record SecretForm(string Family, string Template)
{
    /// <summary>How many different secrets each form is tried with: a rule that needs luck fails.</summary>
    private const int Tries = 5;

    /// <summary>A shorter rest gives nothing away that guessing would not.</summary>
    private const int ShownChars = 8;

    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    private static readonly Dictionary<string, string> Alphabets = new()
    {
        ["an"] = Lower + Upper + Digits,
        ["al"] = Lower + Upper,
        ["lc"] = Lower + Digits,
        ["up"] = Upper + Digits,
        ["hex"] = "0123456789abcdef",
        ["d"] = Digits,
        ["b32"] = Lower + "234567",
        ["b32mixed"] = Lower + Upper + Digits,
        ["b64"] = Lower + Upper + Digits + "+/",
        ["u64"] = Lower + Upper + Digits + "-_",
    };

    /// <param name="file">A file in <c>Forms</c>, e.g. <c>held-out.txt</c>.</param>
    public static IReadOnlyList<SecretForm> Read(string file)
    {
        var folder = Path.Combine(SharedData.RepositoryRoot(), "tests", "SelfDev.Core.Tests", "Redaction", "Forms");
        return
        [
            .. from line in File.ReadLines(Path.Combine(folder, file))
            where line.Length > 0 && line[0] != '#'
            let parts = line.Split(" | ", 2)
            select new SecretForm(parts[0], parts[1]),
        ];
    }

    /// <summary>What redaction leaves of the form: null where nothing of any secret is left, else the text that shows
    /// one.</summary>
    public string? Leak()
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var (lines, secrets) = Fill(attempt);
            var shown = WithoutMarks(string.Join('\n', SecretRedactor.Redact(lines).Lines));
            if (secrets.Any(secret => Shows(shown, secret)))
            {
                return shown;
            }
        }

        return null;
    }

    /// <summary>The text with a dot in place of each mark, whose kind may be a word of the secret.</summary>
    public static string WithoutMarks(string redacted) => Mark().Replace(redacted, "…");

    /// <returns>The text's lines and the secrets inside.</returns>
    public (string[] Lines, IReadOnlyList<string> Secrets) Fill(int attempt)
    {
        var random = new Random(HashCode(Template) + attempt);
        var filled = Generator().Replace(Template, match => Generate(match, random));
        var secrets = Marked().Matches(filled).Select(match => match.Groups[1].Value).ToList();
        var lines = filled
            .Replace("«", "", StringComparison.Ordinal)
            .Replace("»", "", StringComparison.Ordinal)
            .Split('⏎');
        return (lines, secrets);
    }

    private static bool Shows(string shown, string secret)
    {
        var length = Math.Min(ShownChars, secret.Length);
        for (var at = 0; at + length <= secret.Length; at++)
        {
            if (shown.Contains(secret.Substring(at, length), StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static string Generate(Match match, Random random)
    {
        if (match.Groups[1].Value == "uuid")
        {
            var bytes = new byte[16];
            random.NextBytes(bytes);
            return new Guid(bytes).ToString();
        }

        var alphabet = Alphabets[match.Groups[1].Value];
        var text = new StringBuilder();
        for (var left = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture); left > 0; left--)
        {
            text.Append(alphabet[random.Next(alphabet.Length)]);
        }

        return text.ToString();
    }

    // string.GetHashCode differs from run to run.
    private static int HashCode(string text) =>
        text.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) & 0xffffff;

    [GeneratedRegex("‹([a-z0-9]+)(?::([0-9]+))?›")]
    private static partial Regex Generator();

    [GeneratedRegex(@"\[redacted:[a-z0-9\-]+\]")]
    private static partial Regex Mark();

    [GeneratedRegex("«([^»]*)»")]
    private static partial Regex Marked();
}
