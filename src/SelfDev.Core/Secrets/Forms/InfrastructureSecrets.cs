using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Keys of secret stores, networks and clusters, and the files in which programs keep passwords.</summary>
internal static class InfrastructureSecrets
{
    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // HashiCorp Vault (gitleaks vault-service-token, vault-batch-token): service, batch and recovery tokens, and
        // the older form; what an unseal prints.
        Token("vault-token", "hv[sbr]\\.[A-Za-z0-9_\\-]{20,}", "hvs.", "hvb.", "hvr."),
        Word("vault-token", "[sbr]\\.[A-Za-z0-9]{24}(?:\\.[A-Za-z0-9]{5})?", Checks.Random, "s.", "b.", "r."),
        Place(
            "vault-key",
            "(?i:unseal key|recovery key)(?: [0-9]{1,2})?:\\s*(?<s>[A-Za-z0-9+/]{40,88}={0,2})",
            null,
            "unseal key",
            "recovery key"
        ),
        // Terraform Cloud (gitleaks hashicorp-tf-api-token).
        Marked("terraform-token", "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_\\-=]{30,}", null, ".atlasv1."),
        // Consul, Nomad: a UUID behind the name.
        Near(
            "consul-token",
            "consul|nomad",
            "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            AclToken,
            "consul",
            "nomad"
        ),
        // Tailscale (trufflehog tailscale); WireGuard keys come as PrivateKey = ..., see AssignedSecrets.
        Token("tailscale-key", "tskey-[a-z]{2,12}-[A-Za-z0-9_\\-]{16,}", "tskey-"),
        // Kubernetes: bootstrap tokens ("Authenticating with Bootstrap Tokens"), OpenShift (gitleaks
        // openshift-user-token), Rancher.
        Place(
            "kubernetes-token",
            "(?i:--token|kubeadm|bootstrap)[^\\r\\n]{0,60}?[\\s=:\"'](?<s>[a-z0-9]{6}\\.[a-z0-9]{16})(?:$"
                + "|[^A-Za-z0-9.])",
            null,
            "--token",
            "kubeadm",
            "bootstrap"
        ),
        Token("openshift-token", "sha256~[A-Za-z0-9_\\-]{43}", "sha256~"),
        Word("rancher-token", "(?:token|kubeconfig)-[a-z0-9]{5,20}:[a-z0-9]{50,60}", null, "token-", "kubeconfig-"),
        // netrc: machine, login and account before, all on one line; over several lines see FollowingSecrets.
        Place(
            "netrc",
            "(?i:\\b(?:machine|login)\\s+\\S{1,200}\\s+(?:(?:login"
                + "|account)\\s+\\S{1,200}\\s+){0,2}password)\\s+(?<s>\\S{1,256})",
            Checks.Real,
            "machine",
            "login"
        ),
        // .pgpass (PostgreSQL, "The Password File"): host:port:database:user:password, nothing else on the line.
        Place(
            "pgpass",
            "^\\s*(?:localhost|\\*|[A-Za-z0-9\\-]{1,63}(?:\\.[A-Za-z0-9\\-]{1,63}){0,6}):(?:5432|5433|6432"
                + "|\\*):[^\\s:]{1,63}:[^\\s:]{1,63}:(?<s>[^\\s:]{4,256})\\s*$",
            Checks.NoWord,
            ":5432:",
            ":5433:",
            ":6432:",
            ":*:"
        ),
        // A key that was printed with its line breaks escaped; across real lines PrivateKeyBlocks follows the block.
        Place("private-key", "(?<s>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----\\S.*)", null, "PRIVATE KEY"),
        // The same in base64, as kubeconfig files and secrets of clusters have it: "-----BEGIN " encodes to
        // LS0tLS1CRUdJTi.
        Place(
            "private-key",
            "(?i:key[a-z\\-_]{0,20})[\"']?\\s*[:=]\\s*[\"']?(?<s>LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,})",
            null,
            "LS0tLS1CRUdJTi"
        ),
        // htpasswd and shadow files: a hash that can be tried offline (crypt(5)).
        Place(
            "password-hash",
            "(?:^|[^A-Za-z0-9])(?<s>\\$(?:2[abxy]|apr1|[156]|y|argon2(?:id?|d))\\$[A-Za-z0-9./$=,+]{20,})",
            null,
            "$2a$",
            "$2b$",
            "$2x$",
            "$2y$",
            "$apr1$",
            "$1$",
            "$5$",
            "$6$",
            "$y$",
            "$argon2"
        ),
    ];

    // Consul and Nomad log UUIDs of nodes, jobs and allocations all the time.
    private static bool AclToken(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        before[^Math.Min(40, before.Length)..].Contains("token", StringComparison.OrdinalIgnoreCase);
}
