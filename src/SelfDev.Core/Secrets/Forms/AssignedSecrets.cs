using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>
/// Values that stand behind a telling name: <c>name=value</c>, <c>name: value</c>, <c>"name": "value"</c>,
/// <c>--name value</c>, <c>&lt;name&gt;value&lt;</c>, and in a sentence. Names: those of gitleaks generic-api-key and
/// of detect-secrets keyword, and what the settings of common programs are called.
/// </summary>
internal static class AssignedSecrets
{
    private const string Kind = "assignment";

    // Names whose value is a secret whatever it looks like.
    private const string Telling =
        "pass(?:word|wd|phrase|code)|client_?-?secret|secret_?-?(?:access_?-?)?key|account_?-?key"
        + "|shared_?-?access_?-?key|api_?-?key|api_?-?secret|private_?-?key|access_?-?token|auth_?-?token"
        + "|refresh_?-?token|bearer_?-?token|session_?-?token|secret_?-?token|security_?-?token|bot_?-?token"
        + "|registration_?-?token|personal_?-?token|sas_?-?token|secret_?-?id|auth_?-?key|service_?-?key|storage_?-?key"
        + "|signing_?-?(?:key|secret)|encryption_?-?key|master_?-?key|subscription_?-?key|license_?-?key"
        + "|webhook_?-?secret|connection_?-?string|secret";

    // Short names, telling behind a separator or the name of what they open.
    private const string Short =
        "pwd|redis(?:cli)?_auth"
        + "|(?:db|ssh|become|user|root|admin|smtp|mail|redis|mysql|pg|ftp|http|https|proxy|ldap|bind|vault|sudo|store"
        + "|cert|wifi|login|rpc|mongo|rabbit|kafka|sasl|basic_auth)_?-?(?:pass|pw)";

    // Names that mostly name something else, a tokenizer's token or a cache's key: the value has to look random.
    private const string Loose =
        "token|credentials?|creds|authorization|auth|signature|session_?-?(?:id|key)|access_?-?key|pat|dsn"
        + "|webhook(?:_?-?url)?|key";

    // The same at the end of a name in camel case.
    private const string LooseHump = "(?-i:[a-z0-9](?:Token|Key|Auth|Credentials?|Signature))";

    // No letter before; Ġ and ▁ mark the begin of a word in the vocabularies of tokenizers, whose values are numbers.
    private const string Begin = "(?:^|[^A-Za-z0-9_Ġ▁])";

    private const string Prefix = @"[A-Za-z0-9_.\-]{0,64}";

    private const string Suffix = "(?:_?[0-9]{1,2}|_(?:prod|production|dev|test|stage|staging|value))?";

    // What closes the name and leads to the value: quotes (escaped in JSON inside JSON), brackets of a dictionary, a
    // type.
    private const string Is =
        """(?:\\{0,3}["'`])?[\])]{0,2}\s*"""
        + """(?::\s*(?:str|string|String|bytes|SecretStr|Optional\[str\]|str \| None)\s*=|=>|:=|={1,3}|:)\s*""";

    // An option has two dashes, of Go's programs one; in a list of Python a quote and a comma lead to the value.
    private const string Dashes = """(?:^|[\s"',\[(])-{1,2}(?:[a-z0-9\-]{0,40}-)?""";

    private const string OptionIs = """["']?(?:\s+|\s*,\s*)""";

    // "the password for node3 is now", "api key:"
    private const string SpokenName =
        """\b(?:password|passphrase|passwd|passcode|api key|secret key|access key)"""
        + """(?: (?:for|of|on|to) [^:=\r\n]{1,40}?)?\s*(?:\bis\b|\bwas\b|\bnow\b|=|:)(?: now| still)?\s+""";

    private static readonly string[] TellingLiterals =
    [
        "pass",
        "pwd",
        "secret",
        "key",
        "token",
        "_pw",
        "-pw",
        "string",
    ];

