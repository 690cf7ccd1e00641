using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Secrets;

namespace SelfDev.Core.Tests.Redaction;

public class SecretRedactorTests
{
    // Made up, in the issuers' forms; put together here so that no scanner of repositories takes them for real ones.
    private const string AwsId = "AKIA" + "IOSFODNN7EXAMPLE";
    private const string AwsSecret = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY";
    private const string Jwt =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0"
        + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    private const string GitHub = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a";
    private const string OpenAi = "sk-proj-" + "Zx81kQ0pLmN4vBt7Yc2HrEa93TdWsJ6u";
    private const string HuggingFace = "hf_" + "aBcdEfgHijKlmnOpqRstUvwXyzABcdEfGh";
    private static readonly string StorageKey = string.Concat(Enumerable.Repeat("Eby8vdM02xNOcqF1", 6))[..86] + "==";

    public static TheoryData<string, string, string> Secrets() =>
        new()
        {
            { "aws-key", $"using key {AwsId} now", AwsId },
            {
                "azure-storage-key",
                $"DefaultEndpointsProtocol=https;AccountName=runs;AccountKey={StorageKey};EndpointSuffix=core.windows.net",
                StorageKey
            },
            { "azure-storage-key", $"key was {StorageKey}", StorageKey },
            {
                "azure-storage-key",
                "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey="
                    + "dGhpcyBpcyBub3QgYSByZWFsIGtleSBhdCBhbGwhISE=",
                "dGhpcyBpcyBub3QgYSByZWFsIGtleSBhdCBhbGwhISE"
            },
            {
                "azure-sas",
                "GET https://runs.blob.core.windows.net/c/b?sv=2022-11-02&sp=r&sig="
                    + "aGVsbG9oZWxsb2hlbGxvaGVsbG9oZWxsb2hlbGxv%3D",
                "aGVsbG9oZWxsb2hlbGxv"
            },
            {
                "azure-client-secret",
                "login failed for " + "abc8Q~" + "dEfGhIjKlMnOpQrStUvWxYz0123456789_",
                "dEfGhIjKlMnOpQrStUvWxYz"
            },
            { "jwt", $"Authorization token {Jwt}", "dozjgNryP4J3jVmNHl0w5N" },
            { "github-token", $"cloning https://{GitHub}@github.com/x/y", GitHub },
            { "slack-token", "slack " + "xoxb-" + "123456789012-abcdefGHIJKL", "123456789012-abcdefGHIJKL" },
            { "openai-key", $"OPENAI {OpenAi}", OpenAi },
            { "huggingface-token", $"hub login with {HuggingFace} ok", HuggingFace },
            {
                "wandb-key",
                "wandb login " + "0123456789abcdef0123456789abcdef01234567",
                "0123456789abcdef0123456789abcdef01234567"
            },
            { "url-password", "postgresql://trainer:s3cr3tpw@db:5432/runs", "s3cr3tpw" },
            { "bearer", "> Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef" },
            { "basic-auth", "Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz" },
            { "assignment", "export DB_PASSWORD=hunter2!", "hunter2!" },
            { "assignment", "{\"client_secret\": \"some words here\"}", "some words here" },
            { "assignment", "run --api-key abcd1234 --steps 10", "abcd1234" },
            { "assignment", "session_key=Zx81kQ0pLmN4vBt7Yc2HrEa93", "Zx81kQ0pLmN4vBt7Yc2HrEa93" },
            {
                "private-key",
                @"key=""-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\n-----END RSA PRIVATE KEY-----""",
                "MIIEpAIBAAKCAQEA7bq"
            },
        };

    [Theory]
    [MemberData(nameof(Secrets))]
    public void A_secret_in_a_line_is_gone(string kind, string line, string secret)
    {
        var redacted = SecretRedactor.Redact([line]);

        Assert.DoesNotContain(secret, redacted.Lines[0], StringComparison.Ordinal);
        Assert.Contains(redacted.Redactions, redaction => redaction.Kind == kind && redaction.Line == 1);
    }

