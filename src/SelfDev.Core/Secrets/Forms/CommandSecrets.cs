using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>
/// Passwords that stand on a command line by position or under a short option: logs print the commands of launchers and
/// jobs. Options with a telling name (<c>--password</c>, <c>--api-key</c>) are in <see cref="AssignedSecrets"/>.
/// Sources: the manual pages of the programs; gitleaks curl-auth-user and curl-auth-header. Python prints commands as
/// lists, so quotes and commas may stand between the words.
/// </summary>
internal static class CommandSecrets
{
    private const string Kind = "command";

    // A value in quotes, or up to the end of the word or of the command.
    private const string Value = """(?:"(?<s>[^"]{1,256})"|'(?<s>[^']{1,256})'|(?<s>[^\s"'|;&<>\])]{1,256}))""";

    // user:password, of which the password is the secret.
    private const string Pair =
        """(?:"[^":]{0,128}":"(?<s>[^"]{1,256})"|"[^":]{0,128}:(?<s>[^"]{1,256})"|'[^':]{0,128}:(?<s>[^']{1,256})'"""
        + """|[^\s"':]{0,128}:["']?(?<s>[^\s"'|;<>\])]{1,256}))""";

    // The end of the word before and the begin of the next: a space, in a list a quote and a comma too.
    private const string Gap = """["']?[\s,=]+""";