    private static readonly string[] LooseLiterals =
    [
        "token",
        "cred",
        "auth",
        "signature",
        "session",
        "key",
        "pat",
        "dsn",
        "webhook",
    ];

    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        Place(
            Kind,
            $"(?i){Begin}(?:{Prefix}(?:{Telling})|(?:{Prefix}[_.\\-])?(?:{Short})){Suffix}{Is}{Value(4)}",
            Checks.TellingName,
            TellingLiterals
        ),
        Place(Kind, $"(?i){Dashes}(?:{Telling}|pass){OptionIs}{Value(4)}", Checks.TellingName, TellingLiterals),
        Place(
            Kind,
            $"(?i){Begin}(?:(?:{Prefix}[_.\\-])?(?:{Loose})|{Prefix}{LooseHump}){Suffix}{Is}{Value(16)}",
            Checks.LooseName,
            LooseLiterals
        ),
        Place(Kind, $"(?i){Dashes}(?:{Loose}){OptionIs}{Value(16)}", Checks.LooseName, LooseLiterals),
        // ("name", "value"): setdefault, putenv, pairs. Lists of words are no pairs.
        Place(
            Kind,
            $$"""(?i)["']{{Prefix}}(?:{{Telling}}){{Suffix}}["']\s*,\s*b?["'](?<s>[^"']{4,})["']""",
            Checks.NoWord,
            TellingLiterals
        ),
        // XML: name="..." value="..." and <name>value</name>.
        Place(
            Kind,
            $$"""(?i)["']{{Prefix}}(?:{{Telling}}|{{Loose}}){{Suffix}}["'],?\s+"?value"?\s*[=:]\s*"""
                + """["'](?<s>[^"']{4,})["']""",
            Checks.Real,
            "value"
        ),
        Place(Kind, $"(?i)<{Prefix}(?:{Telling}|pwd|token){Suffix}>\\s*(?<s>[^<\\s]{{4,}})\\s*</", Checks.Real, "</"),
        // The one argument of a constructor: Client("..."), Pinecone('...'), login("...").
        Place(
            Kind,
            """(?:\b|_)(?:login|[Cc]lient|auth|authenticate|connect|Bearer|Api|API|ApiClient|Pinecone|Session|Token"""
                + """|HfApi)\(\s*["'](?<s>[A-Za-z0-9_\-.+/=]{20,})["']""",
            Checks.Random,
            "(\"",
            "('"
        ),
        // user=x pass=y: the pair makes the short name tell.
        Place(
            Kind,
            """(?i)\b(?:user(?:name)?|login|uid)\s*[=:]\s*["']?[^\s"',;]{1,128}["']?[\s,;&]+(?:pass|pw|p)\s*[=:]\s*"""
                + """["']?(?<s>[^\s"',;]{3,256})""",
            Checks.Real,
            "user",
            "login",
            "uid"
        ),
        // Sentences; a value of letters alone has to stand in quotes.
        Place(Kind, $$"""(?i){{SpokenName}}["'`](?<s>[^"'`]{4,})["'`]""", Checks.Real, "pass", " key"),
        Place(Kind, $$"""(?i){{SpokenName}}(?<s>[^\s"'`,;]{4,})""", Checks.NoWord, "pass", " key"),
        // "using key x now", "token x expires": what stands there has to look generated.
        Place(
            Kind,
            """(?i)(?:^|[^A-Za-z0-9])(?:keys?|tokens?|secrets?|pat)(?: (?:is|was|in use|id|for [a-z0-9_.\-]{1,40}))?"""
                + """\s*[:=]?\s+["'`(\[]?(?<s>[A-Za-z0-9_\-]{20,128})(?:$|[^A-Za-z0-9_\-./])""",
            Checks.SpokenKey,
            "key",
            "token",
            "secret",
            "pat "
        ),
        Place(
            Kind,
            """(?i)\b(?:creds?|credentials|login)(?:\s+(?:are|is)|\s*[:=])?\s+[A-Za-z0-9._@\-]{2,64}\s*[:/]\s*"""
                + """(?<s>[^\s"',;]{4,})""",
            Checks.NoWord,
            "cred",
            "login"
        ),
    ];

    // In double, single or escaped quotes, or up to what ends a word in a shell, in a URL and in a list.
    private static string Value(int min) =>
        $$"""(?:b?(?:\\{1,3}["'](?<s>[^"'\\]{{{min}},})|"(?<s>[^"]{{{min}},})|'(?<s>[^']{{{min}},}))"""
        + $$"""|`(?<s>[^`]{{{min}},})|(?<s>[^\s"'`,;&)\]}\\]{{{min}},}))""";
}