    [Theory]
    [InlineData(
        "iteration 5120/ 10000 | consumed samples: 1310720 | elapsed time per iteration (ms): 1234.5 | learning rate: "
            + "1.000E-04 | lm loss: 2.345678E+00 | loss scale: 65536.0 |"
    )]
    [InlineData("num_tokens: 524288, bos_token: <s>, pad_token: [PAD], tokens/s: 123456.789012345678")]
    [InlineData("tokenizer_key: gpt2-large-english-vocabulary")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    [InlineData("commit da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData(
        "NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping, reset gpu to activate."
    )]
    [InlineData("pip install sk-learn-contrib-some-very-long-package-name")]
    [InlineData("PWD=/home/train/run7 password: None secret=${SECRET} token=***************")]
    [InlineData("https://huggingface.co/org/model:main/resolve user@example.com")]
    [InlineData("AKIA is a prefix; AKIAIOSFODNN7 is too short")]
    [InlineData("[rank3]: NCCL WorkNCCL(SeqNum=1234, OpType=ALLREDUCE, NumelIn=1048576, Timeout(ms)=600000)")]
    public void What_only_looks_like_a_secret_stays(string line)
    {
        var redacted = SecretRedactor.Redact([line]);

        Assert.Equal(line, redacted.Lines[0]);
        Assert.Empty(redacted.Redactions);
    }

    public static TheoryData<string> SplittableSecrets() => [AwsId, Jwt, GitHub, OpenAi, StorageKey];

    [Theory]
    [MemberData(nameof(SplittableSecrets))]
    public void A_secret_split_over_lines_at_any_character_is_gone(string secret)
    {
        for (var at = 3; at < secret.Length - 3; at++)
        {
            var lines = new[]
            {
                "before it",
                "[rank0]: got " + secret[..at],
                "[rank0]: " + secret[at..],
                "step 12 loss 3.1",
            };

            var redacted = SecretRedactor.Redact(lines);

            var rejoined = string.Concat(redacted.Lines).Replace("[rank0]: ", "", StringComparison.Ordinal);
            Assert.DoesNotContain(secret, rejoined, StringComparison.Ordinal);
            Assert.True(
                LongestShared(secret, rejoined) < Math.Max(12, secret.Length / 3),
                $"Split at {at}: {string.Join(" / ", redacted.Lines)}"
            );
            Assert.Equal(lines.Length, redacted.Lines.Count);
            Assert.Equal("step 12 loss 3.1", redacted.Lines[3]);
        }
    }

    [Fact]
    public void A_whole_secret_at_the_end_of_a_line_takes_no_word_of_the_next()
    {
        var redacted = SecretRedactor.Redact([$"token {GitHub}", "step 7 loss 2.5"]);

        Assert.Equal(["token [redacted:github-token]", "step 7 loss 2.5"], redacted.Lines);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(2, 9)]
    [InlineData(0, 5)]
    [InlineData(3, 6)]
    public void A_private_key_over_several_lines_is_gone_even_where_only_a_part_of_it_is_shown(int from, int to)
    {
        var body = Enumerable
            .Range(0, 6)
            .Select(line =>
                Convert.ToBase64String(Enumerable.Range(line * 48, 48).Select(value => (byte)(value * 37)).ToArray())
            )
            .ToArray();
        string[] all = ["loading key", "-----BEGIN PRIVATE KEY-----", .. body, "-----END PRIVATE KEY-----"];

        var redacted = SecretRedactor.Redact([.. all[from..to].Select(line => "[rank1]: " + line), "step 3 loss 1.0"]);

        foreach (var line in body)
        {
            Assert.DoesNotContain(redacted.Lines, text => text.Contains(line[..20], StringComparison.Ordinal));
        }

        Assert.Equal("step 3 loss 1.0", redacted.Lines[^1]);
    }

    [Theory]
    [InlineData("\u200b")]
    [InlineData("\u202e")]
    [InlineData("\u001b[0m")]
    [InlineData("\0")]
    [InlineData("\U000e0041")]
    public void Invisible_characters_do_not_hide_a_secret_and_are_gone_themselves(string hidden)
    {
        var redacted = SecretRedactor.Redact("id AKIA" + hidden + "IOSFODNN7EXAMPLE end");

        Assert.Equal("id [redacted:aws-key] end", redacted);
    }

    [Fact]
    public void Base64_does_not_hide_a_secret()
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes($"aws_access_key_id = {AwsId}"));

        Assert.Equal("data [redacted:base64] end", SecretRedactor.Redact($"data {encoded} end"));
    }

    [Fact]
    public void The_secret_half_of_an_aws_pair_is_gone_beside_its_id()
    {
        var redacted = SecretRedactor.Redact([AwsId, AwsSecret, "loss 2.0"]);

        Assert.Equal(["[redacted:aws-key]", "[redacted:aws-secret]", "loss 2.0"], redacted.Lines);
    }

    [Fact]
    public void Any_text_keeps_its_number_of_lines_and_a_second_redaction_changes_nothing()
    {
        var lines = ArbMap.Default.ArbFor<NonNull<string>[]>();
        Prop.ForAll(
                lines,
                texts =>
                {
                    string[] given = [.. texts.Select(text => text.Get)];
                    var once = SecretRedactor.Redact(given);
                    var twice = SecretRedactor.Redact(once.Lines);
                    return once.Lines.Count == given.Length && twice.Lines.SequenceEqual(once.Lines);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static int LongestShared(string secret, string text)
    {
        for (var length = secret.Length; length > 0; length--)
        {
            for (var at = 0; at + length <= secret.Length; at++)
            {
                if (text.Contains(secret.Substring(at, length), StringComparison.Ordinal))
                {
                    return length;
                }
            }
        }

        return 0;
    }
}
