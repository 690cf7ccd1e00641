using SelfDev.Core.Approvals;

namespace SelfDev.Web;

/// <summary>Who may use the HTTP surface, and how much they may send. Without keys and without trusted headers only
/// approval links work.</summary>
public sealed class WebOptions
{
    /// <summary>Characters of an API key at least: 128 bits in hex.</summary>
    public const int MinKeyChars = 32;

    /// <value>Callers by API key. Default: none.</value>
    public IReadOnlyList<ApiPrincipal> Principals { get; init; } = [];

    /// <value>
    /// Whether the headers of App Service authentication ("Easy Auth") name the caller. Set it only where that module
    /// is on, because it strips such headers from requests; anywhere else anybody could send them. Default false.
    /// </value>
    public bool TrustEasyAuthHeaders { get; init; }

    /// <value>
    /// Where people reach the host, if not at its own address: behind a proxy, or in Azure. Its host name is one of
    /// ours, and pages from its origin are. Null: the host's own address only.
    /// </value>
    public Uri? PublicUrl { get; init; }

    /// <value>
    /// Names and addresses, without port, under which the host answers beside loopback, the address that it listens on,
    /// and <see cref="PublicUrl"/>'s. Default: none.
    /// </value>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <value>Clock difference forgiven at a link's expiry. Default zero.</value>
    public TimeSpan LinkExpiryTolerance { get; init; } = TimeSpan.Zero;

    /// <value>Bytes of one dropped artifact at most. Default 4 GiB.</value>
    public long MaxIntakeBytes { get; init; } = 4L << 30;

    /// <summary>Reads <see cref="AllowedHosts"/> as the settings of the hosts have them: names between commas or
    /// blanks.</summary>
    public static IReadOnlyList<string> ParseHosts(string? list) =>
        (list ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <exception cref="ArgumentException">A key is too short, a name is no identity, or an allowed host is no
    /// host.</exception>
    public void Validate()
    {
        if (AllowedHosts.Select(HostNames.Problem).FirstOrDefault(problem => problem is not null) is { } wrong)
        {
            throw new ArgumentException(
                $"The allowed hosts (SELFDEV_ALLOWED_HOSTS; in Azure SelfDev__AllowedHosts) are wrong: {wrong}"
            );
        }

        foreach (var principal in Principals)
        {
            if (!Identity.IsWellFormed(principal.Name))
            {
                throw new ArgumentException(
                    $"The API principal '{principal.Name}' is no identity: use an e-mail address or name of ASCII "
                        + $"letters, digits and ._%+@-"
                );
            }

            if (principal.Key.Length < MinKeyChars)
            {
                throw new ArgumentException(
                    $"The API key of '{principal.Name}' has {principal.Key.Length} characters; it needs {MinKeyChars} "
                        + $"or more."
                );
            }
        }
    }
}

/// <param name="Name">Identity as the policy file names approvers.</param>
public sealed record ApiPrincipal(string Name, string Key)
{
    /// <summary>Keeps the key out of logs.</summary>
    public override string ToString() => Name;
}