    // The same where the value may also be attached to the option.
    private const string AnyGap = @"\s*(?:" + Gap + ")?";

    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // curl -u user:password, alone or behind other letters (-sSu), attached or not; -u token: has the credential in
        // the user's place (Stripe's and others' documentation).
        Option("curl", "-[A-Za-z]{0,8}[uU]" + AnyGap, Pair, Checks.RealNoNumber, "curl"),
        Option(
            "curl",
            "-(?:[A-Za-z]{0,8}u|-user)" + AnyGap,
            """["']?(?<s>[A-Za-z0-9_.\-!@#$%^*]{12,128}):(?:["'\s]|$)""",
            Checks.NoWord,
            "curl"
        ),
        Option(
            "curl|httpie?|https|xh|hey|wrk|ab",
            "(?:--user|--proxy-user|--auth|-a|-A|-P)" + Gap,
            Pair,
            Checks.RealNoNumber,
            "curl",
            "http",
            "xh ",
            "hey ",
            "wrk ",
            "ab "
        ),
        Option(
            "etcdctl|nats|cosign|regctl|skopeo|buildah|podman|crane",
            "(?:--user|--creds|--src-creds|--dest-creds)" + Gap,
            Pair,
            Checks.RealNoNumber,
            "etcdctl",
            "nats",
            "cosign",
            "regctl",
            "skopeo",
            "buildah",
            "podman",
            "crane"
        ),
        // MySQL and MariaDB take it attached only: -p and a space asks for it.
        Option("mysql[a-z]*|mariadb[a-z\\-]*|mycli", "-p", Value, Checks.Real, "mysql", "mariadb", "mycli"),
        Option(
            "redis-cli|valkey-cli|keydb-cli",
            "(?:-a|--pass)" + Gap,
            Value,
            Checks.Real,
            "redis-cli",
            "valkey-cli",
            "keydb-cli"
        ),
        Place(
            Kind,
            @"(?i:\b(?:requirepass|masterauth|sentinel auth-pass \S{1,64}))\s+" + Value,
            Checks.Real,
            "requirepass",
            "masterauth",
            "auth-pass"
        ),
        Option(
            "mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|mongostat|cqlsh|clickhouse[a-z\\-]*|arangosh"
                + "|neo4j-admin|cypher-shell|rabbitmqadmin",
            "-p" + Gap,
            Value,
            Checks.RealNoNumber,
            "mongo",
            "cqlsh",
            "clickhouse",
            "arangosh",
            "neo4j",
            "cypher-shell",
            "rabbitmqadmin"
        ),
        Option("sqlcmd|bcp|osql|isql|tsql", "-P" + AnyGap, Value, Checks.Real, "sqlcmd", "bcp", "osql", "isql", "tsql"),
        Place(
            Kind,
            @"(?i:\brabbitmqctl (?:add_user|change_password|authenticate_user)) \S{1,64} " + Value,
            Checks.Real,
            "rabbitmqctl"
        ),
        Place(
            Kind,
            """(?i:\b(?:identified (?:with \S{1,64} )?by|password(?: for \S{1,128})?))(?:\s+|\s*=\s*)(?:password\()?"""
                + """["'](?<s>[^"']{1,256})""",
            Checks.Real,
            "identified",
            "password"
        ) with
        {
            After = @"(?i)\b(?:create|alter|grant|set)\s",
        },
        // Logins to machines, registries and clouds.
        Option("sshpass", "-p" + AnyGap, Value, Checks.Real, "sshpass"),
        Option(
            "(?:docker|podman|nerdctl|helm registry|helm|skopeo|buildah|oras|crane auth|crane|singularity|apptainer"
                + "|az acr|az|oc|rancher|cf|ibmcloud|argocd|modal|snyk|gh) login",
            "(?:-p|-password|--password|--api-?key)" + Gap,
            Value,
            Checks.Real,
            " login"
        ),
        Option(
            "twine|poetry|nuget|dotnet nuget|vsce|ovsx|flit",
            "(?:-p|-k|-ApiKey|--pat)" + Gap,
            Value,
            Checks.NoWord,
            "twine",
            "poetry",
            "nuget",
            "vsce",
            "ovsx",
            "flit"
        ),
        Place(Kind, @"(?i:\bpoetry config http-basic\.\S{1,64}) \S{1,128} " + Value, Checks.Real, "http-basic"),
        Place(
            Kind,
            @"(?i:\b(?:cargo|wandb|vault|huggingface-cli|hf auth|kaggle|ngrok|netlify|flyctl|doctl|comet)"
                + @" (?:login|auth|authtoken|config add-authtoken))(?: --?[a-z\-]+)* "
                + Value,
            Checks.Random,
            "login",
            "auth"
        ),
        Option(
            "doctl|influx|nats|linode-cli|hcloud",
            "(?:-t|--access-token|--token)" + Gap,
            Value,
            Checks.Random,
            "doctl",
            "influx",
            "nats",
            "linode-cli",
            "hcloud"
        ),
        Option(
            "kubectl|kubeadm|oc|k3s|rke2|helm|nomad|consul|argo|argocd|gh|glab|vault",
            "-{1,2}token" + Gap,
            Value,
            Checks.NoWord,
            "kubectl",
            "kubeadm",
            "oc ",
            "k3s",
            "rke2",
            "helm",
            "nomad",
            "consul",
            "argo",
            "gh ",
            "glab",
            "vault"
        ),
        Place(Kind, """--from-literal[=\s]+["']?[^=\s"']{1,128}=(?<s>[^\s"']{1,256})""", Checks.Real, "--from-literal"),
        Place(
            Kind,
            @"(?i:\b(?:mc|mcli) (?:alias set|config host add) \S{1,64} \S{1,256}) (?<s>\S{3,128} \S{3,256})",
            Checks.Real,
            "alias set",
            "host add"
        ),
        // name value, where the setting's name tells: aws configure set, npm config set, gcloud config set.
        Place(
            Kind,
            """(?i:\b(?:config|configure|secrets?|env|variables?|settings?)[ :](?:set|add|put|create)"""
                + """(?: --?[a-z\-]+)* \S{0,128}(?:secret|passw|token|key|credential)[A-Za-z0-9_\-.]{0,40}["']?)"""
                + @"\s+"
                + Value,
            Checks.NoWord,
            "config",
            "secret",
            "env",
            "variable",
            "setting"
        ),
        // Directories, file shares, machines' own controllers.
        Option("ldap[a-z]{3,12}", "-w" + AnyGap, Value, Checks.Real, "ldap"),
        Place(
            Kind,
            """(?i:\b(?:smbclient|rpcclient|smbmap|winexe|net ads|wmic)\b[^\r\n]{0,300}?\s-U\s*["']?[^\s%"']{1,128})%"""
                + """(?<s>[^\s"']{1,256})""",
            Checks.Real,
            "smbclient",
            "rpcclient",
            "smbmap",
            "winexe",
            "net ads",
            "wmic"
        ),
        Option(
            "ipmitool|racadm|ilorest|redfishtool",
            "(?:-P|-p)" + Gap,
            Value,
            Checks.RealNoNumber,
            "ipmitool",
            "racadm",
            "ilorest",
            "redfishtool"
        ),
        Option("snmp[a-z]{3,8}", "(?:-A|-X|-c)" + Gap, Value, Checks.Real, "snmp"),
        Option("lftp|ncftp[a-z]*", "-u" + Gap, """["']?[^\s,"']{1,128},(?<s>[^\s"']{1,256})""", Checks.Real, "ftp"),
        Place(Kind, @"(?i:\bnet user) \S{1,64} (?<s>[^\s/*][^\s]{2,128})", Checks.NoWord, "net user"),
        Place(
            Kind,
            """(?i:\b(?:cmdkey|net use|schtasks|runas|psexec)\b[^\r\n]{0,300}?\s[/\-](?:pass|rp|p)[: ])"""
                + """(?<s>[^\s"']{1,256})""",
            Checks.Real,
            "cmdkey",
            "net use",
            "schtasks",
            "runas",
            "psexec"
        ),
        // Archives, keys and ciphers.
        Option(
            "openssl",
            "-(?:pass|passin|passout|passwd|password)" + Gap,
            """["']?pass:(?<s>[^\s"']{1,256})""",
            Checks.Real,
            "openssl"
        ),
        Option("openssl", "-(?:k|K|hmac|macopt)" + Gap, Value, Checks.NoWord, "openssl"),
        Option("zip|unzip", "-P" + Gap, Value, Checks.Real, "zip"),
        Option("7za?|7zr|rar|unrar", "-h?p", Value, Checks.Real, "7z", "rar "),
        Option(
            "keytool|jarsigner|apksigner",
            "-(?:storepass|keypass|ks-pass|key-pass|srcstorepass|deststorepass)" + Gap,
            "(?:[\"']?pass:)?" + Value,
            Checks.Real,
            "keytool",
            "jarsigner",
            "apksigner"
        ),
        Option(
            "htpasswd",
            "-[a-zA-Z]{0,6}b[a-zA-Z]{0,6}(?: -[a-zA-Z]+)*",
            """ (?:\S{1,256} )?\S{1,64} (?<s>[^\s"']{1,256})$""",
            Checks.Real,
            "htpasswd"
        ),
        Option("ssh-keygen", "(?:-N|-P)" + Gap, Value, Checks.Real, "ssh-keygen"),
        // Fed by a pipe or a here-string.
        Place(
            Kind,
            """(?i:\b(?:echo|printf)(?: -[neE]{1,3})?)\s+["']?(?:[^\s"':|]{1,64}:)?(?<s>[^\s"'|][^"'|]{2,255}?)"""
                + """(?:\\n)?["']?\s*\|[^\r\n]{0,80}?(?i:--password-stdin|--with-token|sudo -S|passwd|cryptsetup"""
                + "|secret put|token-stdin|--stdin|docker login|vault login)",
            Checks.Real,
            "echo",
            "printf"
        ),
        Place(
            Kind,
            """(?i:--password-stdin|--with-token|sudo -S|passwd|chpasswd|--stdin)[^\r\n|]{0,80}?<<<\s*["']?"""
                + """(?<s>[^\s"']{3,256})""",
            Checks.Real,
            "<<<"
        ),
        // PowerShell.
        Place(
            Kind,
            """(?i:ConvertTo-SecureString(?:\s+-(?:AsPlainText|Force))*(?:\s+-String)?)\s+["'](?<s>[^"']{3,256})["']""",
            Checks.Real,
            "ConvertTo-SecureString"
        ),
        Place(
            Kind,
            """(?i:NetworkCredential|PSCredential)\s*\(\s*["'][^"']{1,128}["']\s*,\s*["'](?<s>[^"']{3,256})["']""",
            Checks.Real,
            "Credential"
        ),
    ];

    private static SecretPattern Option(
        string programs,
        string option,
        string value,
        SecretCheck check,
        params string[] literals
    ) =>
        Place(Kind, $"""(?:^|[\s"',\[(])(?:{option}){value}""", check, literals) with
        {
            After = $"""(?:^|[^A-Za-z0-9_.\-])(?:{programs})(?:\.exe)?["']?(?:[\s,]|$)""",
        };
}
