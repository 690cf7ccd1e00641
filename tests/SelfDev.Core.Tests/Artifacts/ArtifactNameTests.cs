using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Tests.Artifacts;

public sealed class ArtifactNameTests
{
    [Theory]
    [InlineData("training/run-7/log.txt", "training", "run-7")]
    [InlineData("evals/step-9000/a/b.json", "evals", "step-9000")]
    [InlineData("serving/chat/requests.jsonl", "serving", "chat")]
    [InlineData("traffic/h100/trace.csv", "traffic", "h100")]
    [InlineData("rollouts/chat/canary.json", "rollouts", "chat")]
    [InlineData("training/log.txt", "training", null)]
    [InlineData("elsewhere/x/log.txt", null, null)]
    [InlineData("Training/run/log.txt", null, null)]
    [InlineData("training", null, null)]
    [InlineData("50% of 100%.log", null, null)]
    [InlineData("a b/..c/d..e/日本.log", null, null)]
    public void A_usable_name_gives_its_hints(string name, string? kind, string? subject)
    {
        var parsed = ArtifactName.Parse(name, out var reason);

        Assert.Equal(new ArtifactName(name, kind, subject), parsed);
        Assert.Empty(reason);
    }

    [Theory]
    [InlineData("../../x", "dots only")]
    [InlineData("training/../../ledger/x", "dots only")]
    [InlineData("training/./x", "dots only")]
    [InlineData("training/.../x", "dots only")]
    [InlineData("training/%2e%2e/x", "percent-decoded")]
    [InlineData("training/%2E./x", "percent-decoded")]
    [InlineData("..%2fx", "percent-decoded")]
    [InlineData("training/%252e%252e/x", "percent-decoded")]
    [InlineData("training/%25252e%25252e/x", "percent-decoded")]
    [InlineData("a%5Cb", "percent-decoded")]
    [InlineData("a%00b", "U+0000")]
    [InlineData("a\0b", "U+0000")]
    [InlineData("a\nb", "U+000A")]
    [InlineData("a\tb", "U+0009")]
    [InlineData("a\u001b[31mb", "U+001B")]
    [InlineData("log\u202Egpj.exe", "U+202E")]
    [InlineData("a\u2066b", "U+2066")]
    [InlineData("a\u200Bb", "U+200B")]
    [InlineData("a\u2028b", "U+2028")]
    [InlineData("a\U000E0041b", "U+E0041")]
    [InlineData("..\\..\\x", "backslash")]
    [InlineData("/etc/passwd", "empty part")]
    [InlineData("a//b", "empty part")]
    [InlineData("a/", "empty part")]
    [InlineData("", "0 characters")]
    public void A_hostile_name_is_refused_with_the_reason(string name, string expected)
    {
        Assert.Null(ArtifactName.Parse(name, out var reason));
        Assert.Contains(expected, reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        Assert.Null(ArtifactName.Parse("a\uD800b", out var reason));
        Assert.Contains("U+D800", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_length_limit_is_exact()
    {
        Assert.NotNull(ArtifactName.Parse(new string('a', 1024), out _));
        Assert.Null(ArtifactName.Parse(new string('a', 1025), out var reason));
        Assert.Contains("1024", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_accepted_stays_below_the_folder_that_it_is_put_into()
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "root")) + Path.DirectorySeparatorChar;
        var parts = Gen.Elements(
            "a",
            ".",
            "..",
            "/",
            "//",
            "%2e",
            "%2E%2e",
            "%2f",
            "%",
            "%25",
            "2e",
            "\\",
            "\0",
            "\u202E",
            "training/",
            " "
        );
        var names = parts.ListOf().Select(list => string.Concat(list));

        Prop.ForAll(
                names.ToArbitrary(),
                name =>
                {
                    if (ArtifactName.Parse(name, out _) is null)
                    {
                        return;
                    }

                    for (
                        var (decoded, round) = (name, 0);
                        round < 4;
                        round++, decoded = Uri.UnescapeDataString(decoded)
                    )
                    {
                        Assert.StartsWith(
                            root,
                            Path.GetFullPath(Path.Combine(root, decoded)),
                            StringComparison.Ordinal
                        );
                        Assert.False(ArtifactName.HasDotSegment(decoded));
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void A_substitute_is_usable_stable_and_distinct()
    {
        var substitute = ArtifactName.Substitute("../x");

        Assert.NotNull(ArtifactName.Parse(substitute, out _));
        Assert.Equal(substitute, ArtifactName.Substitute("../x"));
        Assert.NotEqual(substitute, ArtifactName.Substitute("../y"));
        Assert.NotEqual(ArtifactName.Substitute("\uD800"), ArtifactName.Substitute("\uD801"));
    }
}
